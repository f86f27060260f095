import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { withLock } from "../../toolchain/lock.mjs";
import { temporaryFolder, write } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

const options = { poll: 20 };

function lockFile(): string {
  return path.join(temporaryFolder(), "lock");
}

/** The number of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "exit");
  return child.pid ?? 0;
}

function holder(pids: number[], host = hostname()): string {
  return JSON.stringify({ nonce: "another", host, pids });
}

test("lets one at a time run, and each of them", async () => {
  const file = lockFile();
  let inside = 0;
  let most = 0;
  const body = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(15);
    inside -= 1;
    return "done";
  };
  const all = await Promise.all(Array.from({ length: 8 }, () => withLock(file, options, body)));
  expect(all).toEqual(Array(8).fill("done"));
  expect(most).toBe(1);
});

test("is free again after a failure, which it hands on", async () => {
  const file = lockFile();
  const failing = withLock(file, options, () => Promise.reject(new Error("mine")));
  await expect(failing).rejects.toThrow("mine");
  expect(existsSync(file)).toBe(false);
});

test("says once that it waits", async () => {
  const file = write(lockFile(), holder([process.pid]));
  const stop = AbortSignal.timeout(150);
  let waits = 0;
  const waiting = withLock(file, { ...options, signal: stop, onWait: () => (waits += 1) }, () =>
    Promise.resolve(),
  );
  await expect(waiting).rejects.toThrow();
  expect(waits).toBe(1);
  expect(existsSync(file)).toBe(true);
});

test("is taken over from a process that has died, by one of many", async () => {
  const file = write(lockFile(), holder([await deadProcess()]));
  let inside = 0;
  let most = 0;
  const body = async () => {
    most = Math.max(most, ++inside);
    await sleep(5);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 5 }, () => withLock(file, options, body)));
  expect(most).toBe(1);
  expect(existsSync(file)).toBe(false);
});

test("goes to the last of those that take it over in the same moment", async () => {
  const file = write(lockFile(), holder([await deadProcess()]));
  let entered = false;
  const attempt = withLock(file, { poll: 100 }, () => {
    entered = true;
    return Promise.resolve();
  });
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ pids: [process.pid] });
  write(file, holder([process.pid]));
  await sleep(300);
  expect(entered).toBe(false);
  rmSync(file);
  await attempt;
  expect(entered).toBe(true);
});

test.each<[string, (dead: number) => string, number, boolean]>([
  ["a living process", () => holder([process.pid]), 0, false],
  ["a process that left a living one behind", (dead) => holder([dead, process.pid]), 0, false],
  ["a process of another machine", (dead) => holder([dead], "elsewhere"), 0, false],
  ["a process that is just writing it", () => "", 0, false],
  ["a living process that showed no sign of life for long", () => holder([process.pid]), 3600, true],
  [
    "a process of another machine that showed no sign of life for long",
    (dead) => holder([dead], "elsewhere"),
    3600,
    true,
  ],
  ["a process that never finished writing it", () => '{"nonce', 60, true],
])("of %s, age in seconds and whether it is taken over: %s", async (_, content, age, taken) => {
  const file = write(lockFile(), content(await deadProcess()));
  const then = Date.now() / 1000 - age;
  utimesSync(file, then, then);
  const signal = AbortSignal.timeout(500);
  const attempt = withLock(file, { ...options, signal }, () => Promise.resolve("taken"));
  if (taken) await expect(attempt).resolves.toBe("taken");
  else await expect(attempt).rejects.toThrow("aborted");
});

test("lasts as long as a process that its holder includes", async () => {
  const file = lockFile();
  await withLock(file, options, (lock) => {
    lock.include(4711);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ pids: [process.pid, 4711] });
    return Promise.resolve();
  });
  expect(existsSync(file)).toBe(false);
});
