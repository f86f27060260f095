import { verdictOf, type Report, type ReportedFinding } from "../../../verify/report.ts";
import { newsOf, type News } from "../../../verify/watch/news.ts";
import type { WatchState } from "../../../verify/watch/state.ts";

export const helo = "okmail.example.com";

/** A finding in a few words: about the host's PTR unless `changes` say otherwise. */
export function finding(
  outcome: ReportedFinding["outcome"],
  changes: Partial<ReportedFinding> = {},
): ReportedFinding {
  return {
    rule: "ptr-matches-helo",
    outcome,
    severity: "mandatory",
    subject: { helo, address: "192.0.2.10" },
    message: `It ${outcome}.`,
    ...(outcome !== "agrees" && { fix: "Set the reverse name." }),
    source: "RFC 8601 3 (iprev)",
    ...changes,
  };
}

/** A report of these findings, an hour after the one numbered before. */
export function reportOf(findings: readonly ReportedFinding[], number = 0): Report {
  const of = (isOfHost: boolean) =>
    findings.filter(({ subject }) => (subject.domain === undefined) === isOfHost);
  return {
    version: 1,
    time: new Date(Date.UTC(2026, 0, 1, number)).toISOString(),
    verdict: verdictOf(findings),
    resolvers: ["resolver 1"],
    unchecked: [],
    domain: { name: "example.com", mx: [], findings: of(false) },
    senders: [{ helo, addresses: ["192.0.2.10"], names: { a: [], ptr: [] }, findings: of(true) }],
  };
}

/** The news of each of several runs, one after another. */
export function newsOfRuns(
  runs: readonly (readonly ReportedFinding[])[],
  options: { patience?: number; skipped?: ReadonlySet<string> } = {},
): { news: News[]; state: WatchState } {
  const news: News[] = [];
  let state: WatchState | undefined;
  for (const [number, findings] of runs.entries()) {
    const step = newsOf(reportOf(findings, number), state, { patience: 3, skipped: new Set(), ...options });
    news.push(step.news);
    // As the file would give it back.
    state = JSON.parse(JSON.stringify(step.state)) as WatchState;
  }
  if (state === undefined) throw new Error("no run at all");
  return { news, state };
}
