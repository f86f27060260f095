import { clip, folded } from "./markdown.ts";

export interface Preview {
  readonly stack: string;
  /** Whether it ended well: the program runs, and the policy pack has no objection. */
  readonly accepted: boolean;
  /** The policy pack's agreement table, in Markdown; undefined if the preview ended before it was written. */
  readonly table: string | undefined;
  /** What the engine printed. */
  readonly output: string;
  /** The commit that was previewed, and where its log is. */
  readonly commit: string;
  readonly log: string;
}

/** What the reviewers of a change read: the verdict, the table, then the diff, in at most `limit` UTF-16 units. */
export function previewReport(preview: Preview, limit: number): string {
  const { stack, accepted, table, output, commit, log } = preview;
  const heading = `### Preview of ${stack}: ${accepted ? "accepted" : "refused"}`;
  const origin = `<sub>Commit ${commit}, [log](${log})</sub>`;
  const around = (...parts: string[]) => [heading, ...parts, origin].join("\n\n") + "\n";

  // Rows of hosts go before the whole diff does.
  const agreement = clip(table?.trim() ?? noTable, limit / 2);
  const diff = (accepted ? output.replace(expectation, "") : output).trimEnd();
  return around(agreement, folded("Changes", diff, limit - around(agreement, "").length));
}

// With --expect-no-changes the engine calls any change an error. Where the workflow only asked whether there are any, it
// is none, and reviewers would stumble over it.
const expectation = /^error: no changes were expected .*$/m;

const noTable =
  "There is no agreement table: the preview ended before the policy pack could judge the plan. The end of the " +
  "output says why.";
