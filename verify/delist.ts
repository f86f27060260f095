import { setTimeout as wait } from "node:timers/promises";
import type { BlocklistAnswer } from "../mail/blocklists.ts";
import { ListingWatch, type ListingChange } from "../mail/blocklist/watch.ts";
import { durationText, standingText } from "./delist-text.ts";

export interface DelistOptions {
  /** The address or domain, for messages. */
  readonly subject: string;
  /** Asks all lists anew. */
  readonly ask: () => Promise<readonly BlocklistAnswer[]>;
  /** Told what is found, a text at a time. */
  readonly report: (text: string) => void;
  /** Told what is waited for. */
  readonly progress: (line: string) => void;
  /** Whether to stay until the listings are gone. */
  readonly watch: boolean;
  /** Between two askings, in milliseconds. */
  readonly interval: number;
  /** How long to stay, in milliseconds. */
  readonly timeLimit: number;
  /** Ends the watch at once. */
  readonly signal: AbortSignal;
}

/** How it ended: on no list, still on one, or a list for which receivers refuse mail did not say. */
export type DelistResult = "clear" | "listed" | "unknown";

/**
 * Says on which blocklists a subject is and how to get off each, and watches until all say that it is gone. After that
 * only changes are told.
 *
 * @throws the signal's reason if it is interrupted
 */
export async function delist(options: DelistOptions): Promise<DelistResult> {
  const { subject, ask, report, progress, watch, interval, timeLimit, signal } = options;
  const began = performance.now();
  const listings = new ListingWatch();
  progress(`Asking the blocklists about ${subject}`);
  let answers = await ask();
  signal.throwIfAborted();
  listings.take(answers);
  report(standingText(subject, answers));
  while (watch && listings.open.length > 0) {
    const passed = performance.now() - began;
    if (passed + interval > timeLimit) {
      report(`After ${durationText(passed)} ${subject} is still on ${listings.open.join(", ")}.`);
      break;
    }
    progress(`Still on ${listings.open.join(", ")}; asked again in ${durationText(interval)}`);
    await pause(interval, signal);
    answers = await ask();
    signal.throwIfAborted();
    const after = durationText(performance.now() - began);
    for (const change of listings.take(answers)) report(changeText(subject, change, after));
  }
  return resultOf(listings, answers);
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(milliseconds, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted(); // With its own reason, not that of the timer.
    throw error;
  }
}

function changeText(subject: string, { kind, answer }: ListingChange, after: string): string {
  switch (kind) {
    case "gone":
      return `${subject} is off ${answer.zone}, after ${after}.`;
    case "silent":
      return `${answer.zone} did not say this time whether ${subject} is listed: ${answer.why ?? "no answer"}.`;
    case "listed":
      return `After ${after} there is a new listing.\n\n${standingText(subject, [answer])}`;
  }
}

function resultOf(listings: ListingWatch, answers: readonly BlocklistAnswer[]): DelistResult {
  if (listings.open.length > 0) return "listed";
  const matters = answers.some(({ outcome, list }) => outcome === "unknown" && list.weight === "blocking");
  return matters || answers.every(({ outcome }) => outcome === "unknown") ? "unknown" : "clear";
}
