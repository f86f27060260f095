import { clipped } from "../clipped.ts";
import { unknownIn, type SpfCheck } from "../spf.ts";
import { costsLookup, spfTerms } from "../spf-terms.ts";
import type { Inquiry } from "./inquiry.ts";
import { agrees, disagrees, remarks, sentence, undetermined, type Rule, type Statement } from "./rule.ts";

/** An address that nobody sends from, to see how an evaluation ends when no address in the record matches. */
const nobody = "255.255.255.255";

/** Octets up to which a record surely fits a DNS answer over UDP (RFC 7208 3.4). */
const sureOctets = 450;

export const spfIsValid: Rule = {
  id: "spf-is-valid",
  title: "The SPF records can be evaluated",
  severity: "mandatory",
  description:
    "The SPF records of the MAIL FROM domain and of the HELO name, with all that they include, evaluate without a " +
    "permanent error: one record, no syntax fault, at most 10 look-ups, at most 2 that find nothing (hosts of mx and " +
    "ptr counted, as strict receivers do). An error that only other addresses run into, and a record over 450 octets, " +
    "get a remark. No record at all is the business of spf-permits-address.",
  sources: ["RFC 7208 4.6", "RFC 7208 4.6.4", "RFC 7208 4.5"],
  replies: ["Gmail 550 5.7.27"],
  judge: async (inquiry) => {
    const { mailFrom, helo, heloFault, addresses } = inquiry;
    const identities = [
      ...(mailFrom === "" ? [] : (["mailfrom"] as const)),
      ...(heloFault !== undefined || helo === mailFrom ? [] : (["helo"] as const)),
    ];
    const statements = await Promise.all(
      identities.map(async (identity) => {
        const checks = await Promise.all(addresses.map((address) => inquiry.spf(address, identity)));
        return [...validity(checks), ...(identity === "mailfrom" ? await restOf(checks, inquiry) : [])];
      }),
    );
    return statements.flat();
  },
};

/** One statement for one record, though it has been evaluated for each address. */
function validity(checks: readonly SpfCheck[]): Statement[] {
  const faulty = checks.find(({ result }) => result === "permerror");
  if (faulty !== undefined) {
    const message = `SPF of ${faulty.domain} is a permanent error: ${sentence(faulty.problem ?? "")}`;
    return [disagrees(message, { found: faulty.record, fix: cure(faulty) })];
  }
  const open = checks.find(({ result }) => result === "temperror");
  if (open !== undefined) return [undetermined(unknownIn(open))];
  const worst = checks.toSorted((one, other) => other.lookups - one.lookups)[0];
  // Where there is no record there is nothing to be valid.
  if (worst?.record === undefined) return [];
  const { domain, lookups, record } = worst;
  return [
    agrees(`SPF of ${domain} is valid and takes ${lookups} of 10 look-ups.`, { found: record }),
    ...longRecord(worst),
  ];
}

function cure({ domain, chain, record, lookups, voidLookups }: SpfCheck): string {
  const last = chain.at(-1) ?? domain;
  if (record === undefined)
    return `Keep one of the TXT records at ${domain} that begin with "v=spf1", with all terms in it.`;
  if (voidLookups > 2) return `Remove the terms of ${domain} that lead to names without records.`;
  if (lookups > 10)
    return `Replace a, mx and include terms of ${domain} by ip4 terms until 10 look-ups are left.`;
  return last === domain
    ? `Correct the TXT record of ${domain}, which is "${clipped(record)}".`
    : `Correct the SPF record of ${last}, or remove it from that of ${domain}, which is "${clipped(record)}".`;
}

function longRecord({ domain, record = "" }: SpfCheck): Statement[] {
  const octets = Buffer.byteLength(record);
  if (octets <= sureOctets) return [];
  return [
    remarks(`The SPF record of ${domain} has ${octets} octets; only ${sureOctets} surely fit a DNS answer.`, {
      found: record,
      fix: `Merge networks of ${domain} or move some to a record that it includes.`,
      source: "RFC 7208 3.4",
    }),
  ];
}

/** What lies beyond the term that permits our own addresses: others that the record means to permit get there. */
async function restOf(checks: readonly SpfCheck[], inquiry: Inquiry): Promise<Statement[]> {
  const passed = checks.find(({ result }) => result === "pass");
  if (passed?.record === undefined || !spfTerms(passed.record).some(costsLookup)) return [];
  const rest = await inquiry.spf(nobody, "mailfrom");
  if (rest.result !== "permerror") return [];
  const message = `SPF of ${rest.domain} is a permanent error for all but the first addresses in it: ${sentence(rest.problem ?? "")}`;
  return [remarks(message, { found: rest.record, fix: cure(rest) })];
}
