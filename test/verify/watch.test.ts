// --watch over real DNS that changes: it ends when all is well, or when the time is over.

import { afterEach, describe, expect, test } from "vitest";
import { watch } from "../../verify/watch.ts";
import { goodRecords, startDns, World, zonesOf, type Records } from "./world.ts";

const world = new World();
afterEach(() => world.close());

async function watching(
  worlds: readonly Records[],
  options: { signal?: AbortSignal; timeLimit?: number } = {},
) {
  let runs = 0;
  const dns = world.own(
    await startDns(() => zonesOf({ ...goodRecords, ...worlds[Math.min(runs, worlds.length) - 1] })),
  );
  const told: string[] = [];
  const report = await watch({
    run: () => {
      runs++;
      return world.verify({ authority: dns, options: { connect: false } });
    },
    report: (line) => told.push(line.replace(/^After .*? (?=all|something)/, "")),
    progress: () => undefined,
    interval: 1,
    timeLimit: 60_000,
    signal: new AbortController().signal,
    ...options,
  });
  return { report, told, runs: () => runs };
}

const noPtr = { "10.2.0.192.in-addr.arpa PTR": undefined };

describe("a watch", () => {
  test("ends once all that is mandatory agrees, and tells each change", async () => {
    const { report, told, runs } = await watching([
      noPtr,
      { ...noPtr, "example.com TXT": ["v=spf1 -all"] },
      {},
    ]);
    expect(report.verdict).toBe("good");
    expect(runs()).toBe(3);
    expect(told).toEqual([
      "something is wrong with okmail.example.com spf-permits-address.",
      "all is well with okmail.example.com ptr-matches-helo.",
      "all is well with okmail.example.com spf-permits-address.",
    ]);
  });

  test("ends at once where nothing is wrong", async () => {
    expect((await watching([{}])).runs()).toBe(1);
  });

  test("ends when its time is over, with the last report", async () => {
    const { report, runs } = await watching([noPtr], { timeLimit: 0 });
    expect([report.verdict, runs()]).toEqual(["refused", 1]);
  });

  test("ends with the reason of its signal", async () => {
    const reason = new Error("stopped");
    await expect(watching([noPtr], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
