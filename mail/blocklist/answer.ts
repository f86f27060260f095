import { isIPv4 } from "node:net";
import type { Blocklist, ListingCode } from "./schema.ts";

/** One code of a listing and what it means. */
export interface ListedCode {
  /** The answer, such as 127.0.0.2. */
  readonly code: string;
  readonly meaning: ListingCode | undefined;
}

/** What a list's answer to one question says. */
export type Reading =
  | { readonly outcome: "clear" }
  | { readonly outcome: "listed"; readonly codes: readonly ListedCode[] }
  /**
   * `why` is a clause that doesn't name the zone: `it refused the query (127.255.255.254: …)`. `refused`: whether it
   * answers others.
   */
  | { readonly outcome: "unknown"; readonly why: string; readonly refused?: true };

/** Spamhaus's and others' codes for a query that isn't answered; never a listing (https://www.spamhaus.org/news/article/788/). */
const REFUSALS = "127.255.255.";

/** What no list answers for a listing: some answer it to whom they refuse, and some resolvers in place of NXDOMAIN. */
const NO_LISTING = "127.0.0.1";

/**
 * Reads the A records that a list answers with (RFC 5782 2.1, 2.3). One that is outside 127/8 is no list's answer: the
 * zone is parked or the resolver makes answers up. One that the list doesn't document is no listing either.
 *
 * @param answers none where there is no such name
 */
export function readAnswer(list: Blocklist, answers: readonly string[]): Reading {
  const codes = answers.toSorted(byNumber);
  const foreign = codes.find((code) => !isIPv4(code) || !code.startsWith("127."));
  if (foreign !== undefined)
    return {
      outcome: "unknown",
      why: `it answered ${foreign}, which is no answer of a blocklist: the zone is parked, or the resolver makes answers up`,
    };
  const refusal = codes.find(
    (code) => code.startsWith(REFUSALS) || list.refusals.some((known) => known.code === code),
  );
  if (refusal !== undefined) return { outcome: "unknown", why: refusalText(list, refusal), refused: true };
  const meant = codes.flatMap((code) => meaningsOf(list, code));
  const listed = meant.filter(({ meaning }) => meaning?.weight !== "none");
  const documented = listed.filter(({ code, meaning }) =>
    list.codes.length > 0 ? meaning !== undefined : code !== NO_LISTING,
  );
  if (documented.length > 0) return { outcome: "listed", codes: documented };
  const [strange] = listed;
  if (strange !== undefined)
    return { outcome: "unknown", why: `it answered ${strange.code}, which is none of its codes` };
  return { outcome: "clear" };
}

function refusalText({ refusals: known }: Blocklist, code: string): string {
  const meaning = known.find((refusal) => refusal.code === code)?.meaning;
  return `it refused the query (${code}${meaning === undefined ? "" : `: ${meaning}`})`;
}

function meaningsOf(list: Blocklist, code: string): ListedCode[] {
  const meanings = list.codes.filter(({ codes }) =>
    codes.some((known) => (list.bitmask ? hasBit(code, known) : known === code)),
  );
  return meanings.length === 0
    ? [{ code, meaning: undefined }]
    : meanings.map((meaning) => ({ code, meaning }));
}

/** Whether the last octet of `code` contains that of `bit`: 127.0.0.80 has 127.0.0.16 and 127.0.0.64. */
function hasBit(code: string, bit: string): boolean {
  return (octets(code)[3] & octets(bit)[3]) !== 0 && code.startsWith("127.0.0.");
}

function byNumber(one: string, other: string): number {
  const [a, b] = [octets(one), octets(other)];
  const index = a.findIndex((octet, place) => octet !== b[place]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}

function octets(address: string): [number, number, number, number] {
  return address.split(".").map(Number) as [number, number, number, number];
}
