import { readAnswer, type ListedCode, type Reading } from "./blocklist/answer.ts";
import { standardLists, type Keys } from "./blocklist/choose.ts";
import { deadlineAfter } from "./blocklist/limits.ts";
import { Queries, type Answered } from "./blocklist/query.ts";
import { QueryZone } from "./blocklist/query-zone.ts";
import type { Blocklist } from "./blocklist/schema.ts";
import { selfTestFault, testEntries } from "./blocklist/self-test.ts";
import { concerns, labelsOf, readSubject, type Subject } from "./blocklist/subject.ts";
import type { Resolver } from "./resolver.ts";

export { chooseLists, standardLists, type Keys } from "./blocklist/choose.ts";
export { keysFromEnvironment } from "./blocklist/keys.ts";
export { listingOf, removalsOf } from "./blocklist/listing.ts";
export type { Blocklist, BlocklistTable, Removal } from "./blocklist/schema.ts";
export { readTable, standardTable } from "./blocklist/table.ts";

export interface BlocklistOptions {
  /** The lists to ask. @default the standard ones of addresses and of domains */
  readonly lists?: readonly Blocklist[] | undefined;
  /** Keys by the name that the table calls them by. They show nowhere but in the names of queries. */
  readonly keys?: Keys | undefined;
  /** Limit of one look-up in milliseconds. @default 5_000 */
  readonly timeLimit?: number | undefined;
  /** Limit of all look-ups about one subject in milliseconds. @default 30_000 */
  readonly totalTimeLimit?: number | undefined;
  /** How many look-ups are under way at the same time. @default 128 */
  readonly atOnce?: number | undefined;
}

/** What one list says about an address or a domain. */
export interface BlocklistAnswer {
  readonly list: Blocklist;
  /** Where it was asked, without any key. */
  readonly zone: string;
  readonly subject: string;
  /** "unknown": it refused, failed, or can't be believed. */
  readonly outcome: "clear" | "listed" | "unknown";
  /** The codes of a listing, ascending. */
  readonly codes: readonly ListedCode[];
  /** What the list says about a listing. */
  readonly texts: readonly string[];
  /** Whether the listing is about somebody on Spamhaus' Register Of Known Spam Operations: the text of SBL says so. */
  readonly rokso: boolean;
  /** Why nobody can say, a clause that doesn't name the zone: `the look-up timed out`. */
  readonly why: string | undefined;
  /** Whether it would answer somebody else: who has a key, or asks less, or by another resolver. */
  readonly refused: boolean;
}

/**
 * A client of DNS blocklists for one run: nothing is looked up twice. Before a list's word counts it has to pass the test
 * of RFC 5782 section 5 through the same resolver.
 */
export class Blocklists {
  readonly #lists: readonly { readonly list: Blocklist; readonly zone: QueryZone }[];
  readonly #queries: Queries;
  /** What is wrong with lists, by kind of subject and zone. */
  readonly #faults = new Map<string, Promise<string | undefined>>();
  readonly #totalTimeLimit: number;

  /** @throws RangeError if a key is no key */
  constructor(resolver: Resolver, options: BlocklistOptions = {}) {
    const { keys = {}, timeLimit = 5_000, totalTimeLimit = 30_000, atOnce = 128 } = options;
    const lists = options.lists ?? [...standardLists("addresses", keys), ...standardLists("domains", keys)];
    this.#lists = lists.map((list) => ({ list, zone: new QueryZone(list, keys) }));
    this.#queries = new Queries(resolver, { timeLimit, atOnce });
    this.#totalTimeLimit = totalTimeLimit;
  }

  /**
   * What the lists say about an address, or about a domain, in the order of the lists. Lists of the other kind are not
   * asked, nor lists that know no IPv6 about an IPv6 address.
   *
   * @throws RangeError if `subject` is neither
   */
  async ask(subject: string): Promise<readonly BlocklistAnswer[]> {
    const read = readSubject(subject);
    const asked = this.#lists.filter(({ list }) => concerns(list, read));
    const { signal, release } = deadlineAfter(this.#totalTimeLimit);
    const known = new Map<QueryZone, BlocklistAnswer>();
    const all = Promise.all(
      asked.map(async ({ list, zone }) => known.set(zone, await this.#askOne(list, zone, read, signal))),
    );
    const late = new Promise((resolve) => signal.addEventListener("abort", resolve));
    try {
      await Promise.race([all, late]);
    } finally {
      release();
    }
    const unknown = { outcome: "unknown", why: "it was not done within the time limit" } as const;
    return asked.map(({ list, zone }) => known.get(zone) ?? answerOf(list, zone, read, unknown));
  }

  async #askOne(
    list: Blocklist,
    zone: QueryZone,
    subject: Subject,
    deadline: AbortSignal,
  ): Promise<BlocklistAnswer> {
    if (list.access?.required === true && !zone.keyed) {
      const variable = list.access.variable ?? "its variable";
      const why = `it answers only with a key, and the environment variable ${variable} is not set`;
      return answerOf(list, zone, subject, { outcome: "unknown", why, refused: true });
    }
    const labels = labelsOf(subject, list);
    // At once, for what the test says is needed whatever the answer.
    const [answer, fault] = await Promise.all([
      this.#queries.ask(zone, labels, "A", deadline),
      this.#selfTestFault(list, zone, subject, deadline),
    ]);
    const reading = believed(list, answer, fault);
    if (reading.outcome !== "listed") return answerOf(list, zone, subject, reading);
    const texts = await this.#queries.ask(zone, labels, "TXT", deadline);
    return answerOf(list, zone, subject, reading, texts.kind === "answers" ? texts.answers : []);
  }

  /** One test of a list is enough for all subjects of a kind. */
  #selfTestFault(
    list: Blocklist,
    zone: QueryZone,
    { kind }: Subject,
    deadline: AbortSignal,
  ): Promise<string | undefined> {
    const key = `${kind} ${zone.name}`;
    const known = this.#faults.get(key);
    if (known !== undefined) return known;
    const fault = this.#selfTest(list, zone, kind, deadline).finally(() => {
      // One that never had its turn may have it another time.
      if (deadline.aborted) this.#faults.delete(key);
    });
    this.#faults.set(key, fault);
    return fault;
  }

  async #selfTest(
    list: Blocklist,
    zone: QueryZone,
    kind: Subject["kind"],
    deadline: AbortSignal,
  ): Promise<string | undefined> {
    const entries = testEntries(list, kind);
    const answers = new Map<string, Answered>();
    await Promise.all(
      [...entries.listed, ...entries.notListed].map(async ({ labels }) =>
        answers.set(labels, await this.#queries.ask(zone, labels, "A", deadline)),
      ),
    );
    return selfTestFault(list, entries, ({ labels }) => answers.get(labels) ?? unanswered);
  }
}

const unanswered: Answered = { kind: "failed", why: "the look-up failed" };

/** A refusal says more than the failed test that it leads to. */
function believed(list: Blocklist, answer: Answered, fault: string | undefined): Reading {
  if (answer.kind === "failed") return { outcome: "unknown", why: answer.why };
  const reading = readAnswer(list, answer.answers);
  return reading.outcome === "unknown" || fault === undefined ? reading : { outcome: "unknown", why: fault };
}

function answerOf(
  list: Blocklist,
  zone: QueryZone,
  subject: Subject,
  reading: Reading,
  texts: readonly string[] = [],
): BlocklistAnswer {
  return {
    list,
    zone: zone.name,
    subject: subject.text,
    outcome: reading.outcome,
    codes: reading.outcome === "listed" ? reading.codes : [],
    texts: texts.toSorted(),
    rokso: texts.some((text) => /\brokso\b/i.test(text)),
    why: reading.outcome === "unknown" ? reading.why : undefined,
    refused: reading.outcome === "unknown" && reading.refused === true,
  };
}
