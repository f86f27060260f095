import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import type { EngineEvent } from "../../toolchain/engine-event.ts";
import type { Engine } from "../../toolchain/engine.ts";
import { pulumi, pulumiEvents } from "../../toolchain/pulumi.ts";
import { temporaryFolder, writeCommand } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

/** An engine that is this script. */
function engine(script: string): Engine {
  const command = writeCommand(path.join(temporaryFolder(), "pulumi"), script);
  return {
    command,
    version: "3.259.0",
    source: "cached",
    languageHost: "own",
    env: (extra) => ({ PATH: process.env.PATH, ...extra }),
  };
}

/** Runs until it is told to stop, and then takes `obeying` to do so; it counts what it was told. */
const patient = (obeying: string) => `
  told=0
  trap 'told=$((told+1)); echo "told $told"; ${obeying}' INT
  echo ready
  while :; do sleep 0.05; done`;

test("runs the engine in the folder, without questions, and gives all that it says and its exit code", async () => {
  const cwd = temporaryFolder();
  const result = await pulumi(engine(`echo "$PWD $* $EXTRA"; cat; echo bad >&2; exit 255`), ["up", "--yes"], {
    cwd,
    env: { EXTRA: "more" },
    input: "from standard input\n",
  });
  expect(result).toEqual({
    code: 255,
    signal: null,
    stdout: `${cwd} --non-interactive up --yes more\nfrom standard input\n`,
    stderr: "bad\n",
  });
});

test("hands on each line as it comes", async () => {
  const seen: string[] = [];
  const onLine = (line: string, stream: string) => seen.push(`${stream}: ${line}`);
  await pulumi(engine("echo one; sleep 0.1; echo two >&2"), [], { cwd: ".", onLine });
  expect(seen).toEqual(["stdout: one", "stderr: two"]);
});

test("keeps the engine's word about the project's own language host to itself", async () => {
  const seen: string[] = [];
  const script = `echo 'warning: using pulumi-language-nodejs from $PATH at /x' >&2; echo "error: mine" >&2`;
  const { stderr } = await pulumi(engine(script), [], { cwd: ".", onLine: (line) => seen.push(line) });
  expect(stderr).toBe("error: mine\n");
  expect(seen).toEqual(["error: mine"]);
});

test("lets the engine finish when it is asked to stop", async () => {
  const stop = new AbortController();
  const script = patient("sleep 0.3; echo saved; exit 1");
  const onLine = (line: string) => {
    if (line === "ready") stop.abort();
  };
  const result = await pulumi(engine(script), [], { cwd: ".", signal: stop.signal, onLine });
  expect(result).toMatchObject({ code: 1, signal: null, stdout: "ready\ntold 1\nsaved\n" });
});

test("asks the engine a second time when it is to end at once", async () => {
  const stop = new AbortController();
  const kill = new AbortController();
  const script = patient('[ "$told" -lt 2 ] || exit 9');
  const onLine = (line: string) => {
    if (line === "ready") stop.abort();
    if (line === "told 1") kill.abort();
  };
  const result = await pulumi(engine(script), [], {
    cwd: ".",
    signal: stop.signal,
    kill: kill.signal,
    onLine,
  });
  expect(result).toMatchObject({ code: 9, stdout: "ready\ntold 1\ntold 2\n" });
});

test("ends an engine that does not obey, and what it has started", async () => {
  const kill = new AbortController();
  const folder = temporaryFolder();
  const script = `(trap '' INT; sleep 4; touch "${folder}/survivor") & ${patient(":")}`;
  const onLine = (line: string) => {
    if (line === "ready") kill.abort();
  };
  const result = await pulumi(engine(script), [], { cwd: ".", kill: kill.signal, onLine });
  expect(result.signal).toBe("SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(existsSync(path.join(folder, "survivor"))).toBe(false);
});

test("does not start the engine when it was stopped before", async () => {
  const stopped = AbortSignal.abort(new Error("enough"));
  await expect(pulumi(engine("true"), [], { cwd: ".", signal: stopped })).rejects.toThrow("enough");
});

test("an operation is run for its events", async () => {
  const events: EngineEvent[] = [];
  const script = `
    echo "$* $PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
    echo '{"sequence":1,"timestamp":1,"cancelEvent":{}}'
    echo '{"sequence":2,"timestamp":1,"diagnosticEvent":{"severity":"debug","message":"","color":"never"}}'
    echo '{"no":"event"}'
    echo '{"sequence":9,"timestamp":1,"cancelEvent":{}}' >&2
    exit 3`;
  const result = await pulumiEvents(engine(script), ["up"], {
    cwd: ".",
    onEvent: (event) => events.push(event),
  });
  expect(result).toMatchObject({
    code: 3,
    stdout: '--non-interactive up --json --color never true\n{"no":"event"}',
  });
  expect(events.map(({ sequence }) => sequence)).toEqual([1]);
});
