import { isIPv6 } from "node:net";
import { reverseName, normalizeName } from "../../mail/host-name.ts";
import { settledAddress } from "../../mail/judge/inquiry.ts";
import { agrees, disagrees, list, type Statement } from "../../mail/judge/rule.ts";
import { checkSpf } from "../../mail/spf.ts";
import type { Check } from "../check.ts";
import type { Facts } from "../facts.ts";

export const ipv6Agrees: Check = {
  id: "ipv6-agrees",
  title: "What would leave over IPv6 is as good as what leaves over IPv4",
  severity: "advisory",
  description:
    "A HELO name with an AAAA record has a host that may send over IPv6, without anybody having meant it. Then that address " +
    "needs what the IPv4 address has: a PTR record with the HELO name, and SPF that permits it.",
  sources: ["RFC 8601 3 (iprev)", "RFC 7208 5.6"],
  ofSender: async (facts) => {
    const { asked } = facts;
    if (asked.heloFault !== undefined) return [];
    const lookup = await asked.lookUp(asked.helo, "AAAA");
    if (lookup.kind !== "found") return []; // The judge tells of a look-up that failed.
    const unasked = lookup.answers
      .map(settledAddress)
      .filter((address) => !asked.addresses.includes(address));
    const own = asked.addresses.filter((address) => isIPv6(address));
    const statements = await Promise.all(unasked.map((address) => agreement(address, facts)));
    if (own.length > 0 && unasked.length === 0)
      return [agrees(`Every IPv6 address of ${asked.helo} is a sending address: ${list(own)}.`)];
    return statements;
  },
};

async function agreement(address: string, { asked }: Facts): Promise<Statement> {
  const { helo, mailFrom, resolver, lookUp } = asked;
  const [ptr, spf] = await Promise.all([
    lookUp(reverseName(address), "PTR"),
    checkSpf(address, mailFrom, helo, resolver),
  ]);
  const names = ptr.kind === "found" ? ptr.answers.map(normalizeName) : [];
  const faults = [
    ...(names.includes(helo) ? [] : [`its PTR record is ${names.length === 0 ? "missing" : list(names)}`]),
    ...(spf.result === "pass" ? [] : [`SPF of ${spf.domain} gives it ${spf.result}`]),
  ];
  const details = { address, expected: helo, found: names.join(", ") };
  if (faults.length === 0)
    return agrees(`The IPv6 address ${address} of ${helo} has the PTR record and SPF of a sender.`, details);
  return disagrees(
    `${helo} has the IPv6 address ${address}; mail that leaves from it is refused: ${list(faults)}.`,
    {
      ...details,
      fix: `Set inet_protocols of the host to ipv4, or give ${address} the PTR record ${helo} and a place in the SPF record of ${spf.domain}.`,
    },
  );
}
