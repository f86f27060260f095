import { spf, type DNSResolver } from "mailauth";
import type { Resolve } from "./lookup.ts";

/** Results of an SPF check (RFC 7208 section 2.6). */
export type SpfResult = "none" | "neutral" | "pass" | "fail" | "softfail" | "temperror" | "permerror";

/** What SPF says of one identity. */
export interface SpfCheck {
  /** The identity: a mailbox for MAIL FROM, a host name for HELO. */
  readonly identity: string;
  readonly domain: string;
  readonly result: SpfResult;
  /** The record that was found. */
  readonly record?: string;
  /** The term of the record that decided, `default` where none matched. */
  readonly term?: string;
  readonly comment?: string;
}

/** Who is asked about: the HELO identity where there is no sender (RFC 7208 section 2.4). */
export interface SpfQuestion {
  readonly address: string;
  readonly helo: string;
  readonly sender?: string;
}

/** The most empty answers, and hosts of one `mx`, that are put up with (RFC 7208 section 4.6.4). */
const MAX_VOID_LOOKUPS = 2;
const MAX_EXCHANGERS = 10;

/** Checks one identity, strictly by RFC 7208. */
export async function checkSpf(resolve: Resolve, question: SpfQuestion): Promise<SpfCheck> {
  const remembered = memoize(resolve);
  const outcome = await evaluate(remembered, question);
  const check: SpfCheck = { ...outcome, identity: question.sender ?? question.helo };
  if (outcome.record === undefined || outcome.result.endsWith("error")) return check;
  return { ...check, term: await decidingTerm(remembered, question, outcome.domain, outcome.record) };
}

async function evaluate(
  resolve: Resolve,
  { address, helo, sender }: SpfQuestion,
): Promise<Omit<SpfCheck, "identity">> {
  const counted = countAnswers(resolve);
  const { domain, status, rr } = await spf({
    ip: address,
    helo,
    ...(sender !== undefined && { sender }),
    mta: "receiver",
    resolver: counted.resolve as DNSResolver,
    strict: true,
    maxElapsedTime: 20_000,
  });
  const found = { domain, ...(rr !== undefined && { record: rr }) };
  if (counted.voids() > MAX_VOID_LOOKUPS)
    return { ...found, result: "permerror", comment: "more than two void lookups (RFC 7208 section 4.6.4)" };
  if (counted.exchangers() > MAX_EXCHANGERS)
    return {
      ...found,
      result: "permerror",
      comment: "more than ten hosts of an mx (RFC 7208 section 4.6.4)",
    };
  const comment = status.comment?.replace(/^receiver: /, "");
  return { ...found, result: status.result as SpfResult, ...(comment !== undefined && { comment }) };
}

/**
 * Counts empty answers as pyspf and Mail::SPF do, that is those about the hosts of an `mx` too; mailauth leaves these out.
 * A missing record of the domain itself, a TXT, is no void lookup: it has results of its own. The hosts of an `mx` are counted
 * before the first is asked for its address, as pyspf does it too; mailauth counts as it goes, and may meet the client on the way.
 */
function countAnswers(resolve: Resolve): { resolve: Resolve; voids: () => number; exchangers: () => number } {
  const empty = new Set<string>();
  let exchangers = 0;
  return {
    voids: () => empty.size,
    exchangers: () => exchangers,
    resolve: async (name, type) => {
      try {
        const answer = await resolve(name, type);
        if (type === "MX" && Array.isArray(answer)) exchangers = Math.max(exchangers, answer.length);
        return answer;
      } catch (error) {
        const { code } = error as { code?: string };
        if (type !== "TXT" && (code === "ENOTFOUND" || code === "ENODATA")) empty.add(`${type} ${name}`);
        throw error;
      }
    },
  };
}

/** Finds the first term that matches by trying each alone, in the place of the domain's record. */
async function decidingTerm(
  resolve: Resolve,
  question: SpfQuestion,
  domain: string,
  record: string,
): Promise<string> {
  const terms = record
    .split(/ +/)
    .slice(1)
    .filter((term) => term !== "");
  for (const term of terms) {
    if (/^[a-z][a-z0-9._-]*=/i.test(term)) continue;
    const only = `v=spf1 ${term.replace(/^[-+~?]/, "")}`;
    const { result } = await evaluate(standIn(resolve, domain, only), question);
    if (result === "pass") return term;
  }
  return terms.find((term) => /^redirect=/i.test(term)) ?? "default";
}

function standIn(resolve: Resolve, domain: string, record: string): Resolve {
  return (name, type) =>
    type === "TXT" && name.toLowerCase() === domain ? Promise.resolve([[record]]) : resolve(name, type);
}

/** Asks each question once. */
function memoize(resolve: Resolve): Resolve {
  const answers = new Map<string, Promise<unknown>>();
  return (name, type) => {
    const key = `${type} ${name}`;
    const answer = answers.get(key) ?? resolve(name, type);
    answers.set(key, answer);
    return answer;
  };
}
