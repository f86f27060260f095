// The policy pack in the real engine, on a local cloud: what it refuses, and what then is in the DNS and what isn't.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Operation } from "../../local/operation.ts";
import { projectFolder } from "../../local/stack.ts";
import { pulumi } from "../../toolchain/pulumi.ts";
import { ensureEngine } from "../../toolchain/engine.ts";
import { openForeignStack, type ForeignStack, type ForeignVariant } from "./foreign-stack.ts";
import { openTestStack, removeFolder } from "./local-stack.ts";

const withPack = ["--policy-pack", path.join(projectFolder, "policy")];
const atOnce = [...withPack, "--skip-preview"];
let foreign: ForeignStack | undefined;

afterEach(async () => {
  await foreign?.close();
  foreign = undefined;
});

async function open(variant: ForeignVariant): Promise<ForeignStack> {
  foreign = await openForeignStack(variant);
  return foreign;
}

/** The policies that refused, in their order. */
function refusedBy({ errors }: Operation): string[] {
  const names = errors.map((error) => /^([a-z-]+): Requires that /.exec(error)?.[1]);
  return names.filter((name) => name !== undefined);
}

/** The records of the stack's names in the local DNS; of a name or type without any, nothing. */
async function published({ cloud }: ForeignStack) {
  const { resolver } = cloud.plane;
  const or = async <T>(answer: Promise<T[]>): Promise<T[]> => answer.catch(() => []);
  return {
    a: await or(resolver.resolve4("out.example.com")),
    txt: (await or(resolver.resolveTxt("example.com"))).map((strings) => strings.join("")),
    mx: (await or(resolver.resolveMx("example.com"))).map(({ exchange }) => exchange),
  };
}

describe("the project's own stack", () => {
  it("passes preview and up without a violation, of any level once its values are known", async () => {
    const stack = await openTestStack();
    try {
      stack.set("okmail:keepAddresses", "true");
      const table = path.join(stack.folder, "table.md");
      process.env.OKMAIL_AGREEMENT_TABLE = table;
      const preview = await stack.session.stack.preview({ arguments: withPack });
      expect(preview.errors).toEqual([]);
      // The preview can't know the DKIM key yet, and says so.
      expect(preview.warnings.map((warning) => warning.split(":")[0])).toEqual(["judged-completely"]);
      const up = await stack.session.stack.up({ arguments: withPack });
      expect([up.errors, up.warnings]).toEqual([[], []]);
      expect(up.succeeded).toBe(true);
      expect(readFileSync(table, "utf8")).toMatch(
        /^\| `mail-okmail-host` \| `192\.0\.2\.\d+` \| `okmail\.example\.com` \| agrees \| agrees \| agrees \| agrees \| passes \|$/m,
      );
    } finally {
      delete process.env.OKMAIL_AGREEMENT_TABLE;
      await stack.close();
      removeFolder(stack.folder);
    }
  });
});

describe("a stack of raw resources", () => {
  it("whose HELO name is not the PTR is refused in the preview, and nothing is created", async () => {
    const { stack, cloud } = await open({ ptr: "alias.example.com" });
    const serial = cloud.store.serial;
    const up = await stack.up({ arguments: withPack });
    expect(refusedBy(up)).toEqual(["ptr-matches-helo"]);
    expect(up.errors.join()).toContain("the address of Elastic IP out-address");
    expect(cloud.store.serial).toBe(serial);
    expect((await stack.export()).deployment.resources ?? []).toEqual([]);
  });

  const address = /^192\.0\.2\.\d+$/;
  const spf = /^v=spf1 ip4:192\.0\.2\.\d+ -all$/;
  it.each([
    [
      "SPF record for another address",
      { spf: '"v=spf1 ip4:198.51.100.7 -all"' },
      "spf-permits-address",
      { a: [expect.stringMatching(address)], txt: [], mx: [] },
    ],
    [
      "A record with another address",
      { a: "198.51.100.9", aLast: true },
      "spf-permits-address",
      { a: [], txt: [expect.stringMatching(spf)], mx: [] },
    ],
    [
      "MX record that names an alias",
      { mx: "alias.example.com" },
      "mx-resolves",
      { a: [expect.stringMatching(address)], txt: [expect.stringMatching(spf)], mx: [] },
    ],
  ])("never gets its %s into the DNS, even without a preview", async (_, variant, policy, expected) => {
    const opened = await open(variant);
    const up = await opened.stack.up({ arguments: atOnce });
    expect(up.succeeded).toBe(false);
    expect(refusedBy(up)).toEqual([policy]);
    expect(await published(opened)).toEqual(expected);
  });

  it("gets the same verdict from its exported state, and other levels where the user sets them", async () => {
    const { stack, folder } = await open({ ptr: "alias.example.com" });
    const up = await stack.up({ arguments: ["--skip-preview"] });
    expect(up.errors).toEqual([]);
    const state = path.join(folder, "state.json");
    writeFileSync(state, JSON.stringify(await stack.export()));

    const analyze = async (levels?: object) => {
      const config = path.join(folder, "levels.json");
      writeFileSync(config, JSON.stringify(levels ?? {}));
      const args = [
        "policy",
        "analyze",
        "--file",
        state,
        ...withPack,
        "--policy-pack-config",
        config,
        "--json",
      ];
      const engine = await ensureEngine({ report: () => undefined });
      const { code, stdout } = await pulumi(engine, args, { cwd: folder, env: stack.environment() });
      return {
        code,
        found: [...stdout.matchAll(/"policyName":"([a-z-]+)".*?"enforcementLevel":"(\w+)"/g)].map(
          (m) => `${m[1]} ${m[2]}`,
        ),
      };
    };
    const verdict = await analyze();
    expect(verdict.code).not.toBe(0);
    expect(verdict.found).toContain("ptr-matches-helo mandatory");
    const lenient = await analyze({ "ptr-matches-helo": "advisory", "dkim-key-published": "disabled" });
    expect(lenient.code).toBe(0);
    expect(lenient.found.join()).toContain("ptr-matches-helo");
    expect(lenient.found.join()).not.toContain("dkim-key-published");
    const strict = await analyze({ "ptr-matches-helo": "disabled", "dkim-key-published": "mandatory" });
    expect(strict.code).not.toBe(0);
    expect(strict.found).toContain("dkim-key-published mandatory");
    expect(strict.found.join()).not.toContain("ptr-matches-helo");
  });

  it("has its proxied mail name turned to DNS only, where the user asks for it", async () => {
    const { stack, folder } = await open({ proxied: true });
    const refused = await stack.preview({ arguments: withPack });
    expect(refusedBy(refused)).toContain("mail-name-not-proxied");
    const config = path.join(folder, "levels.json");
    const settings = { enforcementLevel: "remediate", mailNames: ["out.example.com"] };
    writeFileSync(config, JSON.stringify({ "mail-name-not-proxied": settings }));
    const up = await stack.up({ arguments: [...withPack, "--policy-pack-config", config] });
    expect(up.errors).toEqual([]);
    const { deployment } = await stack.export();
    const record = deployment.resources?.find(({ urn }) => urn.endsWith("::out-a"));
    expect(record?.outputs?.proxied).toBe(false);
  });
});
