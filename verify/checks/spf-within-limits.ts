import type { Inquiry } from "../../mail/judge/inquiry.ts";
import { list, remarks, type Statement } from "../../mail/judge/rule.ts";
import { spfLimits } from "../../mail/spf-limits.ts";
import type { SpfCheck } from "../../mail/spf.ts";
import type { Check } from "../check.ts";

export const spfWithinLimits: Check = {
  id: "spf-within-limits",
  title: "SPF keeps clear of its limits",
  severity: "advisory",
  description:
    "The look-ups of each SPF evaluation are counted. Receivers stop after 10 and answer with a permanent error; whoever is " +
    "near it is one change of somebody else's record away from it. Where there is room, spf-is-valid says how much.",
  sources: ["RFC 7208 4.6.4"],
  ofSender: async ({ asked }) =>
    asked.heloFault === undefined && asked.mailFrom !== asked.helo ? fullest("helo", asked) : [],
  ofDomain: async ({ asked }) => (asked.mailFrom === "" ? [] : fullest("mailfrom", asked)),
};

/** One statement for one record, though it is evaluated for each address. */
async function fullest(identity: "mailfrom" | "helo", { addresses, spf }: Inquiry): Promise<Statement[]> {
  const checks = await Promise.all(
    addresses.map(async (address) => ({ address, check: await spf(address, identity) })),
  );
  const [first] = checks.toSorted((one, other) => other.check.lookups - one.check.lookups);
  return first === undefined ? [] : count(first.address, identity, first.check);
}

/** One less than what receivers allow leaves no room for anybody's change. */
const crowded = spfLimits.lookups - 1;

function count(address: string, identity: "mailfrom" | "helo", check: SpfCheck): Statement[] {
  const { result, domain, mechanism, lookups, voidLookups, chain } = check;
  if (check.record === undefined || result === "permerror" || result === "temperror") return [];
  const who = identity === "helo" ? `the HELO name ${domain}` : domain;
  const by = mechanism === undefined ? "" : ` by "${mechanism}"`;
  const used = `${lookups} of ${spfLimits.lookups} look-ups, ${voidLookups} of ${spfLimits.voidLookups} void`;
  const message = `SPF of ${who} gives ${address} ${result}${by} with ${used}.`;
  const details = { address, found: used };
  if (lookups < crowded && voidLookups < spfLimits.voidLookups) return [];
  return [
    remarks(message, {
      ...details,
      fix: `Take terms out of the SPF record of ${domain} that ask the DNS${chain.length > 1 ? `, such as those that lead to ${list(chain.slice(1))}` : ""}.`,
    }),
  ];
}
