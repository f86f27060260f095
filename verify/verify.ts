import type { Blocklists } from "../mail/blocklists.ts";
import { ruleIds } from "../mail/finding.ts";
import type { Sender } from "../mail/judge.ts";
import { inquiry } from "../mail/judge/inquiry.ts";
import type { Resolver } from "../mail/resolver.ts";
import { checkIds, type Check, type CheckId, type ReportFinding, type ReportRuleId } from "./check.ts";
import { checks, connectingChecks } from "./checks.ts";
import { exchange, type Exchange } from "./dns/exchange.ts";
import { oneResolver } from "./dns/one-resolver.ts";
import { Panel, type NamedEndpoint } from "./dns/panel.ts";
import { directly, type Reach } from "./endpoint.ts";
import { factsOf, type Facts, type Scope } from "./facts.ts";
import { findingsOf, reported } from "./findings.ts";
import { asOneSender, judgeDomain, judgeSender, lookupTimeLimit } from "./judgement.ts";
import { ownNamesOf } from "./own-names.ts";
import { fetchByName } from "./policy-fetch.ts";
import type { SentHelo } from "./probe.ts";
import { findingsIn, verdictOf, type Report } from "./report.ts";
import { mailExchangersOf, namesOf } from "./sender-names.ts";
import type { SmtpLimits } from "./smtp/connection.ts";
import type { Visit } from "./smtp/visit.ts";
import type { Subject } from "./subject.ts";

export interface VerifyOptions {
  /** Resolvers to ask, at least one. */
  readonly resolvers: readonly NamedEndpoint[];
  /**
   * Makes a client of blocklists, a new one for each run. Given is the first resolver, most often this machine's own: lists
   * refuse most public ones. @default no blocklist is asked
   */
  readonly blocklists?: ((resolver: Resolver) => Blocklists) | undefined;
  /** Where servers are reached. @default directly */
  readonly reach?: Reach | undefined;
  /** Whether mail and web servers are connected to. @default true */
  readonly connect?: boolean | undefined;
  /** The checks to make beyond the judge's rules. @default all */
  readonly only?: readonly CheckId[] | undefined;
  /** What the probe hears. @default nothing is probed */
  readonly sent?: Promise<readonly SentHelo[]> | undefined;
  /** Our own name in EHLO. @default our address literal */
  readonly ownName?: string | undefined;
  /** Certification authorities to trust, in PEM. @default those that Node trusts */
  readonly authorities?: readonly string[] | undefined;
  /** Milliseconds for a DNS server's answer, and for each step with other servers. */
  readonly dnsTimeout?: number | undefined;
  readonly smtpLimits?: SmtpLimits | undefined;
  readonly httpsTimeout?: number | undefined;
  /** Told what is being looked at, and how many of how many checks are done. */
  readonly progress?: ((done: number, all: number, what: string) => void) | undefined;
  /** @default over the network */
  readonly exchange?: Exchange | undefined;
}

/** How many look-ups of blocklists may be under way: they leave room for the others at the same resolver. */
export const listsAtOnce = 208;

/**
 * Verifies live senders from outside: the judge over the live DNS, and what shows only on real connections. Everything is
 * asked at once, and nothing twice. Always ends in time: what can't be found out is undetermined.
 * @throws RangeError if a key of a blocklist is no key
 */
export async function verify(subject: Subject, options: VerifyOptions): Promise<Report> {
  const { resolvers, connect = true, only, progress } = options;
  const chosen = checks.filter(
    ({ id }) => (only?.includes(id) ?? true) && (connect || !connectingChecks.has(id)),
  );
  const { domain, hosts } = partiesTo(subject, options);
  const parties = [domain, ...hosts];
  const all = parties.length * (chosen.length + 1);
  let done = 0;
  const tell = (what: string) => progress?.(++done, all, what);
  const isLast = ({ id }: Check) => id === "dns-is-consistent";
  const early = chosen.filter((check) => !isLast(check));
  const [first, mx, names] = await Promise.all([
    Promise.all(parties.map((party) => Promise.all([judged(party, tell), checked(early, party, tell)]))),
    mailExchangersOf(domain.facts.asked),
    Promise.all(hosts.map(({ facts }) => namesOf(facts.asked))),
  ]);
  // It compares the answers to what all the others have asked.
  const last = await Promise.all(parties.map((party) => checked(chosen.filter(isLast), party, tell)));
  const [ofDomain = [], ...ofHosts] = parties.map((_, index) =>
    inOrder([...(first[index] ?? []), last[index] ?? []].flat()).map(reported),
  );
  const said = {
    domain: { name: domain.facts.asked.mailFrom, mx, findings: ofDomain },
    senders: hosts.map(({ facts: { asked } }, index) => ({
      helo: asked.helo,
      addresses: [...asked.addresses],
      names: names[index] ?? { a: [], ptr: [] },
      findings: ofHosts[index] ?? [],
    })),
  };
  return {
    version: 1,
    time: new Date().toISOString(),
    verdict: verdictOf(findingsIn(said)),
    resolvers: resolvers.map(({ name, address }) => name ?? address),
    unchecked: uncheckedOf(options),
    ...said,
  };
}

/** One host, or the domain with all of its hosts. */
interface Party {
  readonly scope: Scope;
  readonly sender: Sender;
  readonly facts: Facts;
}

function partiesTo(subject: Subject, options: VerifyOptions): { domain: Party; hosts: Party[] } {
  const { reach = directly, ownName, authorities, smtpLimits: limits, httpsTimeout: timeout, sent } = options;
  const ask = options.exchange ?? exchange({ timeout: options.dnsTimeout });
  const panel = new Panel({
    resolvers: options.resolvers,
    ownNames: [...new Set(subject.senders.flatMap(ownNamesOf))],
    reach,
    exchange: ask,
  });
  const [resolver] = options.resolvers;
  const blocklists = resolver === undefined ? undefined : options.blocklists?.(oneResolver(resolver, ask));
  const visits = new Map<string, Promise<Visit>>();
  const party = (scope: Scope, sender: Sender, senders: readonly Sender[]): Party => {
    const asked = inquiry(sender, panel.truth, { lookupTimeLimit });
    const facts = factsOf({
      scope,
      senders,
      asked,
      panel,
      reach,
      visitOptions: { ownName, authorities, limits },
      fetch: (host, path) => fetchByName(host, path, asked, { reach, timeout, authorities }),
      blocklists,
      declared: subject.declared,
      sent,
      visits,
    });
    return { scope, sender, facts };
  };
  return {
    domain: party("domain", asOneSender(subject.senders), subject.senders),
    hosts: subject.senders.map((sender) => party("sender", sender, [sender])),
  };
}

async function judged(
  { scope, sender, facts }: Party,
  tell: (what: string) => void,
): Promise<readonly ReportFinding[]> {
  const findings = scope === "domain" ? await judgeDomain(facts, sender) : await judgeSender(facts, sender);
  tell("the judge");
  const { mailFrom } = facts.asked;
  if (scope === "sender") return findings;
  return findings.map((finding) => ({
    ...finding,
    subject: { domain: mailFrom, address: finding.subject.address, about: finding.subject.about },
  }));
}

async function checked(
  some: readonly Check[],
  { scope, facts }: Party,
  tell: (what: string) => void,
): Promise<ReportFinding[]> {
  const found = some.map(async (check) => {
    const findings = await findingsOf(check, scope, facts);
    tell(check.title);
    return findings;
  });
  return (await Promise.all(found)).flat();
}

/** The judge's rules, then the checks. */
function inOrder(findings: readonly ReportFinding[]): ReportFinding[] {
  const order: readonly ReportRuleId[] = [...ruleIds, ...checkIds];
  return findings.toSorted((one, other) => order.indexOf(one.rule) - order.indexOf(other.rule));
}

/** What nobody looked at, and how to have it looked at. */
function uncheckedOf({ connect = true, blocklists, sent }: VerifyOptions): string[] {
  return [
    ...(sent === undefined
      ? [
          "the HELO name that the host really sends, and whether it gets out on port 25: --probe waits for a message of it",
        ]
      : []),
    ...(connect ? [] : ["mail and web servers: leave out --dns-only"]),
    ...(blocklists === undefined ? ["blocklists: leave out --no-blocklists"] : []),
  ];
}
