import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CloudStore, STORE_FILES, StoreLockedError } from "../../local/store.ts";
import { temporaryFolder } from "./store-folder.ts";

/** Writes a lock as a process of this description would have left it. */
function leaveLock(folder: string, holder: unknown): string {
  const path = join(folder, STORE_FILES.lock);
  writeFileSync(path, typeof holder === "string" ? holder : JSON.stringify(holder));
  return path;
}

describe("the lock", () => {
  test("keeps a second opening out until the first is closed", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    expect(() => CloudStore.open(folder)).toThrow(StoreLockedError);
    expect(() => CloudStore.open(folder)).toThrow("this very process");
    store.close();
    CloudStore.open(folder).close();
  });

  test("is gone after closing, together with everything that was made for it", () => {
    const folder = temporaryFolder();
    CloudStore.open(folder).close();
    expect(readdirSync(folder)).toEqual([STORE_FILES.key]);
  });

  test.runIf(process.platform === "linux")(
    "of a process whose id is used by another now is taken over",
    () => {
      const folder = temporaryFolder();
      leaveLock(folder, { pid: process.pid, born: "another-boot 12345", nonce: "x" });
      CloudStore.open(folder).close();
    },
  );

  test.each([
    ["of a process that is gone", { pid: 2 ** 22 + 1, nonce: "x" }],
    ["that a power cut has emptied", ""],
    ["that holds noise", "\0\0"],
    ["without a process id", { nonce: "x" }],
  ])("%s is taken over", (_, holder) => {
    const folder = temporaryFolder();
    leaveLock(folder, holder);
    const store = CloudStore.open(folder);
    expect(JSON.parse(readFileSync(join(folder, STORE_FILES.lock), "utf8"))).toMatchObject({
      pid: process.pid,
    });
    store.close();
  });

  test("that another process has taken stops the writing, and is left alone", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    const path = leaveLock(folder, { pid: 1, nonce: "somebody else" });
    expect(() => store.transact((cloud) => cloud.setFact("key", 1))).toThrow(StoreLockedError);
    expect(store.fact("key")).toBeUndefined();
    store.close();
    expect(readFileSync(path, "utf8")).toContain("somebody else");
  });

  test("whose folder was deleted stops the writing", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    rmSync(folder, { recursive: true });
    expect(() => store.transact((cloud) => cloud.setFact("key", 1))).toThrow(StoreLockedError);
    store.close();
  });
});

test("a closed store refuses changes", () => {
  const store = CloudStore.open(temporaryFolder());
  store.close();
  expect(() => store.transact((cloud) => cloud.setFact("key", 1))).toThrow("closed");
});
