import { listingOf } from "../mail/blocklists.ts";
import { ruleIds, type Finding, type RuleId } from "../mail/finding.ts";
import { judge, type Sender } from "../mail/judge.ts";
import type { Facts } from "./facts.ts";

/** A look-up asks several servers in turn, each of which has its own limit. */
export const lookupTimeLimit = 30_000;

/** Rules about the SPF record of the domain and about that of each host. */
const spfRules = ["spf-is-valid", "spf-not-too-wide"] as const satisfies readonly RuleId[];
/** Rules about what the domain publishes, whoever of its hosts sends. */
const domainRules = [
  "mx-resolves",
  "dkim-key-published",
  "dmarc-published",
] as const satisfies readonly RuleId[];
const hostRules = ruleIds.filter((id) => ![...spfRules, ...domainRules].some((rule) => rule === id));

/** What the judge says of one host, but for what holds for the whole domain. */
export async function judgeSender(facts: Facts, sender: Sender): Promise<Finding[]> {
  const { mailFrom, helo } = facts.asked;
  const findings = await Promise.all([
    judgeBy(hostRules, sender, facts),
    // As one that sends bounces only, it has no SPF record but that of its name.
    helo === mailFrom ? [] : judgeBy(spfRules, { ...sender, mailFrom: "" }, facts),
  ]);
  return findings.flat();
}

/** What the judge says of the domain with all of its hosts. */
export async function judgeDomain(facts: Facts, sender: Sender): Promise<Finding[]> {
  const { mailFrom } = facts.asked;
  const findings = await Promise.all([
    // Under the domain's own name, there is no SPF record but that of the domain.
    mailFrom === "" ? [] : judgeBy(spfRules, { ...sender, helo: mailFrom }, facts),
    judgeBy(domainRules, sender, facts),
  ]);
  return findings.flat();
}

/** The hosts of a domain as one that has all their addresses and keys. */
export function asOneSender(senders: readonly Sender[]): Sender {
  const [first] = senders;
  if (first === undefined) throw new RangeError("there is no sender to verify: give at least one");
  const selectors = senders.flatMap((sender) => sender.selectors);
  return {
    ...first,
    name: undefined,
    addresses: [...new Set(senders.flatMap(({ addresses }) => addresses))],
    selectors: [...new Map(selectors.map((selector) => [JSON.stringify(selector), selector])).values()],
  };
}

function judgeBy(only: readonly RuleId[], sender: Sender, { panel, blocklists }: Facts): Promise<Finding[]> {
  return judge(sender, panel.truth, {
    only,
    lookupTimeLimit,
    ...(blocklists !== undefined && {
      listings: async (address) => (await blocklists.ask(address)).map(listingOf),
    }),
  });
}
