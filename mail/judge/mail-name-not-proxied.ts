import { failedLookup } from "../resolver.ts";
import { exchangersOf } from "./exchangers.ts";
import type { Inquiry } from "./inquiry.ts";
import { agrees, disagrees, undetermined, type Rule, type Statement } from "./rule.ts";

export const mailNameNotProxied: Rule = {
  id: "mail-name-not-proxied",
  title: "No proxy stands in front of a name of the mail system",
  severity: "mandatory",
  description:
    "Neither the HELO name nor a mail exchanger is proxied: a proxied name resolves to the proxy's addresses, which are " +
    "not the sender's and take no mail. Only a plan tells which names are proxied; over live DNS the rule says nothing, " +
    "and a-matches-address sees the foreign address.",
  sources: ["RFC 8601 3 (iprev)", "RFC 5321 5.1"],
  replies: ["Gmail 550 5.7.25"],
  judge: async (inquiry) => {
    const { helo, heloFault, resolver } = inquiry;
    if (resolver.proxied === undefined) return [];
    const names = new Set([...(heloFault === undefined ? [helo] : []), ...(await exchangersOf(inquiry))]);
    return Promise.all(Array.from(names, (name) => proxyOf(name, inquiry)));
  },
};

async function proxyOf(name: string, { helo, resolver }: Inquiry): Promise<Statement> {
  const role = name === helo ? "HELO name" : "mail exchanger";
  try {
    const proxied = await resolver.proxied?.(name);
    return proxied === true
      ? disagrees(`The ${role} ${name} is proxied, so it resolves to the proxy's addresses.`, {
          expected: "DNS only",
          found: "proxied",
          fix: `Set the record of ${name} to DNS only (proxied: false).`,
        })
      : agrees(`The ${role} ${name} is not proxied.`, { found: "DNS only" });
  } catch (error) {
    const failure = failedLookup(error, name, "A");
    return undetermined({ undetermined: false, ...failure });
  }
}
