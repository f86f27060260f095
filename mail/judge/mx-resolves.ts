import { hostNameFault, normalizeName } from "../host-name.ts";
import { exchangersOf } from "./exchangers.ts";
import type { Inquiry } from "./inquiry.ts";
import { agrees, disagrees, list, remarks, undetermined, type Rule, type Statement } from "./rule.ts";

export const mxResolves: Rule = {
  id: "mx-resolves",
  title: "The MAIL FROM domain can take bounces",
  severity: "mandatory",
  description:
    "Each mail exchanger of the MAIL FROM domain is a host name with an address, no alias and no address literal. A " +
    "domain without MX records that has an address of its own takes mail there, and a domain with a null MX says that it " +
    "takes none: both are allowed and get a remark. A domain with neither is refused as a sender.",
  sources: ["RFC 5321 5.1", "RFC 2181 10.3", "RFC 7505 4.2"],
  replies: ["Postfix reject_unknown_sender_domain 550 5.1.8"],
  judge: async (inquiry) => {
    const { mailFrom, lookUp } = inquiry;
    if (mailFrom === "") return [];
    const lookup = await lookUp(mailFrom, "MX");
    switch (lookup.kind) {
      case "unknown":
        return [undetermined(lookup)];
      case "absent":
        return [await implicitExchanger(inquiry, lookup.why)];
      case "found": {
        const exchangers = await exchangersOf(inquiry);
        const none = lookup.answers.some(({ exchange }) => normalizeName(exchange) === "");
        if (none) return [nullExchanger(mailFrom, exchangers)];
        return Promise.all(exchangers.map((exchanger) => resolution(exchanger, inquiry)));
      }
    }
  },
};

/** RFC 5321 5.1: without MX records the domain itself is the exchanger, if it has an address. */
async function implicitExchanger({ mailFrom, helo, lookUp }: Inquiry, why: string): Promise<Statement> {
  const fix = `Create the MX record ${mailFrom} with a host that takes bounces, such as ${helo}.`;
  const lookups = await Promise.all([lookUp(mailFrom, "A"), lookUp(mailFrom, "AAAA")]);
  if (lookups.some(({ kind }) => kind === "found")) {
    return remarks(`The MAIL FROM domain ${mailFrom} ${why}, so bounces go to its own address.`, { fix });
  }
  const unknown = lookups.find((lookup) => lookup.kind === "unknown");
  if (unknown?.kind === "unknown") return undetermined(unknown);
  return disagrees(`The MAIL FROM domain ${mailFrom} ${why} and no address, so it can't take bounces.`, {
    fix,
  });
}

function nullExchanger(mailFrom: string, others: readonly string[]): Statement {
  if (others.length > 0) {
    return disagrees(`The MAIL FROM domain ${mailFrom} has a null MX beside ${list(others)}.`, {
      found: others.join(", "),
      fix: `Remove the null MX record of ${mailFrom}, or the others.`,
      source: "RFC 7505 3",
    });
  }
  return remarks(
    `The MAIL FROM domain ${mailFrom} takes no mail (null MX), so bounces are lost, and receivers may refuse it as a sender.`,
    {
      found: "null MX",
      fix: `Point the MX record of ${mailFrom} to a host that takes bounces.`,
      source: "RFC 7505 4.2, 550 5.7.27",
    },
  );
}

async function resolution(exchanger: string, { mailFrom, lookUp }: Inquiry): Promise<Statement> {
  const details = { found: exchanger, about: [exchanger] };
  const fault = hostNameFault(exchanger);
  if (fault !== undefined) {
    return disagrees(`The MX record of ${mailFrom} names ${exchanger}, which ${fault}.`, {
      ...details,
      fix: `Let the MX record of ${mailFrom} name a host, not ${exchanger}.`,
    });
  }
  const [alias, ...addresses] = await Promise.all([
    lookUp(exchanger, "CNAME"),
    lookUp(exchanger, "A"),
    lookUp(exchanger, "AAAA"),
  ]);
  if (alias.kind === "found") {
    return disagrees(`The MX record of ${mailFrom} names ${exchanger}, an alias of ${list(alias.answers)}.`, {
      ...details,
      fix: `Let the MX record of ${mailFrom} name ${list(alias.answers)} itself.`,
      source: "RFC 2181 10.3",
    });
  }
  if (addresses.some(({ kind }) => kind === "found")) {
    return agrees(`The mail exchanger ${exchanger} of ${mailFrom} resolves.`, details);
  }
  const unknown = addresses.find((lookup) => lookup.kind === "unknown");
  if (unknown?.kind === "unknown") return undetermined(unknown, details);
  const missing = addresses.map((lookup) => (lookup.kind === "absent" ? lookup.why : ""));
  return disagrees(`The mail exchanger ${exchanger} of ${mailFrom} ${list([...new Set(missing)])}.`, {
    ...details,
    fix: `Create the A record ${exchanger}, or let the MX record of ${mailFrom} name a host that has one.`,
  });
}
