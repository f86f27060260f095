import { clipped } from "./clipped.ts";
import { normalizeName } from "./host-name.ts";
import { lookUp, remembering, type Resolver, type Unknown } from "./resolver.ts";
import { evaluateSpf, type SpfEvaluation, type SpfQuestion, type SpfResult } from "./spf-evaluation.ts";
import { strictReading, spfLimits } from "./spf-limits.ts";
import { decidingTerm, faultyTerm } from "./spf-term-search.ts";
import { spfView, type SpfView } from "./spf-view.ts";

export type { SpfResult } from "./spf-evaluation.ts";

/** What a receiver finds out about one address and one identity. */
export interface SpfCheck {
  readonly result: SpfResult;
  /** The domain whose record was asked for. */
  readonly domain: string;
  /** Its SPF record as published, undefined if there is none or several. */
  readonly record: string | undefined;
  /** The term of that record that decided (`ip4:192.0.2.10`, `-all`), undefined if none did. */
  readonly mechanism: string | undefined;
  /** Terms that asked the DNS. Receivers stop after 10. */
  readonly lookups: number;
  /** Look-ups that found nothing. Receivers stop at the third. */
  readonly voidLookups: number;
  /** Why there is no result, for none, permerror and temperror: a clause. */
  readonly problem: string | undefined;
  /** For temperror: whether it stands for a value not known yet rather than for a failing name server. */
  readonly undetermined: boolean;
  /** The owner's explanation of a fail (RFC 7208 6.2): text of a third party. */
  readonly explanation: string | undefined;
  /** The domains whose SPF records were read, in order: the domain itself, then includes and redirects. */
  readonly chain: readonly string[];
}

/** What a temperror leaves open. */
export function unknownIn({ domain, problem, undetermined }: SpfCheck): Unknown {
  return { why: problem ?? `the SPF evaluation of ${domain} failed`, undetermined };
}

export interface SpfCheckOptions {
  /** Limit of the whole evaluation in milliseconds; then it is a temperror. @default 20_000, as RFC 7208 4.6.4 advises */
  readonly timeLimit?: number;
}

/**
 * check_host() of RFC 7208 for a client's address, which may be a symbol. `mailFrom` is a mail address or a domain; ""
 * asks for the HELO identity, as a receiver does for bounces (2.4). Never rejects, whatever the records hold.
 *
 * As strict as the strictest receivers: a limit that pyspf or Mail::SPF enforces is a permerror here.
 */
export async function checkSpf(
  ip: string,
  mailFrom: string,
  helo: string,
  resolver: Resolver,
  options: SpfCheckOptions = {},
): Promise<SpfCheck> {
  const identity = mailFrom === "" ? helo : mailFrom;
  const sender = identity.includes("@") ? identity : `postmaster@${identity}`;
  const question: SpfQuestion = { ip, sender, helo, timeLimit: options.timeLimit ?? 20_000 };
  const domain = normalizeName(sender.slice(sender.lastIndexOf("@") + 1));
  const dns = remembering(resolver);

  const view = spfView(ip, dns);
  const evaluation = await evaluateSpf(question, view.resolve);
  const { voidLookups, excess } = await strictReading(evaluation, view, ip, dns);
  const unknown = decisiveUnknown(evaluation.result, view);
  const result = excess !== undefined ? "permerror" : unknown !== undefined ? "temperror" : evaluation.result;

  const published = view.records.get(domain) ?? [];
  const record = published.length === 1 ? published[0] : undefined;
  return {
    result,
    domain,
    record,
    mechanism: record === undefined ? undefined : await decidingTerm(record, result, question, dns),
    lookups: evaluation.lookups,
    voidLookups,
    problem: excess ?? unknown?.why ?? (await problemIn(evaluation, domain, view, question, dns)),
    undetermined: result === "temperror" && unknown?.undetermined === true,
    explanation: result === "fail" ? evaluation.explanation : undefined,
    chain: [...view.records.keys()],
  };
}

/**
 * The unknown that leaves no result. A look-up for "ptr" doesn't end an evaluation (RFC 7208 5.5), so what comes out is
 * a guess if the answer only isn't known yet. One for an explanation, a TXT, takes nothing away from a fail. And an
 * address that will come from the sender's own pool may be in a network that the record permits.
 */
function decisiveUnknown(result: SpfResult, { unknowns, possible }: SpfView): Unknown | undefined {
  if (result === "temperror") return unknowns.find(({ undetermined }) => undetermined) ?? unknowns[0];
  const unknown = unknowns.find(({ undetermined, type }) => undetermined && type !== "TXT");
  const [network] = possible;
  if (unknown !== undefined || network === undefined || !negative.has(result)) return unknown;
  return {
    why: `"${clipped(network)}" may permit the address, which comes from a pool of the account's own and is not allocated yet`,
    undetermined: true,
  };
}

/** What comes out when no mechanism has permitted the client. */
const negative: ReadonlySet<SpfResult> = new Set(["fail", "softfail", "neutral", "none"]);

async function problemIn(
  { result, fault }: SpfEvaluation,
  domain: string,
  view: SpfView,
  question: SpfQuestion,
  resolver: Resolver,
): Promise<string | undefined> {
  switch (result) {
    case "none": {
      if (view.asked.length === 0) return `"${domain}" is no domain`;
      const texts = await lookUp(resolver, domain, "TXT");
      return texts.kind === "absent" ? `${domain} ${texts.why}` : `${domain} has no SPF record`;
    }
    case "permerror":
      return fault === "Too many DNS requests"
        ? `the evaluation asks for more than ${spfLimits.lookups} DNS look-ups`
        : locatedFault(fault, view, question);
    case "temperror":
      return fault;
    default:
      return undefined;
  }
}

/** A fault in the syntax of a record comes up when the record is read, so it is in the last one read. */
async function locatedFault(fault: string, view: SpfView, question: SpfQuestion): Promise<string> {
  const [domain, records = []] = [...view.records].at(-1) ?? [];
  const [record] = records;
  if (domain === undefined || record === undefined || records.length > 1) return clipped(fault);
  const term = await faultyTerm(record, fault, question);
  return term === undefined ? clipped(fault) : `${clipped(fault)}: "${clipped(term)}" at ${domain}`;
}
