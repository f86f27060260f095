import { expect, test, vi } from "vitest";
import { describeStep, reportLines, type EngineStep } from "../../toolchain/engine-step.ts";

const reason = "the official download: no internet";
const building = `Building the Pulumi engine from Go modules, about 4 minutes, once (${reason})`;

test.each<[EngineStep, string]>([
  [{ kind: "waiting" }, "Waiting for another run, which is getting the Pulumi engine"],
  [{ kind: "downloading", bytes: 12_345_678 }, "Downloading the Pulumi engine: 12 MB"],
  [{ kind: "fetching-modules", reason, done: 3 }, `${building}: 3 modules fetched`],
  [{ kind: "compiling", reason, done: 3, total: 1686 }, `${building}: 3 of 1686 packages compiled`],
  [{ kind: "linking", reason }, `${building}: linking`],
])("%j reads: %s", (step, line) => {
  expect(describeStep(step)).toBe(line);
});

test("a log has a line of each kind of step, and then one in ten seconds", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const lines: string[] = [];
  const report = reportLines((line) => lines.push(line));
  for (let done = 0; done < 60; done += 1) {
    report({ kind: "compiling", reason, done, total: 60 });
    vi.advanceTimersByTime(400);
  }
  report({ kind: "linking", reason });
  vi.useRealTimers();
  expect(lines).toEqual([
    `${building}: 0 of 60 packages compiled`,
    `${building}: 25 of 60 packages compiled`,
    `${building}: 50 of 60 packages compiled`,
    `${building}: linking`,
  ]);
});
