import { listingOf, type BlocklistAnswer } from "../../mail/blocklists.ts";
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
  run: async ({ asked: { mailFrom, helo, heloFault }, blocklists }) => {
    if (blocklists === undefined) return [];
    const names = new Set([mailFrom, heloFault === undefined ? helo : ""].filter((name) => name !== ""));
    return (
      await Promise.all([...names].map(async (name) => standing(name, await blocklists.ask(name))))
    ).flat();
  },
};

function standing(name: string, answers: readonly BlocklistAnswer[]): Statement[] {
  const listings = answers.map(listingOf);
  const listed = listings.filter(({ outcome }) => outcome === "listed");
  const clear = listings.filter(({ outcome }) => outcome === "clear").map(({ zone }) => zone);
  const silent = Map.groupBy(
    listings.filter(({ outcome }) => outcome === "unknown"),
    ({ detail = "", fix = "" }) => `${detail}\n${fix}`,
  );
  return [
    ...listed.map(({ zone, detail, severity, fix, source }) =>
      disagrees(`${name} is listed at ${zone}${detail === undefined ? "" : ` (${detail})`}.`, {
        found: zone,
        fix: fix ?? `Ask ${zone} to remove ${name}.`,
        ...(severity !== undefined && { severity }),
        ...(source !== undefined && { source }),
      }),
    ),
    ...[...silent.values()].map((group) => {
      const [first] = group;
      const why = `${list(group.map(({ zone }) => zone))} did not say whether ${name} is listed: ${first?.detail ?? "no answer"}`;
      return undetermined({ why, undetermined: false }, first?.fix === undefined ? {} : { fix: first.fix });
    }),
    ...(listed.length === 0 && clear.length > 0 ? [agrees(`${name} is not listed at ${list(clear)}.`)] : []),
  ];
}
