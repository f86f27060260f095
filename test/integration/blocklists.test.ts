// Blocklists in the deploy, by the policy pack in the real engine on a local cloud: a listed address is never published.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { DataPlane } from "../../local/data-plane.ts";
import type { Operation } from "../../local/operation.ts";
import { projectFolder } from "../../local/stack.ts";
import { ensureEngine } from "../../toolchain/engine.ts";
import { pulumi } from "../../toolchain/pulumi.ts";
import { openForeignStack, type ForeignVariant } from "./foreign-stack.ts";
import { openTestStack, removeFolder } from "./local-stack.ts";

/** The first address that the local cloud gives. */
const address = "192.0.2.10";
const blocklist = "dnsbl.okmail.internal";
const reason = "Its last owner sent what nobody asked for";

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Arguments for the pack with settings of address-not-listed, which asks the local cloud's DNS. */
function asking(folder: string, { dns }: DataPlane, settings: object = {}): string[] {
  const file = path.join(folder, "policies.json");
  const nameServers = [`${dns.address}:${dns.port}`];
  const policies = {
    "address-not-listed": {
      enforcementLevel: "mandatory",
      blocklists: [blocklist],
      nameServers,
      ...settings,
    },
    "address-protected": "disabled",
  };
  writeFileSync(file, JSON.stringify(policies));
  return ["--policy-pack", path.join(projectFolder, "policy"), "--policy-pack-config", file];
}

function published({ resolver }: DataPlane, name: string): Promise<readonly string[]> {
  return resolver.resolve4(name).catch(() => []);
}

function refusals({ errors }: Operation): string[] {
  return errors.filter((error) => error.startsWith("address-not-listed: "));
}

/** All files of the stack, its state and the engine's logs among them. */
function readFiles(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map(({ parentPath, name }) => ({ name, text: readFileSync(path.join(parentPath, name), "latin1") }));
}

async function openForeign(variant: ForeignVariant) {
  const foreign = await openForeignStack(variant);
  cleanUps.push(() => foreign.close());
  return foreign;
}

describe("a stack of raw resources", () => {
  it.each<[string, ForeignVariant, object]>([
    ["after its host", { aLast: true }, {}],
    ["before its host, by a name in the settings", {}, { mailNames: ["out.example.com"] }],
  ])("never gets a listed address into the DNS: %s", async (_, variant, settings) => {
    const { stack, cloud, folder } = await openForeign(variant);
    cloud.plane.list(address, reason);
    const up = await stack.up({ arguments: asking(folder, cloud.plane, settings) });
    expect(up.succeeded).toBe(false);
    expect(refusals(up)).toHaveLength(1);
    expect(refusals(up).join()).toContain(
      `${address} is listed at ${blocklist} (127.0.0.2; it says "${reason}")`,
    );
    expect(refusals(up).join()).toContain(`Ask the operators of ${blocklist} to remove ${address}.`);
    expect(up.steps.some(({ op, name }) => op === "create" && name === "out-address")).toBe(true);
    expect(await published(cloud.plane, "out.example.com")).toEqual([]);
  });

  it("is deployed where the list says nothing, with a word about it, and a key for a list stays a secret", async () => {
    const key = "abcdefghij0123456789klmnop";
    process.env.OKMAIL_SPAMHAUS_DQS_KEY = key;
    cleanUps.push(() => {
      delete process.env.OKMAIL_SPAMHAUS_DQS_KEY;
    });
    const { stack, cloud, folder } = await openForeign({});
    const lists = ["gone.okmail.internal", "zen.spamhaus.org"];
    const up = await stack.up({ arguments: asking(folder, cloud.plane, { blocklists: lists }) });
    expect([up.errors, up.succeeded]).toEqual([[], true]);
    expect(up.warnings.filter((warning) => warning.includes("did not say whether"))).toEqual([
      expect.stringMatching(
        /^judged-completely: .*gone\.okmail\.internal and zen\.dq\.spamhaus\.net did not say .* it does not list 127\.0\.0\.2/s,
      ),
    ]);
    expect(JSON.stringify([up, await stack.export()])).not.toContain(key);
    expect(readFiles(folder).filter(({ text }) => text.includes(key))).toEqual([]);
    expect(await published(cloud.plane, "out.example.com")).toEqual([address]);
  });

  it("that is deployed and gets listed is refused by its state, and by the preview of the next update", async () => {
    const { stack, cloud, folder } = await openForeign({});
    const args = asking(folder, cloud.plane);
    expect((await stack.up({ arguments: args })).errors).toEqual([]);
    cloud.plane.list(address, reason);
    const state = path.join(folder, "state.json");
    writeFileSync(state, JSON.stringify(await stack.export()));
    const engine = await ensureEngine({ report: () => undefined });
    const analysis = ["policy", "analyze", "--file", state, ...args, "--json"];
    const { code, stdout } = await pulumi(engine, analysis, { cwd: folder, env: stack.environment() });
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/"policyName":"address-not-listed".*?"enforcementLevel":"mandatory"/);
    expect(refusals(await stack.preview({ arguments: args }))).toHaveLength(1);
  });

  it("is not touched where a list of the settings is dead", async () => {
    const { stack, cloud, folder } = await openForeign({});
    const { serial } = cloud.store;
    const up = await stack.up({
      arguments: asking(folder, cloud.plane, { blocklists: ["dnsbl.sorbs.net"] }),
    });
    expect(up.succeeded).toBe(false);
    expect(up.errors.join()).toContain('"dnsbl.sorbs.net" (SORBS) is not asked: it closed on 2024-06-05');
    expect(cloud.store.serial).toBe(serial);
  });
});

describe("the project's own stack", () => {
  it("never gets a listed address into the DNS, and is deployed once it is off the list", async () => {
    const opened = await openTestStack();
    cleanUps.push(async () => {
      await opened.close();
      removeFolder(opened.folder);
    });
    const { stack, cloud } = opened.session;
    cloud.plane.list(address, reason);
    const args = asking(opened.folder, cloud.plane);
    const refused = await stack.up({ arguments: args });
    expect(refused.succeeded).toBe(false);
    expect(refusals(refused)).toHaveLength(1);
    expect(refusals(refused).join()).toContain(`${address} is listed at ${blocklist}`);
    expect(await published(cloud.plane, "okmail.example.com")).toEqual([]);
    cloud.plane.unlist(address);
    const up = await stack.up({ arguments: args });
    expect([up.errors, up.succeeded]).toEqual([[], true]);
    expect(up.warnings.join()).not.toContain(blocklist);
    expect(await published(cloud.plane, "okmail.example.com")).toEqual([address]);
  });
});
