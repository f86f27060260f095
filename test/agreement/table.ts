import type { Outcome, Verdict } from "./verdict.ts";

/** The matrix in Markdown: a row for each misconfiguration, with what all say of it and why they may differ. */
export function matrixTable(outcomes: readonly Outcome[]): string {
  const header = [
    "",
    "Misconfiguration",
    "Cloud",
    "Preview",
    "Before creation",
    "Up",
    "Live DNS",
    "Receiver",
    "Why they differ",
  ];
  const rows = outcomes.map(({ row, refusals, up, witnesses }, index) => [
    String(index + 1),
    `${row.group}: ${row.title}`,
    refusals.length > 0 ? "refuses" : "",
    cell(witnesses.preview),
    witnesses.before.blocked ? "refused" : "",
    cell(up),
    cell(witnesses.dns),
    cell(witnesses.receiver),
    Object.entries(row.differs)
      .map(([witness, reason]) => `${witness}: ${reason}`)
      .join("; "),
  ]);
  const widths = header.map((title, column) =>
    Math.max(3, ...[title, ...rows.map((cells) => cells[column] ?? "")].map((text) => escaped(text).length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => escaped(text).padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function cell({ blocked, why }: Verdict): string {
  return `${blocked ? "BLOCKED" : "passes"}${why.length > 0 ? ` (${why.join(", ")})` : ""}`;
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
