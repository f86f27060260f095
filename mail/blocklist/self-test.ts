import { isIP } from "node:net";
import { reverseName } from "../host-name.ts";
import { readAnswer } from "./answer.ts";
import type { Answered } from "./query.ts";
import type { Blocklist } from "./schema.ts";
import type { Subject } from "./subject.ts";

/** What a list must list, and what it must not, as the labels before its zone. */
export interface TestEntries {
  readonly listed: readonly TestEntry[];
  readonly notListed: readonly TestEntry[];
}

export interface TestEntry {
  /** For people: 127.0.0.2. */
  readonly text: string;
  readonly labels: string;
}

/** The test entries of RFC 5782 5, or the list's own where it has others. */
export function testEntries({ lists, selfTest }: Blocklist, kind: Subject["kind"]): TestEntries {
  const [listed, notListed] =
    kind === "ipv6" && selfTest?.ipv6 !== false
      ? [["::ffff:7f00:2"], ["::ffff:7f00:1"]]
      : lists === "domains"
        ? [selfTest?.listed ?? ["test"], selfTest?.notListed ?? ["invalid"]]
        : [selfTest?.listed ?? ["127.0.0.2"], selfTest?.notListed ?? ["127.0.0.1"]];
  return { listed: listed.map(entry), notListed: notListed.map(entry) };
}

function entry(text: string): TestEntry {
  const labels = isIP(text) === 0 ? text : reverseName(text).replace(/\.(in-addr|ip6)\.arpa$/, "");
  return { text, labels };
}

/**
 * Why a list can't be believed, a clause that doesn't name the zone; undefined if it can: it lists its test entries and
 * doesn't list what no list may. A list that fails is dead, parked, or asked by way of a resolver that makes answers up.
 */
export function selfTestFault(
  list: Blocklist,
  entries: TestEntries,
  answerTo: (entry: TestEntry) => Answered,
): string | undefined {
  for (const test of entries.listed) {
    const fault = missingFault(list, test, answerTo(test));
    if (fault !== undefined) return fault;
  }
  for (const test of entries.notListed) {
    const fault = presentFault(list, test, answerTo(test));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function missingFault(list: Blocklist, { text }: TestEntry, answer: Answered): string | undefined {
  if (answer.kind === "failed") return answer.why;
  // A test entry has to be there; its code may be one that the list has for nothing else.
  const reading = readAnswer({ ...list, codes: [] }, answer.answers);
  switch (reading.outcome) {
    case "listed":
      return undefined;
    case "unknown":
      return reading.why;
    case "clear":
      return `it does not list ${text}, as every list must to show that it works (RFC 5782 5)`;
  }
}

function presentFault(list: Blocklist, { text }: TestEntry, answer: Answered): string | undefined {
  if (answer.kind === "failed") return answer.why;
  const reading = readAnswer(list, answer.answers);
  switch (reading.outcome) {
    case "clear":
      return undefined;
    case "listed":
      return `it lists ${text}, as no list may (RFC 5782 5): it, or the resolver, answers for every name`;
    case "unknown":
      return reading.why;
  }
}
