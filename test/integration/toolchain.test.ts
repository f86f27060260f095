// The toolchain with the real engine: a small project of its own, which needs no provider.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { CommandResult } from "../../toolchain/command.ts";
import type { EngineEvent } from "../../toolchain/engine-event.ts";
import { reportLines } from "../../toolchain/engine-step.ts";
import { ensureEngine, type Engine } from "../../toolchain/engine.ts";
import { pulumi, pulumiEvents } from "../../toolchain/pulumi.ts";
import { write } from "../toolchain/temporary-folder.ts";

const nodeModules = fileURLToPath(new URL("../../node_modules", import.meta.url));
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "okmail-engine-")));
const pidFile = path.join(folder, "pid");
let engine: Engine;

const project = {
  "Pulumi.yaml": `
name: toolchain-test
runtime: { name: nodejs, options: { typescript: false } }
main: index.ts
`,
  "package.json": JSON.stringify({ name: "toolchain-test", version: "1.0.0", type: "module" }),
  "index.ts": `
import { writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";

class Thing extends pulumi.ComponentResource {
  constructor(name: string, args: { readonly colour: string }) {
    super("test:index:Thing", name, args);
    this.registerOutputs(args);
  }
}

const config = new pulumi.Config();
const mode = process.env["MODE"];
writeFileSync(process.env["PID_FILE"] as string, String(process.pid));
if (mode === "throw") throw new Error("the program fails on purpose");
if (mode === "exit") process.exit(7);
if (mode === "hang") await new Promise((resolve) => setTimeout(resolve, 60_000));

console.log("hello from the program");
export const colour = config.get("colour") ?? "green";
new Thing("thing", { colour });
export const password = config.requireSecret("password");
export const node = process.version;
`,
  "policy/PulumiPolicy.yaml": `
description: A policy pack for this test.
runtime: nodejs
main: index.js
`,
  "policy/package.json": JSON.stringify({ name: "test-policy", version: "1.0.0", type: "module" }),
  "policy/index.js": `import "./pack.ts";`,
  "policy/pack.ts": `
import * as pulumi from "@pulumi/pulumi";
import { PolicyPack } from "@pulumi/policy";

const colour = new pulumi.Config("toolchain-test").get("colour");
const operation = pulumi.runtime.isDryRun() ? "a preview" : "an update";
console.error("the pack sees", pulumi.getStack(), colour, "in", operation);

new PolicyPack("test-policy", {
  policies: [
    {
      name: "not-red",
      description: "Nothing is red.",
      enforcementLevel: "mandatory",
      validateStack: ({ resources }, report) => {
        for (const { type, props, urn } of resources) {
          if (type === "test:index:Thing" && props.colour === "red") report("red is forbidden", urn);
        }
      },
    },
  ],
});
`,
} as const;

beforeAll(async () => {
  engine = await ensureEngine({ report: reportLines((line) => console.log(line)) });
  for (const [name, text] of Object.entries(project)) write(path.join(folder, name), text);
  symlinkSync(nodeModules, path.join(folder, "node_modules"), "junction");
  mkdirSync(path.join(folder, "state"));
  await succeed("stack", "init", "local");
  await succeed("config", "set", "--secret", "password", "hidden");
}, 900_000); // The engine may have to be built first.

beforeEach(() => {
  rmSync(pidFile, { force: true });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What the engine is told besides: nothing of it leaves the project's folder. */
const env = {
  PULUMI_HOME: path.join(folder, "home"),
  PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
  PULUMI_CONFIG_PASSPHRASE: "test",
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  PULUMI_STACK: "local",
  PID_FILE: pidFile,
};

interface Outcome extends CommandResult {
  readonly events: readonly EngineEvent[];
  /** The diagnostics, which the engine's display would show the user. */
  readonly messages: string;
  /** How many resources were created, left as they were, and so on, at the end. */
  readonly changes: Readonly<Record<string, number>> | undefined;
}

/** Runs an operation. With a `mode`, the program does something special in it. */
async function operate(
  args: readonly string[],
  { mode, ...options }: { mode?: "throw" | "exit" | "hang"; signal?: AbortSignal } = {},
): Promise<Outcome> {
  const events: EngineEvent[] = [];
  const onEvent = (event: EngineEvent) => events.push(event);
  const result = await pulumiEvents(engine, args, {
    cwd: folder,
    env: { ...env, MODE: mode },
    onEvent,
    ...options,
  });
  const messages = events.map(({ diagnosticEvent }) => diagnosticEvent?.message ?? "").join("");
  const changes = events.findLast(({ summaryEvent }) => summaryEvent)?.summaryEvent?.resourceChanges;
  return { ...result, events, messages, changes };
}

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await pulumi(engine, args, { cwd: folder, env });
  expect(code, stderr).toBe(0);
  return stdout;
}

async function outputs(): Promise<unknown> {
  return JSON.parse(await succeed("stack", "output", "--json"));
}

async function programPid(): Promise<number> {
  return vi.waitFor(() => Number(readFileSync(pidFile, "utf8")), { timeout: 30_000, interval: 50 });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function parentOf(pid: number): number {
  return Number(execFileSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" }));
}

test("a first up creates what the program declares", async () => {
  const { code, changes, messages } = await operate(["up", "--yes"]);
  expect(code).toBe(0);
  expect(changes).toEqual({ create: 2 });
  expect(messages).toContain("hello from the program");
  expect(await outputs()).toEqual({ colour: "green", node: process.version, password: "[secret]" });
});

test("a second up leaves everything as it is", async () => {
  const { code, changes } = await operate(["up", "--yes", "--skip-preview"]);
  expect(code).toBe(0);
  expect(changes).toEqual({ same: 2 });
});

test("the configuration reaches the program, its secrets as secrets", async () => {
  await succeed("config", "set", "colour", "blue");
  expect((await operate(["up", "--yes", "--skip-preview"])).changes).toEqual({ same: 1, update: 1 });
  const shown = await succeed("stack", "output", "--json", "--show-secrets");
  expect(JSON.parse(shown)).toEqual({ colour: "blue", node: process.version, password: "hidden" });
});

test("a program that throws ends up with its message, once, and changes nothing", async () => {
  const { code, messages, changes } = await operate(["up", "--yes"], { mode: "throw" });
  expect(code).not.toBe(0);
  expect(messages.match(/the program fails on purpose/g)).toHaveLength(1);
  expect(messages).toContain(path.join(folder, "index.ts"));
  expect(changes).not.toHaveProperty("update");
});

test("a program that exits by itself ends up with its exit code", async () => {
  const { code, messages } = await operate(["up", "--yes"], { mode: "exit" });
  expect(code).not.toBe(0);
  expect(messages).toMatch(/exit code:? 7/);
});

test("a program with a syntax error ends up with the place of the error", async () => {
  const index = path.join(folder, "index.ts");
  write(index, "export const = 1;\n");
  const { code, messages } = await operate(["up", "--yes"]);
  write(index, project["index.ts"]);
  expect(code).not.toBe(0);
  expect(messages).toContain("index.ts");
});

test("a policy pack knows the stack, its configuration, and whether it is a preview", async () => {
  const { code, messages } = await operate(["up", "--yes", "--policy-pack", "policy"]);
  expect(code).toBe(0);
  expect(messages.match(/the pack sees .*/g)).toEqual([
    "the pack sees local blue in a preview",
    "the pack sees local blue in an update",
  ]);
});

test("a mandatory violation blocks up before anything is changed", async () => {
  await succeed("config", "set", "colour", "red");
  const { code, events } = await operate(["up", "--yes", "--policy-pack", "policy"]);
  await succeed("config", "set", "colour", "blue");
  expect(code).not.toBe(0);
  const violations = events.flatMap(({ policyEvent }) => policyEvent ?? []);
  expect(violations).toMatchObject([
    {
      policyName: "not-red",
      enforcementLevel: "mandatory",
      message: expect.stringContaining("red is forbidden") as string,
    },
  ]);
  expect(events.some(({ summaryEvent }) => summaryEvent?.isPreview === false)).toBe(false);
  expect(await outputs()).toMatchObject({ colour: "blue" });
});

test("a policy pack that does not start ends up with the reason", async () => {
  const pack = path.join(folder, "policy/pack.ts");
  write(pack, "throw new Error('the pack fails on purpose');\n");
  const { code, messages, stderr } = await operate(["up", "--yes", "--policy-pack", "policy"]);
  write(pack, project["policy/pack.ts"]);
  expect(code).not.toBe(0);
  expect(messages + stderr).toContain("the pack fails on purpose");
});

test("a policy pack judges an exported state", async () => {
  await succeed("stack", "export", "--file", "state.json");
  const state = readFileSync(path.join(folder, "state.json"), "utf8");
  write(path.join(folder, "red.json"), state.replaceAll('"blue"', '"red"'));
  const analyze = async (file: string) =>
    pulumi(engine, ["policy", "analyze", "--file", file, "--policy-pack", "policy"], { cwd: folder, env });
  expect((await analyze("state.json")).code).toBe(0);
  const red = await analyze("red.json");
  expect(red.code).not.toBe(0);
  expect(red.stdout).toContain("red is forbidden");
});

test("up stops when it is asked to, and ends the program", async () => {
  const stop = new AbortController();
  const stopped = operate(["up", "--yes", "--skip-preview"], { mode: "hang", signal: stop.signal });
  const program = await programPid();
  stop.abort();
  const { code, signal } = await stopped;
  expect(signal).toBeNull();
  expect(code).not.toBe(0);
  expect(isAlive(program)).toBe(false);
});

test("nothing outlives an engine that is killed", async ({ skip }) => {
  if (engine.languageHost === "official")
    skip("the official host looks for its engine every five minutes only");
  const killed = operate(["up", "--yes", "--skip-preview"], { mode: "hang" });
  const program = await programPid();
  const host = parentOf(program);
  process.kill(parentOf(host), "SIGKILL");
  expect((await killed).signal).toBe("SIGKILL");
  await vi.waitFor(() => {
    expect([host, program].filter(isAlive)).toEqual([]);
  }, 5_000);
  await succeed("cancel", "--yes"); // It has left the lock of its stack behind.
});

test("destroy leaves nothing", async () => {
  const { code, changes } = await operate(["destroy", "--yes", "--skip-preview"]);
  expect(code).toBe(0);
  expect(changes).toEqual({ delete: 2 });
  expect(JSON.parse(await succeed("stack", "export"))).not.toHaveProperty("deployment.resources");
});
