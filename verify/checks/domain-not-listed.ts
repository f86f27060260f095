import { listingOf, type Blocklists } from "../../mail/blocklists.ts";
import { agrees, disagrees, list, undetermined, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";

export const domainNotListed: Check = {
  id: "domain-not-listed",
  title: "The domain is on no blocklist",
  severity: "mandatory",
  description:
    "No blocklist of domains has the MAIL FROM domain or the HELO name. A list that refuses or does not answer says nothing, " +
    "nor does one that fails the self-test.",
  sources: ["RFC 5782 2.3"],
  ofSender: async ({ asked: { mailFrom, helo, heloFault }, blocklists }) =>
    heloFault === undefined && helo !== mailFrom ? standing(helo, blocklists) : [],
  ofDomain: async ({ asked: { mailFrom }, blocklists }) =>
    mailFrom === "" ? [] : standing(mailFrom, blocklists),
};

async function standing(name: string, blocklists: Blocklists | undefined): Promise<Statement[]> {
  const listings = ((await blocklists?.ask(name)) ?? []).map(listingOf);
  const listed = listings.filter(({ outcome }) => outcome === "listed");
  const clear = listings.filter(({ outcome }) => outcome === "clear").map(({ zone }) => zone);
  const silent = Map.groupBy(
    listings.filter(({ outcome }) => outcome === "unknown"),
    ({ detail = "", fix = "" }) => `${detail}\n${fix}`,
  );
  return [
    ...listed.map(({ zone, detail, severity, fix, source }) =>
      disagrees(`${name} is listed at ${zone}${detail === undefined ? "" : ` (${detail})`}.`, {
        about: [zone],
        found: zone,
        fix: fix ?? `Ask ${zone} to remove ${name}.`,
        ...(severity !== undefined && { severity }),
        ...(source !== undefined && { source }),
      }),
    ),
    ...[...silent.values()].map((group) => {
      const [first] = group;
      const about = group.map(({ zone }) => zone);
      const why = `${list(about)} did not say whether ${name} is listed: ${first?.detail ?? "no answer"}`;
      return undetermined(
        { why, undetermined: false },
        { about, ...(first?.fix !== undefined && { fix: first.fix }) },
      );
    }),
    ...(listed.length === 0 && clear.length > 0 ? [agrees(`${name} is not listed at ${list(clear)}.`)] : []),
  ];
}
