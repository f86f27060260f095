import { verdictTexts } from "../report/words.ts";
import type { Change, News } from "./news.ts";
import type { WatchedFinding } from "./state.ts";

/** The finding to speak of. */
export function findingOf({ now, before }: Change): WatchedFinding {
  const finding = now ?? before;
  if (finding === undefined) throw new TypeError("a change is of some finding");
  return finding;
}

/** Whom a finding concerns: `okmail.example.com, 192.0.2.10, zen.spamhaus.org`. */
export function subjectText({ subject: { domain, helo, address, about = [] } }: WatchedFinding): string {
  return [domain, helo, address, ...about].filter((part) => part !== undefined && part !== "").join(", ");
}

/** What has become of it, as one speaks of it. */
export function changeText({ kind, now }: Change): string {
  if (kind === "gone") return now === undefined ? "is over" : "is well again";
  const measure = kind === "new" ? "" : " now";
  if (now?.outcome === "undetermined") return `can't be told${measure}`;
  return now?.severity === "mandatory" ? `is wrong${measure}` : `is worth a remark${measure}`;
}

/** `2 new, 1 gone; 3 stand. A strict receiver refuses this mail.` */
export function headline({ changes, open, verdict }: News): string {
  const counts = (["new", "changed", "gone"] as const).flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind).length;
    return count === 0 ? [] : [`${count} ${kind}`];
  });
  const said = counts.length === 0 ? "nothing has changed" : counts.join(", ");
  return `${said}; ${open.length === 0 ? "nothing stands" : open.length === 1 ? "1 stands" : `${open.length} stand`}. ${verdictTexts[verdict]}`;
}
