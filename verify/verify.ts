import { listingOf, type Blocklists } from "../mail/blocklists.ts";
import { judge, type Sender } from "../mail/judge.ts";
import { inquiry } from "../mail/judge/inquiry.ts";
import { checkIds, type Check, type CheckId } from "./check.ts";
import { checks, connectingChecks } from "./checks.ts";
import { exchange, type Exchange } from "./dns/exchange.ts";
import { Panel, type NamedEndpoint } from "./dns/panel.ts";
import { directly, type Reach } from "./endpoint.ts";
import { factsOf, type Facts } from "./facts.ts";
import { findingsOf, reported } from "./findings.ts";
import { ownNamesOf } from "./own-names.ts";
import { fetchByName } from "./policy-fetch.ts";
import type { SentHelo } from "./probe.ts";
import { verdictOf, type Report, type ReportedSender } from "./report.ts";
import { namesOf } from "./sender-names.ts";
import type { SmtpLimits } from "./smtp/connection.ts";
import type { Visit } from "./smtp/visit.ts";
import type { Subject } from "./subject.ts";

export interface VerifyOptions {
  /** Resolvers to ask, at least one. */
  readonly resolvers: readonly NamedEndpoint[];
  /** Makes a client of blocklists; a new one for each run. @default no blocklist is asked */
  readonly blocklists?: (() => Blocklists) | undefined;
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

/**
 * Verifies live senders from outside: the judge over the live DNS, and what shows only on real connections. Everything is
 * asked at once, and nothing twice. Always ends in time: what can't be found out is undetermined.
 * @throws RangeError if a key of a blocklist is no key
 */
export async function verify(subject: Subject, options: VerifyOptions): Promise<Report> {
  const { resolvers, connect = true, only, progress } = options;
  const blocklists = options.blocklists?.();
  const panel = new Panel({
    resolvers,
    ownNames: [...new Set(subject.senders.flatMap(ownNamesOf))],
    reach: options.reach,
    exchange: options.exchange ?? exchange({ timeout: options.dnsTimeout }),
  });
  const chosen = checks.filter(
    ({ id }) => (only?.includes(id) ?? true) && (connect || !connectingChecks.has(id)),
  );
  const all = subject.senders.length * (chosen.length + 1);
  let done = 0;
  const tell = (what: string) => progress?.(++done, all, what);
  const visits = new Map<string, Promise<Visit>>();
  const senders = await Promise.all(
    subject.senders.map((sender) => {
      const facts = gather(sender, { subject, options, panel, blocklists, visits });
      return examine(facts, chosen, tell);
    }),
  );
  return {
    version: 1,
    time: new Date().toISOString(),
    verdict: verdictOf(senders.flatMap(({ findings }) => findings)),
    resolvers: resolvers.map(({ name, address }) => name ?? address),
    unchecked: uncheckedOf(options),
    senders,
  };
}

/** A look-up asks several servers in turn, each of which has its own limit. */
const lookupTimeLimit = 30_000;

interface Shared {
  readonly subject: Subject;
  readonly options: VerifyOptions;
  readonly panel: Panel;
  readonly blocklists: Blocklists | undefined;
  readonly visits: Map<string, Promise<Visit>>;
}

function gather(sender: Sender, { subject, options, panel, blocklists, visits }: Shared): Facts {
  const { reach = directly, ownName, authorities, smtpLimits: limits, httpsTimeout: timeout, sent } = options;
  const asked = inquiry(sender, panel.truth, { lookupTimeLimit });
  return factsOf({
    sender,
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
}

/** All that is said of one sender, in the order of rules and checks. */
async function examine(
  facts: Facts,
  chosen: readonly Check[],
  tell: (what: string) => void,
): Promise<ReportedSender> {
  const { sender, asked, panel, blocklists } = facts;
  const judged = judge(sender, panel.truth, {
    lookupTimeLimit,
    ...(blocklists !== undefined && {
      listings: async (address) => (await blocklists.ask(address)).map(listingOf),
    }),
  });
  const run = async (some: readonly Check[]) => {
    const found = some.map(async (check) => {
      const findings = await findingsOf(check, facts);
      tell(check.title);
      return findings;
    });
    return (await Promise.all(found)).flat();
  };
  const isLast = ({ id }: Check) => id === "dns-is-consistent";
  const [byJudge, early, names] = await Promise.all([
    judged.finally(() => tell("the judge")),
    run(chosen.filter((check) => !isLast(check))),
    namesOf(asked),
  ]);
  // It compares the answers to what the others have asked.
  const byChecks = [...early, ...(await run(chosen.filter(isLast)))];
  const inOrder = checkIds.flatMap((id) => byChecks.filter(({ rule }) => rule === id));
  return {
    helo: asked.helo,
    domain: asked.mailFrom,
    addresses: [...asked.addresses],
    names,
    findings: [...byJudge, ...inOrder].map(reported),
  };
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
