import { setTimeout as wait } from "node:timers/promises";
import { durationText } from "./delist-text.ts";
import { findingsIn, type Report } from "./report.ts";
import { standingOf } from "./report/words.ts";

export interface WatchOptions {
  /** Verifies anew. */
  readonly run: () => Promise<Report>;
  /** Told of changes, a line each. */
  readonly report: (line: string) => void;
  /** Told what is waited for. */
  readonly progress: (line: string) => void;
  /** Between two runs, in milliseconds. */
  readonly interval: number;
  /** How long to watch, in milliseconds. */
  readonly timeLimit: number;
  readonly signal: AbortSignal;
}

/**
 * Verifies until all that is mandatory agrees, or the time is over, and gives the last report. Changes are told as they come.
 * @throws the signal's reason if it is interrupted
 */
export async function watch(options: WatchOptions): Promise<Report> {
  const { run, report, progress, interval, timeLimit, signal } = options;
  const began = performance.now();
  let latest = await run();
  let open = openRules(latest);
  signal.throwIfAborted();
  while (latest.verdict !== "good" && performance.now() - began + interval <= timeLimit) {
    progress(`Waiting for ${[...open].join(", ")}; verified again in ${durationText(interval)}`);
    try {
      await wait(interval, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted(); // With its own reason, not that of the timer.
      throw error;
    }
    latest = await run();
    signal.throwIfAborted();
    const now = openRules(latest);
    const after = durationText(performance.now() - began);
    for (const rule of open) if (!now.has(rule)) report(`After ${after} all is well with ${rule}.`);
    for (const rule of now) if (!open.has(rule)) report(`After ${after} something is wrong with ${rule}.`);
    open = now;
  }
  return latest;
}

/** `okmail.example.com ptr-matches-helo`: what is not yet as a strict receiver wants it. */
function openRules(report: Report): Set<string> {
  return new Set(
    findingsIn(report)
      .filter((finding) => finding.severity === "mandatory" && standingOf(finding) !== "good")
      .map(({ rule, subject: { domain = "", helo = domain } }) => `${helo} ${rule}`),
  );
}
