import type { Report, ReportedFinding, Verdict } from "../report.ts";

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
export function inOrderOfWeight(findings: readonly ReportedFinding[]): ReportedFinding[] {
  const weights: readonly Standing[] = ["refused", "unclear", "remark", "good"];
  const rank = (finding: ReportedFinding) =>
    2 * weights.indexOf(standingOf(finding)) + (finding.severity === "mandatory" ? 0 : 1);
  return findings.toSorted((one, other) => rank(one) - rank(other));
}

/** The finding in the fewest words that say it all, its doubt with it. */
export function headline({ outcome, message }: ReportedFinding): string {
  return outcome === "undetermined" ? `Can't be told: ${message}` : message;
}

const verdictTexts: Readonly<Record<Verdict, string>> = {
  good: "A strict receiver takes this mail.",
  refused: "A strict receiver refuses this mail.",
  unclear: "It can't be told whether a strict receiver takes this mail.",
};

/** `A strict receiver takes this mail. 31 agree, 2 remarks.` */
export function summary({ verdict, senders }: Report): string {
  const standings = senders.flatMap(({ findings }) => findings.map(standingOf));
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
  return `${verdictTexts[verdict]} ${said.join(", ")}.`;
}
