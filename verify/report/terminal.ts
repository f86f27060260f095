import { styleText } from "node:util";
import type { Report, ReportedFinding } from "../report.ts";
import { printable } from "./printable.ts";
import {
  headline,
  inOrderOfWeight,
  marks,
  partsOf,
  standingOf,
  summary,
  type Part,
  type Standing,
} from "./words.ts";

const colours = {
  good: "green",
  refused: "red",
  remark: "yellow",
  unclear: "magenta",
} as const satisfies Record<Standing, string>;

const narrowest = 60;
const widest = 140;

/** A report for people: a table for the domain and one for each host, coloured if `stream` is a terminal that wants it (NO_COLOR). */
export function terminalReport(report: Report, stream: NodeJS.WriteStream = process.stdout): string {
  const width = Math.min(widest, Math.max(narrowest, stream.isTTY ? stream.columns : 120));
  return [
    ...partsOf(report).map((part) => partTable(part, stream, width)),
    ...(report.unchecked.length === 0 ? [] : [`Not checked: ${report.unchecked.join("; ")}.`]),
    paint(report.verdict, summary(report), stream),
  ].join("\n\n");
}

function partTable({ title, findings }: Part, stream: NodeJS.WriteStream, width: number): string {
  const rules = Math.max(...findings.map(({ rule }) => rule.length), 0);
  const rows = inOrderOfWeight(findings).map((finding) => row(finding, rules, stream, width));
  return [styleText("bold", printable(title), { stream }), ...rows].join("\n");
}

function row(finding: ReportedFinding, rules: number, stream: NodeJS.WriteStream, width: number): string {
  const standing = standingOf(finding);
  const indent = rules + 6;
  const text = wrapped(printable(headline(finding)), width - indent);
  const fix = finding.fix === undefined ? [] : wrapped(`-> ${printable(finding.fix)}`, width - indent);
  const source = finding.fix === undefined ? [] : [styleText("dim", `[${finding.source}]`, { stream })];
  const lines = [...text, ...fix, ...source];
  const head = `  ${paint(standing, marks[standing], stream)} ${finding.rule.padEnd(rules)}  `;
  return lines.map((line, index) => (index === 0 ? head : " ".repeat(indent)) + line).join("\n");
}

function paint(standing: Standing, text: string, stream: NodeJS.WriteStream): string {
  return styleText(colours[standing], text, { stream });
}

/** Broken between words. A longer word, such as a key, stays whole, so that it can be copied. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
