import { isIPv6 } from "node:net";
import { normalizeName, reverseName } from "../host-name.ts";
import { settledAddress, type Inquiry } from "./inquiry.ts";
import { agrees, disagrees, list, undetermined, type Rule, type Statement } from "./rule.ts";

export const ptrMatchesHelo: Rule = {
  id: "ptr-matches-helo",
  title: "The reverse name of the sending address is the HELO name",
  severity: "mandatory",
  description:
    "Each sending address has exactly one PTR record, and it is the HELO name. With several, a receiver may read any of " +
    "them. That the name resolves back to the address is a-matches-address.",
  sources: ["RFC 8601 3 (iprev)", "RFC 1912 2.1"],
  replies: ["Gmail 550 5.7.25", "Postfix reject_unknown_client_hostname 550 5.7.25"],
  judge: (inquiry) =>
    inquiry.heloFault === undefined
      ? Promise.all(inquiry.addresses.map((address) => reverseOf(address, inquiry)))
      : Promise.resolve([]),
};

async function reverseOf(address: string, inquiry: Inquiry): Promise<Statement> {
  const { helo, lookUp } = inquiry;
  const reverse = reverseName(address);
  const lookup = await lookUp(reverse, "PTR");
  const common = { address, expected: helo };
  const fix = `Set the reverse name of ${address} to ${helo}.`;
  switch (lookup.kind) {
    case "unknown":
      return undetermined(lookup, common);
    case "absent":
      return disagrees(`${address} has no PTR record: ${reverse} ${lookup.why}.`, { ...common, fix });
    case "found": {
      const names = [...new Set(lookup.answers.map(normalizeName))];
      const found = names.join(", ");
      if (found === helo) return agrees(`The PTR record of ${address} is ${helo}.`, { ...common, found });
      if (names.includes(helo)) {
        const others = list(names.filter((name) => name !== helo));
        return disagrees(
          `${address} has ${names.length} PTR records: besides ${helo} there is ${others}, and a receiver may read any.`,
          { ...common, found, fix: `Remove ${others} from the PTR records of ${address}.` },
        );
      }
      const confirmed = await resolvesTo(address, names, inquiry);
      return disagrees(
        `The PTR record of ${address} is ${list(names)}${confirmed}, but the host says HELO ${helo}.`,
        { ...common, found, fix },
      );
    }
  }
}

/** Whether the foreign name is at least forward-confirmed: many receivers refuse nothing more than that. */
async function resolvesTo(address: string, names: readonly string[], { lookUp }: Inquiry): Promise<string> {
  const type = isIPv6(address) ? "AAAA" : "A";
  const lookups = await Promise.all(names.slice(0, 10).map((name) => lookUp(name, type)));
  const confirmed = lookups.some(
    (lookup) => lookup.kind === "found" && lookup.answers.map(settledAddress).includes(address),
  );
  return confirmed ? "" : ` (which does not resolve to ${address})`;
}
