import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { CloudStore, StoreLockedError } from "../../local/store.ts";
import { temporaryFolder } from "./store-folder.ts";

const WRITER = fileURLToPath(new URL("store-writer.ts", import.meta.url));

type Writer = ChildProcessByStdio<null, Readable, null>;

/** Starts a process that writes to the store, and waits until it has made `count` changes. */
async function startWriter(folder: string, count: number): Promise<{ writer: Writer; said: () => number }> {
  const writer = spawn(process.execPath, [WRITER, folder], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  writer.stdout.on("data", (data: Buffer) => (text += data.toString()));
  const lines = (): string[] => text.split("\n").slice(0, -1);
  while (lines().length < count) await once(writer.stdout, "data");
  return { writer, said: () => Number(lines().at(-1)) };
}

async function kill(writer: Writer): Promise<void> {
  writer.kill("SIGKILL");
  await once(writer, "close");
}

test("kill -9 at any moment loses nothing that was confirmed, and leaves no half of a change", async () => {
  const folder = temporaryFolder();
  // The delays spread the kills over writing, flushing and renaming.
  for (const delay of [0, 1, 2, 3, 5, 8]) {
    const { writer, said } = await startWriter(folder, 5);
    await new Promise((resolve) => setTimeout(resolve, delay));
    await kill(writer);
    const store = CloudStore.open(folder);
    const number = Number(store.fact("number"));
    // The last change may have been made and not said.
    expect(number - said()).toBeGreaterThanOrEqual(0);
    expect(number - said()).toBeLessThanOrEqual(1);
    const halves = store.list("test:index:Half").map(({ id, inputs }) => [id, inputs.number, inputs.secret]);
    const expected = Array.from({ length: number }, (_, index) => index + 1).flatMap((each) => [
      [`left-${each}`, each, "x".repeat(200)],
      [`right-${each}`, each, "x".repeat(200)],
    ]);
    expect(halves).toEqual(expected);
    expect(store.serial).toBe(number);
    store.close();
  }
}, 30_000);

test("only one process writes at a time, and a dead one's lock is taken over", async () => {
  const folder = temporaryFolder();
  const { writer } = await startWriter(folder, 1);
  expect(() => CloudStore.open(folder)).toThrow(StoreLockedError);
  expect(() => CloudStore.open(folder)).toThrow(`process ${writer.pid}`);
  await kill(writer);
  CloudStore.open(folder).close();
}, 30_000);
