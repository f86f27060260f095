import { isIPv6 } from "node:net";
import { publicIp4Fault } from "../address.ts";
import { isSymbol } from "../symbol.ts";
import { settledAddress, type Inquiry } from "./inquiry.ts";
import { agrees, disagrees, list, remarks, undetermined, type Rule, type Statement } from "./rule.ts";

export const aMatchesAddress: Rule = {
  id: "a-matches-address",
  title: "The HELO name resolves to the sending address",
  severity: "mandatory",
  description:
    "The A records of the HELO name hold each address that the host sends from: the forward half of the confirmation " +
    "of its reverse name. One of several A records is enough, but an address that belongs to nobody in the plan gets a " +
    "remark, as does an AAAA record, since mail is sent over IPv4 only.",
  sources: ["RFC 8601 3 (iprev)", "RFC 5321 4.1.4"],
  replies: ["Gmail 550 5.7.25", "Postfix reject_unknown_client_hostname 550 5.7.25"],
  judge: async (inquiry) => {
    const { addresses, heloFault } = inquiry;
    const unreachable = unreachableAddresses(inquiry);
    if (heloFault !== undefined) return unreachable;
    if (addresses.length + unreachable.length === 0) return [unknownAddress];
    const matches = addresses
      .filter((address) => unreachable.every((statement) => statement.address !== address))
      .map((address) => matchOf(address, inquiry));
    return [...unreachable, ...(await Promise.all(matches)), ...(await otherAddresses(inquiry))];
  },
};

const unknownAddress: Statement = {
  outcome: "undetermined",
  message: "No address is known that the host sends from.",
  fix: "Associate an Elastic IP with the host.",
};

/** What is no address at all, or one that no receiver ever sees. */
function unreachableAddresses({ addresses, invalidAddresses }: Inquiry): Statement[] {
  const faults = [
    ...invalidAddresses.map((address) => ({ address, fault: "is no IP address" })),
    ...addresses
      .filter((address) => !isIPv6(address) && !isSymbol(address))
      .map((address) => ({ address, fault: publicIp4Fault(address) })),
  ];
  return faults.flatMap(({ address, fault }) =>
    fault === undefined
      ? []
      : disagrees(`The sending address ${address} ${fault}.`, {
          address,
          expected: "a public address",
          found: address,
          fix: `Send from an Elastic IP in place of ${address}.`,
        }),
  );
}

async function matchOf(address: string, { helo, lookUp, resolver }: Inquiry): Promise<Statement> {
  const type = isIPv6(address) ? "AAAA" : "A";
  const lookup = await lookUp(helo, type);
  switch (lookup.kind) {
    case "unknown":
      return undetermined(lookup, { address, expected: address });
    case "absent":
      return disagrees(`The HELO name ${helo} ${lookup.why}, so it does not resolve to ${address}.`, {
        address,
        expected: address,
        fix: `Create the ${type} record ${helo} with the address ${address}.`,
      });
    case "found": {
      const found = lookup.answers.map(settledAddress);
      if (found.includes(address))
        return agrees(`${helo} resolves to ${address}.`, { address, found: address });
      const why = (await resolver.proxied?.(helo).catch(() => false)) === true ? " (its proxy's)" : "";
      return disagrees(`The HELO name ${helo} resolves to ${list(found)}${why}, not to ${address}.`, {
        address,
        expected: address,
        found: found.join(", "),
        fix:
          why === ""
            ? `Set the ${type} record of ${helo} to ${address}.`
            : `Set the record of ${helo} to DNS only.`,
      });
    }
  }
}

/** Addresses at the HELO name beyond those that the host sends from. */
async function otherAddresses({ helo, addresses, ownAddresses, lookUp }: Inquiry): Promise<Statement[]> {
  const [a, aaaa] = await Promise.all([lookUp(helo, "A"), lookUp(helo, "AAAA")]);
  const strangers = a.kind === "found" ? a.answers.filter((address) => !ownAddresses.has(address)) : [];
  const ip6 =
    aaaa.kind === "found"
      ? aaaa.answers.map(settledAddress).filter((address) => !ownAddresses.has(address))
      : [];
  // With no A record of the host's own, the mismatch has been reported already.
  const shared = a.kind === "found" && a.answers.some((address) => addresses.includes(address));
  return [
    ...(shared && strangers.length > 0
      ? [
          remarks(`The HELO name ${helo} also resolves to ${list(strangers)}, no address of this plan.`, {
            found: strangers.join(", "),
            fix: `Remove ${list(strangers)} from the A records of ${helo}.`,
          }),
        ]
      : []),
    ...(ip6.length > 0
      ? [
          remarks(
            `The HELO name ${helo} has the IPv6 address ${list(ip6)}, but mail is sent over IPv4 only.`,
            {
              found: ip6.join(", "),
              fix: `Remove the AAAA record of ${helo}.`,
            },
          ),
        ]
      : []),
  ];
}
