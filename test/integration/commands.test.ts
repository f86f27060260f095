import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectFolder } from "../../local/stack.ts";
import { removeFolder } from "./local-stack.ts";

// The commands as a person runs them, without a terminal: npm start, local:repair, local:destroy.

let folder: string;
let configFile: string;
beforeAll(() => {
  const parent = mkdtempSync(path.join(tmpdir(), "okmail-"));
  folder = path.join(parent, "local");
  configFile = path.join(parent, "Pulumi.local.yaml");
  copyFileSync(path.join(projectFolder, "Pulumi.local.yaml"), configFile);
});
afterAll(() => removeFolder(path.dirname(folder)));

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** Runs a command; `onText` sees all of its output so far and may signal it. */
function run(
  command: "start" | "repair" | "destroy",
  args: readonly string[] = [],
  onText: (text: string, signal: (name: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  const script = path.join(projectFolder, "local", `${command}.ts`);
  const all = [script, "--folder", folder, "--config-file", configFile, ...args];
  const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const add = (chunk: Buffer) => {
    text += chunk.toString();
    onText(text, (name) => child.kill(name));
  };
  child.stdout.on("data", add);
  child.stderr.on("data", add);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, text })));
}

test("Ctrl-C stops npm start in order, and the next one goes on from there", async () => {
  let signalled = false;
  const { code, text } = await run("start", [], (shown, signal) => {
    if (signalled || !shown.includes("pulumi: ")) return;
    signalled = true;
    signal("SIGINT");
  });
  expect(text).toContain("Stopped. `npm start` goes on from here.");
  expect(code).toBe(130);
});

test("npm start deploys, sends a message, and shows what the receiver saw", async () => {
  const { code, text } = await run("start");
  expect(text).toMatch(/✓ pulumi up: .*created/);
  for (const row of [
    /address +192\.0\.2\.\d+ +✓ on no blocklist/,
    /HELO +okmail\.example\.com +✓/,
    /A +okmail\.example\.com -> 192\.0\.2\.\d+ +✓/,
    /PTR +192\.0\.2\.\d+ -> okmail\.example\.com +✓ forward-confirmed/,
    /MX +.*okmail\.example\.com +✓/,
    /SPF +v=spf1 ip4:192\.0\.2\.\d+ -all +✓ pass/,
    /DKIM +okmail1\._domainkey\.example\.com.* +✓ pass/,
    /DMARC +p=reject +✓ pass/,
    /reply +250 2\.0\.0 .* +✓ accepted/,
    /What to do next/,
  ])
    expect(text).toMatch(row);
  expect(text).not.toContain("\u001b");
  expect(code).toBe(0);
});

test("npm start again says that nothing changed", async () => {
  const { code, text } = await run("start");
  expect(text).toMatch(/pulumi up: nothing changed, .*; the policy pack agrees/);
  expect(code).toBe(0);
});

test("two runs at a time are refused, and the second says who has the cloud", async () => {
  let second: Promise<Ended> | undefined;
  const first = await run("start", ["--keep"], (text, signal) => {
    if (!text.includes("Ctrl-C ends them")) return;
    second ??= run("start").finally(() => signal("SIGINT"));
  });
  expect(first.code).toBe(0);
  const { code, text } = (await second) ?? { code: 0, text: "" };
  expect(code).toBe(1);
  expect(text).toMatch(/process \d+|pid \d+/);
});

test("local:repair takes away the lock of an engine that is dead", async () => {
  const locks = path.join(folder, "state", ".pulumi", "locks", "organization", "okmail", "local");
  mkdirSync(locks, { recursive: true });
  const lock = {
    pid: 2 ** 22 + 1,
    username: "nobody",
    hostname: hostname(),
    timestamp: "2026-01-01T00:00:00Z",
  };
  writeFileSync(path.join(locks, "0a1b2c3d-0000-4000-8000-000000000000.json"), JSON.stringify(lock));
  const { code, text } = await run("repair");
  expect(text).toContain(`Removed the stack's lock: its holder, process ${lock.pid}, has ended`);
  expect(code).toBe(0);
  expect((await run("repair")).text).toContain("There was nothing to repair.");
});

test("a wrong setting is told before anything starts", async () => {
  const wrong = path.join(path.dirname(folder), "wrong.yaml");
  writeFileSync(wrong, "config:\n  aws:region: eu-central-1\n  okmail:domain: exa mple\n");
  const { code, text } = await run("start", ["--config-file", wrong]);
  expect(text).toMatch(/2 settings are wrong/);
  expect(text).toMatch(/okmail:domain = "exa mple"/);
  expect(code).toBe(1);
});

test("local:destroy leaves nothing behind", async () => {
  const { code, text } = await run("destroy");
  expect(text).toContain("Nothing of the local cloud is left.");
  expect(code).toBe(0);
  expect(existsSync(folder)).toBe(false);
});
