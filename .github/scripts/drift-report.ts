import { bodyLimit, clip, folded } from "./markdown.ts";

/** How a command of the engine ended. `code` is undefined if it was not run. */
export interface Check {
  readonly code: number | undefined;
  readonly output: string;
}

export interface DriftChecks {
  readonly stack: string;
  /** `preview --refresh --expect-no-changes`: the cloud against the program that was deployed. */
  readonly changes: Check;
  /** `preview --refresh` with the policy pack: its verdict on the cloud as it is. */
  readonly live: Check;
  /** `policy analyze` of the exported state: its verdict on what was recorded. */
  readonly recorded: Check;
  /** The policy pack's agreement table of the cloud as it is, if it was written. */
  readonly table: string | undefined;
  readonly log: string;
}

/**
 * none: the cloud is as it was deployed, and agrees. drift: it is not. undetermined: it could not be looked at, which
 * is no news about it.
 */
export type Drift = "none" | "drift" | "undetermined";

/** The engine's exit code when `--expect-no-changes` finds changes. Every fault has another. */
const changesFound = 7;

export function judgeDrift({ changes, live, recorded }: DriftChecks): Drift {
  if (changes.code !== 0 && changes.code !== changesFound) return "undetermined";
  if (live.code === undefined || recorded.code === undefined) return "undetermined";
  return [changes, live, recorded].every(({ code }) => code === 0) ? "none" : "drift";
}

/** The text in at most `limit` UTF-16 units: what differs, what to do, then the engine's words. */
export function driftReport(checks: DriftChecks, limit: number = bodyLimit): string {
  const { stack, changes, live, recorded, table, log } = checks;
  const found = [
    { check: changes, says: "The cloud is not as it was deployed", title: "Differences" },
    {
      check: live,
      says: "The policy pack does not accept the cloud as it is",
      title: "Verdict on the cloud",
    },
    {
      check: recorded,
      says: "The policy pack does not accept the recorded state",
      title: "Verdict on the state",
    },
  ].filter(({ check }) => check.code !== 0);

  const head = [
    found.map(({ says }) => `- ${says}.`).join("\n"),
    ...(table === undefined ? [] : [clip(table.trim(), limit / 4)]),
    "Nothing is repaired by itself: an Elastic IP or a PTR set back at the wrong moment costs mail. If the change was " +
      `wanted, put it into the program; if not, look at \`npx pulumi preview -s ${stack} --refresh --diff\`, then ` +
      `run \`npx pulumi up -s ${stack} --refresh\`. This issue closes by itself when the drift is gone.`,
    `<sub>[Log](${log})</sub>`,
  ].join("\n\n");

  const share = Math.floor((limit - head.length) / Math.max(found.length, 1)) - 2;
  return [head, ...found.map(({ title, check }) => folded(title, check.output.trimEnd(), share))].join(
    "\n\n",
  );
}
