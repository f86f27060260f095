import { isSymbol } from "../symbol.ts";
import type { Inquiry, Listing } from "./inquiry.ts";
import { agrees, disagrees, list, undetermined, type Rule, type Statement } from "./rule.ts";

export const addressNotListed: Rule = {
  id: "address-not-listed",
  title: "The sending address is on no blocklist",
  severity: "mandatory",
  description:
    "No blocklist has the sending address. Asked only where blocklists are named, and never for an address that is not " +
    "allocated yet. A listing that few receivers heed is a remark. A list that refuses or does not answer says nothing, " +
    "nor does one that fails the self-test.",
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
  const listed = answers.filter(({ outcome }) => outcome === "listed");
  const clear = answers.filter(({ outcome }) => outcome === "clear").map(({ zone }) => zone);
  return [
    ...listed.map((listing) => listedAt(address, listing)),
    ...silences(address, answers),
    ...(listed.length === 0 && clear.length > 0
      ? [agrees(`${address} is not listed at ${list(clear)}.`, { address })]
      : []),
  ];
}

function listedAt(address: string, { zone, detail, severity, fix, source }: Listing): Statement {
  return disagrees(`${address} is listed at ${zone}${detail === undefined ? "" : ` (${detail})`}.`, {
    address,
    about: [zone],
    found: zone,
    fix: fix ?? `Ask ${zone} to remove ${address}, or send from another address.`,
    ...(source !== undefined && { source }),
    ...(severity !== undefined && { severity }),
  });
}

/** Lists that say nothing, those with the same reason together. */
function silences(address: string, answers: readonly Listing[]): Statement[] {
  const silent = answers.filter(({ outcome }) => outcome === "unknown");
  const groups = Map.groupBy(silent, ({ detail = "", fix = "" }) => `${detail}\n${fix}`);
  return [...groups.values()].map((group) => {
    const [first] = group;
    const about = group.map(({ zone }) => zone);
    const reason = first?.detail === undefined ? "" : `: ${first.detail}`;
    return undetermined(
      { why: `${list(about)} did not say whether ${address} is listed${reason}`, undetermined: false },
      { address, about, ...(first?.fix !== undefined && { fix: first.fix }) },
    );
  });
}
