import { findingsIn, verdictOf, type Report, type Verdict } from "../report.ts";
import type { KnownFinding, WatchedFinding, WatchState } from "./state.ts";

/** Something that stands otherwise than it was told. */
export interface Change {
  /** new: it is wrong, or can't be told, and was in order. gone: the reverse. changed: it is wrong in another measure. */
  readonly kind: "new" | "gone" | "changed";
  /** As it was told; missing where nothing had been. */
  readonly before?: WatchedFinding | undefined;
  /** As it is; missing where nothing is said of it any more. */
  readonly now?: WatchedFinding | undefined;
}

/** What one run has to tell. */
export interface News {
  readonly domain: string;
  readonly time: string;
  readonly verdict: Verdict;
  /** When something had changed before, if ever. */
  readonly before: string | undefined;
  readonly changes: readonly Change[];
  /** All that is wrong or can't be told, the changes with it. */
  readonly open: readonly KnownFinding[];
}

export interface CompareOptions {
  /** Runs in a row in which nobody can tell until that is news itself. */
  readonly patience: number;
  /** Rules and checks that this run leaves out, which says nothing of them. */
  readonly skipped: ReadonlySet<string>;
}

/**
 * What has changed since the run that left `state`, and the state that this run leaves. A matter is a rule with its subject:
 * texts may differ from run to run, by times, counts and resolvers. What nobody can tell changes nothing at first.
 */
export function newsOf(
  report: Report,
  state: WatchState | undefined,
  options: CompareOptions,
): { readonly news: News; readonly state: WatchState } {
  const found = matters(findingsIn(report));
  const known = new Map(state?.findings.map((one) => [idOf(one.finding), one] as const));
  const steps = [...[...found].map(([id, finding]) => step(known.get(id), finding, report.time, options))];
  const doubts = steps.flatMap(({ known: one }) => (one !== undefined && one.doubts > 0 ? [one] : []));
  const missing = [...known].flatMap(([id, one]) => (found.has(id) ? [] : [unsaid(one, doubts, options)]));
  steps.push(...missing);
  const changes = steps.flatMap(({ change }) => change ?? []);
  const findings = steps.flatMap(({ known: one }) => one ?? []);
  const open = findings.filter(({ told, finding }) => told && finding.outcome !== "agrees");
  const changed = changes.length > 0 ? report.time : state?.changed;
  const domain = report.domain.name;
  return {
    news: {
      domain,
      time: report.time,
      verdict: verdictOf(open.map(({ finding }) => finding)),
      before: state?.changed,
      changes,
      open,
    },
    state: {
      kind: "okmail watch",
      version: 1,
      domain,
      time: report.time,
      ...(changed !== undefined && { changed }),
      findings,
    },
  };
}

/** Of several findings about one matter, the worst. One about several values is of each of them. */
function matters(findings: readonly WatchedFinding[]): Map<string, WatchedFinding> {
  const parts = findings.flatMap((finding) => {
    const { about = [] } = finding.subject;
    return about.length < 2
      ? [finding]
      : about.map((one) => ({ ...finding, subject: { ...finding.subject, about: [one] } }));
  });
  const worst = new Map<string, WatchedFinding>();
  for (const finding of parts) {
    const other = worst.get(idOf(finding));
    if (other === undefined || weightOf(finding) > weightOf(other)) worst.set(idOf(finding), finding);
  }
  return worst;
}

function idOf({ rule, subject }: WatchedFinding): string {
  const { domain, helo, address, about = [] } = subject;
  return JSON.stringify([rule, domain, helo, address, ...about]);
}

function weightOf({ outcome, severity }: WatchedFinding): number {
  return 2 * ["agrees", "undetermined", "disagrees"].indexOf(outcome) + (severity === "mandatory" ? 1 : 0);
}

interface Step {
  /** Missing once there is nothing to remember. */
  readonly known?: KnownFinding;
  readonly change?: Change | undefined;
}

function step(
  known: KnownFinding | undefined,
  finding: WatchedFinding,
  time: string,
  { patience }: CompareOptions,
): Step {
  const before = known?.told === true ? known.finding : undefined;
  const doubts = finding.outcome === "undetermined" ? (known?.doubts ?? 0) + 1 : 0;
  const isDoubtful = doubts > 0 && doubts < patience && before?.outcome !== "undetermined";
  if (isDoubtful) return { known: { finding, told: false, since: time, ...known, doubts } };
  const stays = before !== undefined && standsAs(before, finding);
  return {
    known: { finding, told: true, since: stays && known !== undefined ? known.since : time, doubts },
    change: stays ? undefined : changeFrom(before, finding),
  };
}

/** What this run does not mention: it is over, unless nobody could look. A doubt that lasts takes its place. */
function unsaid(
  known: KnownFinding,
  doubts: readonly KnownFinding[],
  { skipped, patience }: CompareOptions,
): Step {
  const { finding, told } = known;
  const hiding = doubts.filter((doubt) => hides(doubt.finding, finding));
  if (skipped.has(finding.rule) || hiding.some((doubt) => doubt.doubts < patience)) return { known };
  if (hiding.length > 0) return {};
  return told && finding.outcome !== "agrees" ? { change: { kind: "gone", before: finding } } : {};
}

/** Whether a doubt is so wide that it may be why nothing is said of `finding`. */
function hides(
  { rule, subject: wide }: WatchedFinding,
  { subject: narrow, ...finding }: WatchedFinding,
): boolean {
  return (
    rule === finding.rule &&
    wide.domain === narrow.domain &&
    wide.helo === narrow.helo &&
    [undefined, narrow.address].includes(wide.address) &&
    (wide.about ?? []).length === 0
  );
}

function standsAs(one: WatchedFinding, other: WatchedFinding): boolean {
  if (one.outcome !== other.outcome) return false;
  return one.outcome === "agrees" || one.severity === other.severity;
}

function changeFrom(before: WatchedFinding | undefined, now: WatchedFinding): Change | undefined {
  const wasGood = before === undefined || before.outcome === "agrees";
  if (now.outcome === "agrees") return wasGood ? undefined : { kind: "gone", before, now };
  return { kind: wasGood ? "new" : "changed", before, now };
}
