import { findingsIn, type Report, type ReportedFinding, type Verdict } from "../report.ts";

/** How a finding stands, in one word for each of four. */
export type Standing = "good" | "refused" | "remark" | "unclear";

export function standingOf({ outcome, severity }: Pick<ReportedFinding, "outcome" | "severity">): Standing {
  if (outcome === "agrees") return "good";
  if (outcome === "undetermined") return "unclear";
  return severity === "mandatory" ? "refused" : "remark";
}

export const marks: Readonly<Record<Standing, string>> = {
  good: "✓",
  refused: "✗",
  remark: "!",
  unclear: "?",
};

/** The worst first, then by rule: what people look for. */
export function inOrderOfWeight<F extends Pick<ReportedFinding, "outcome" | "severity">>(
  findings: readonly F[],
): F[] {
  const weights: readonly Standing[] = ["refused", "unclear", "remark", "good"];
  const rank = (finding: F) =>
    2 * weights.indexOf(standingOf(finding)) + (finding.severity === "mandatory" ? 0 : 1);
  return findings.toSorted((one, other) => rank(one) - rank(other));
}

/** The finding in the fewest words that say it all, its doubt with it. */
export function headline({ outcome, message }: ReportedFinding): string {
  return outcome === "undetermined" ? `Can't be told: ${message}` : message;
}

/** A part of a report: what it is about, as a heading, and what is said of it. */
export interface Part {
  readonly title: string;
  readonly findings: readonly ReportedFinding[];
}

/** The domain, then each host, for reports that are tables. */
export function partsOf({ domain, senders }: Report): Part[] {
  return [
    { title: domain.name === "" ? "bounces only, of no domain" : domain.name, findings: domain.findings },
    ...senders.map(({ helo, addresses, findings }) => ({
      title: `${helo} (${addresses.join(", ") || "no address"})`,
      findings,
    })),
  ].filter(({ findings }) => findings.length > 0);
}

export const verdictTexts: Readonly<Record<Verdict, string>> = {
  good: "A strict receiver takes this mail.",
  refused: "A strict receiver refuses this mail.",
  unclear: "It can't be told whether a strict receiver takes this mail.",
};

/** `A strict receiver takes this mail. 31 agree, 2 remarks.` */
export function summary(report: Report): string {
  const standings = findingsIn(report).map(standingOf);
  const count = (standing: Standing) => standings.filter((one) => one === standing).length;
  const parts = [
    [count("refused"), "disagrees", "disagree"],
    [count("unclear"), "can't be told", "can't be told"],
    [count("remark"), "remark", "remarks"],
    [count("good"), "agrees", "agree"],
  ] as const;
  const said = parts
    .filter(([amount]) => amount > 0)
    .map(([amount, one, several]) => `${amount} ${amount === 1 ? one : several}`);
  return `${verdictTexts[report.verdict]} ${said.join(", ")}.`;
}
