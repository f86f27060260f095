import type { Report, ReportedFinding } from "../report.ts";
import { printable } from "./printable.ts";
import { headline, inOrderOfWeight, marks, partsOf, standingOf, summary, type Part } from "./words.ts";

/** A report for an issue or a pull request: a table for the domain and one for each host (GitHub Flavored Markdown 4.10). */
export function markdownReport(report: Report): string {
  return [
    `**${escaped(summary(report))}**`,
    ...partsOf(report).map(partTable),
    ...(report.unchecked.length === 0 ? [] : [`Not checked: ${escaped(report.unchecked.join("; "))}.`]),
    `Verified ${report.time} by ${escaped(report.resolvers.join(", "))}.`,
    "",
  ].join("\n\n");
}

function partTable({ title, findings }: Part): string {
  return [
    `### ${escaped(title)}`,
    "",
    "|   | rule | what was found | what to do |",
    "| - | ---- | -------------- | ---------- |",
    ...inOrderOfWeight(findings).map(row),
  ].join("\n");
}

function row(finding: ReportedFinding): string {
  const cells = [
    marks[standingOf(finding)],
    `\`${finding.rule}\``,
    escaped(headline(finding)),
    finding.fix === undefined ? "" : `${escaped(finding.fix)} (${escaped(finding.source)})`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Records and banners are strangers' text: nothing of it may be a link, a mention, a tag or the end of a cell. */
export function escaped(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]()#+!|~^$-]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("@", "&#64;")
    .replaceAll("://", "&#58;//");
}
