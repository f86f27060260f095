// The policy pack as others get it: the npm package, installed into an empty folder, in the real engine on a stack that
// has nothing of this project.

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectFolder } from "../../local/stack.ts";
import { packPolicy } from "../../policy/npm/package.ts";
import { runCommand } from "../../toolchain/command.ts";
import { runNpm } from "../../toolchain/run/npm.mjs";
import { filesIn, unpack } from "../policy/tarball.ts";
import { write } from "../toolchain/temporary-folder.ts";
import { openForeignStack, type ForeignVariant } from "./foreign-stack.ts";

const consumer = mkdtempSync(path.join(tmpdir(), "okmail-consumer-"));
const installed = path.join(consumer, "node_modules", "okmail-policy");
const sources = path.join(projectFolder, "policy");
let tarball: string;

beforeAll(async () => {
  tarball = await packPolicy(consumer);
  const args = ["install", tarball, "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  expect(await runNpm(args, { cwd: consumer })).toMatchObject({ code: 0 });
}, 600_000);
afterAll(() => {
  rmSync(consumer, { recursive: true, force: true });
});

/** What the preview of a stack says with a pack. */
async function preview(variant: ForeignVariant, pack: string) {
  const foreign = await openForeignStack(variant);
  try {
    const operation = await foreign.stack.preview({ arguments: ["--policy-pack", pack] });
    const { succeeded, errors, warnings, steps } = operation;
    return { verdict: { succeeded, errors, warnings }, steps };
  } finally {
    await foreign.close();
  }
}

const aliasAsPtr: ForeignVariant = { ptr: "alias.example.com" };

describe("the installed package", () => {
  it("refuses a stack that disagrees, in the words of the sources", async () => {
    const { verdict } = await preview(aliasAsPtr, installed);
    expect(verdict.succeeded).toBe(false);
    expect(verdict.errors).toContainEqual(
      expect.stringMatching(
        /^ptr-matches-helo: .*The PTR record of the address of Elastic IP out-address is alias\.example\.com, but /s,
      ),
    );
    expect(verdict).toEqual((await preview(aliasAsPtr, sources)).verdict);
  });

  it("lets a stack pass that agrees, having judged it", async () => {
    const { verdict, steps } = await preview({}, installed);
    expect(verdict).toMatchObject({ succeeded: true, errors: [] });
    expect(verdict.warnings.join("\n")).toMatch(/^remarks: .*host out \(out\.example\.com/ms);
    expect(steps).toContainEqual({ op: "create", type: "aws:ec2/instance:Instance", name: "out" });
  });

  it("judges alike when another pack imports it", async () => {
    const pack = path.join(consumer, "pack");
    write(path.join(pack, "PulumiPolicy.yaml"), "runtime: nodejs\nmain: index.js\n");
    const manifest = { name: "company-policy", version: "1.0.0", type: "module" };
    write(path.join(pack, "package.json"), JSON.stringify(manifest));
    write(path.join(pack, "index.js"), 'import "okmail-policy";\n');
    const { verdict } = await preview(aliasAsPtr, pack);
    expect(verdict).toEqual((await preview(aliasAsPtr, installed)).verdict);
  });

  // `pulumi policy publish` packs the folder that it is called in, by npm, and uploads that.
  it("packs from where it is installed as it was packed here", async () => {
    const again = path.join(consumer, "again");
    mkdirSync(again);
    const args = ["pack", "--pack-destination", again, "--loglevel=error"];
    expect(await runNpm(args, { cwd: installed, stdio: "ignore" })).toMatchObject({ code: 0 });
    const files = unpack(path.join(again, path.basename(tarball)), path.join(again, "package"));
    expect(files).toEqual(unpack(tarball, path.join(consumer, "unpacked")));
    expect(files).toEqual(filesIn(installed));
  });
});

describe("npm run pack:policy", () => {
  it("makes the package in a new folder, tells its path, and leaves nothing else behind", async () => {
    const temporary = path.join(consumer, "temporary");
    mkdirSync(temporary);
    const args = [path.join(sources, "npm", "pack.ts"), "packed"];
    const env = { ...process.env, TMPDIR: temporary, TEMP: temporary };
    const { code, stdout } = await runCommand(process.execPath, args, { cwd: consumer, env });
    expect(code).toBe(0);
    const packed = path.join(consumer, "packed");
    expect([stdout.trim()]).toEqual(filesIn(packed).map((file) => path.join(packed, file)));
    expect(readdirSync(temporary).filter((name) => name.startsWith("okmail-"))).toEqual([]);
  });
});
