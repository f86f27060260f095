import type { BlocklistAnswer } from "../../mail/blocklists.ts";
import { severityOf } from "../../mail/blocklist/listing.ts";

/** Whether mail may be sent from an address, as the blocklists see it. */
export interface Verdict {
  /** "unknown": a list that receivers refuse mail by did not say, and none of those that did lists it. */
  readonly outcome: "clean" | "listed" | "unknown";
  /** For whom it is listed: zones by which receivers refuse mail. */
  readonly zones: readonly string[];
  /** Lists that did not say, and why: `zen.spamhaus.org: the look-up timed out`. Those that matter, or all if none said anything. */
  readonly silent: readonly string[];
  /** Zones that list it and by which hardly anybody refuses mail. */
  readonly minor: readonly string[];
}

export function verdictOf(answers: readonly BlocklistAnswer[]): Verdict {
  const listed = answers.filter(({ outcome }) => outcome === "listed");
  const [zones, minor] = (["mandatory", "advisory"] as const).map((severity) =>
    listed.filter((answer) => severityOf(answer) === severity).map(({ zone }) => zone),
  ) as [string[], string[]];
  // Where only lists of little weight are asked, silence of all of them is no clean bill either.
  const said = answers.some(({ outcome }) => outcome !== "unknown");
  const silent = answers
    .filter(({ outcome, list }) => outcome === "unknown" && (list.weight === "blocking" || !said))
    .map(({ zone, why }) => `${zone}: ${why ?? "no answer"}`);
  const outcome = zones.length > 0 ? "listed" : silent.length > 0 || !said ? "unknown" : "clean";
  return { outcome, zones, silent, minor };
}
