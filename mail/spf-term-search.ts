import ipaddr from "ipaddr.js";
import { normalizeName } from "./host-name.ts";
import type { Answers, RecordType, Resolver } from "./resolver.ts";
import { evaluateSpf, type SpfQuestion, type SpfResult } from "./spf-evaluation.ts";
import { spfTerms, type SpfQualifier, type SpfTerm } from "./spf-terms.ts";
import { spfView } from "./spf-view.ts";
import { isSymbol } from "./symbol.ts";

/** How many terms of a faulty record are tried in search of the fault. */
const termsTried = 100;

const qualifiers: Partial<Record<SpfResult, SpfQualifier>> = {
  pass: "+",
  fail: "-",
  softfail: "~",
  neutral: "?",
};

/**
 * The term of `record` that gave `result`: the first that matches among those with its qualifier. Undefined for an
 * error, and for the neutral of a record without "all" that nothing matched.
 */
export async function decidingTerm(
  record: string,
  result: SpfResult,
  question: SpfQuestion,
  resolver: Resolver,
): Promise<string | undefined> {
  const qualifier = qualifiers[result];
  if (qualifier === undefined) return undefined;
  const candidates = spfTerms(record).filter(
    (term) => term.kind === "redirect" || term.qualifier === qualifier,
  );
  for (const [index, term] of candidates.entries()) {
    // A neutral can come from no term at all, any other result comes from one.
    const onlyOneLeft = index === candidates.length - 1 && result !== "neutral";
    if (onlyOneLeft || (await matches(term, question, resolver))) return term.text;
  }
  return undefined;
}

/** The term of `record` whose syntax mailauth finds faulty in just these words, undefined if no single one is. */
export async function faultyTerm(
  record: string,
  fault: string,
  question: SpfQuestion,
): Promise<string | undefined> {
  for (const term of record.split(" ").slice(1, 1 + termsTried)) {
    const evaluation = await evaluateSpf(question, (_, type) =>
      Promise.resolve(type === "TXT" ? [[`v=spf1 ${term}`]] : ["0.0.0.0"]),
    );
    if (evaluation.result === "permerror" && evaluation.fault === fault) return term;
  }
  return undefined;
}

/** Whether `term` matches, found out by evaluating it as the only term of a record at the same domain. */
async function matches(term: SpfTerm, question: SpfQuestion, resolver: Resolver): Promise<boolean> {
  if (term.kind === "all" || term.kind === "redirect") return true;
  if (term.kind === "ip4" || term.kind === "ip6") return inNetwork(question.ip, term);
  const domain = normalizeName(question.sender.slice(question.sender.lastIndexOf("@") + 1));
  const record = `v=spf1 ${term.text.replace(/^[-~?]/, "")} -all`;
  const alone = async <T extends RecordType>(name: string, type: T): Promise<Answers[T]> =>
    type === "TXT" && normalizeName(name) === domain
      ? ([[record]] as readonly (readonly string[])[] as Answers[T])
      : resolver.resolve(name, type);
  const { result } = await evaluateSpf(question, spfView(question.ip, { resolve: alone }).resolve);
  return result === "pass";
}

/** For networks of a valid record. As in `spfView`, a symbol is in no network but its own and everybody's. */
function inNetwork(ip: string, { value, prefix }: SpfTerm): boolean {
  if (value === ip || prefix === 0) return true;
  if (isSymbol(ip) || isSymbol(value)) return false;
  const address = ipaddr.process(ip);
  const network = ipaddr.parse(value);
  if (address.kind() !== network.kind()) return false;
  return address.match(network, prefix ?? (network.kind() === "ipv4" ? 32 : 128));
}
