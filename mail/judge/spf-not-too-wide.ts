import { clipped } from "../clipped.ts";
import { spfAuthorizations, type SpfGrant } from "../spf-authorizations.ts";
import type { Inquiry } from "./inquiry.ts";
import { agrees, disagrees, remarks, undetermined, type Rule, type Statement } from "./rule.ts";

export const spfNotTooWide: Rule = {
  id: "spf-not-too-wide",
  title: "SPF authorizes nobody else by accident",
  severity: "advisory",
  description:
    "The SPF records of the MAIL FROM domain and of the HELO name authorize no more than the plan's own addresses. One " +
    "that authorizes everybody (+all, a /0 network, networks that make up all addresses, also by way of an include) is " +
    "always a mandatory disagreement. A network or address that is not the plan's, and ptr, get a remark. To include " +
    "another domain is a decision of its own and no fault.",
  sources: ["RFC 7208 11.4", "RFC 7208 5.1", "RFC 7208 5.5"],
  replies: ["Gmail 550 5.7.24"],
  judge: async (inquiry) => {
    const { mailFrom, helo, heloFault } = inquiry;
    const domains = new Set(
      [mailFrom, ...(heloFault === undefined ? [helo] : [])].filter((domain) => domain !== ""),
    );
    return (await Promise.all(Array.from(domains, (domain) => width(domain, inquiry)))).flat();
  },
};

async function width(domain: string, { ownAddresses, resolver }: Inquiry): Promise<Statement[]> {
  const { everyone, others, unknown, record } = await spfAuthorizations(domain, ownAddresses, resolver);
  const statements = [
    ...everyone.map((grant) => openToAll(grant, domain)),
    ...others.map(widerThanPlan),
    ...(unknown === undefined ? [] : [undetermined(unknown)]),
  ];
  if (statements.length > 0 || record === undefined) return statements;
  return [agrees(`SPF of ${domain} authorizes no addresses but the plan's.`, { found: record })];
}

function openToAll(grant: SpfGrant, domain: string): Statement {
  const where = grant.domain === domain ? "" : `, by way of ${grant.domain}`;
  return disagrees(`SPF of ${domain} authorizes everybody by "${clipped(grant.term)}"${where}.`, {
    found: grant.term,
    fix:
      where === ""
        ? `Take "${clipped(grant.term)}" out of the SPF record of ${domain} and end it with "-all".`
        : `Take the term that leads to ${grant.domain} out of the SPF record of ${domain}.`,
    // As good as no SPF at all, and worse for one's standing: no setting makes it harmless.
    severity: "mandatory",
  });
}

function widerThanPlan({ term, domain }: SpfGrant): Statement {
  const ptr = /^\+?ptr/i.test(term);
  const what = ptr ? "whoever has a reverse name there" : "addresses that are not the plan's";
  return remarks(`SPF of ${domain} authorizes ${what} by "${clipped(term)}".`, {
    found: term,
    fix: `Take "${clipped(term)}" out of the SPF record of ${domain}, unless you want its addresses to send too.`,
    source: ptr ? "RFC 7208 5.5" : "RFC 7208 11.4",
  });
}
