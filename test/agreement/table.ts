import type { Witness } from "./row.ts";
import type { Outcome, Verdict } from "./verdict.ts";

const WITNESSES: Readonly<Record<Witness, string>> = {
  preview: "Preview",
  before: "Before creation",
  dns: "Live DNS",
  labDns: "The lab's DNS",
  receiver: "Receiver",
  lab: "The lab's receiver",
};

/** The matrix in Markdown: a row for each misconfiguration, with what all who were asked say of it and why they may differ. */
export function matrixTable(outcomes: readonly Outcome[]): string {
  const asked = (Object.keys(WITNESSES) as Witness[]).filter((witness) =>
    outcomes.some(({ witnesses }) => witnesses[witness] !== undefined),
  );
  const header = [
    ...["", "Misconfiguration", "Cloud", "Up"],
    ...asked.map((witness) => WITNESSES[witness]),
    "Why they differ",
  ];
  const rows = outcomes.map(({ row, refusals, up, witnesses }, index) => [
    String(index + 1),
    `${row.group}: ${row.title}`,
    refusals.length > 0 ? "refuses" : "",
    cell(up),
    // That a resource passes before it is created says nothing.
    ...asked.map((witness) =>
      witness === "before" && witnesses.before?.blocked === false ? "" : cell(witnesses[witness]),
    ),
    asked
      .flatMap((witness) => (row.differs[witness] === undefined ? [] : `${witness}: ${row.differs[witness]}`))
      .join("; "),
  ]);
  const widths = header.map((title, column) =>
    Math.max(3, ...[title, ...rows.map((cells) => cells[column] ?? "")].map((text) => escaped(text).length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => escaped(text).padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function cell(verdict: Verdict | undefined): string {
  if (verdict === undefined) return "";
  const { blocked, why } = verdict;
  return `${blocked ? "BLOCKED" : "passes"}${why.length > 0 ? ` (${why.join(", ")})` : ""}`;
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
