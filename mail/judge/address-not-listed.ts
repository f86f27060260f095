import { isSymbol } from "../symbol.ts";
import type { Inquiry, Listing } from "./inquiry.ts";
import { agrees, disagrees, list, undetermined, type Rule, type Statement } from "./rule.ts";

export const addressNotListed: Rule = {
  id: "address-not-listed",
  title: "The sending address is on no blocklist",
  severity: "advisory",
  description:
    "No blocklist has the sending address. Asked only where look-ups are allowed, and never for an address that is not " +
    "allocated yet. A list that refuses or does not answer says nothing.",
  sources: ["RFC 5782 2.1"],
  replies: ["Postfix reject_rbl_client 554 5.7.1"],
  judge: async ({ addresses, listings }) => {
    if (listings === undefined) return [];
    const allocated = addresses.filter((address) => !isSymbol(address));
    return (await Promise.all(allocated.map((address) => standing(address, listings)))).flat();
  },
};

async function standing(address: string, listings: NonNullable<Inquiry["listings"]>): Promise<Statement[]> {
  let answers: readonly Listing[];
  try {
    answers = await listings(address);
  } catch (error) {
    const why = `the blocklists could not be asked about ${address}: ${error instanceof Error ? error.message : String(error)}`;
    return [undetermined({ why, undetermined: false }, { address })];
  }
  const zones = (outcome: Listing["outcome"]): string[] =>
    answers.filter((answer) => answer.outcome === outcome).map(({ zone }) => zone);
  const listed = answers.filter(({ outcome }) => outcome === "listed");
  const silent = zones("unknown");
  return [
    ...listed.map(({ zone, detail }) =>
      disagrees(`${address} is listed at ${zone}${detail === undefined ? "" : ` (${detail})`}.`, {
        address,
        found: zone,
        fix: `Ask ${zone} to remove ${address}, or send from another address.`,
      }),
    ),
    ...(silent.length > 0
      ? [
          undetermined(
            { why: `${list(silent)} did not say whether ${address} is listed`, undetermined: false },
            { address },
          ),
        ]
      : []),
    ...(listed.length === 0 && zones("clear").length > 0
      ? [agrees(`${address} is not listed at ${list(zones("clear"))}.`, { address })]
      : []),
  ];
}
