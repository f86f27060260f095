import type { Spread } from "./measure.ts";

/** One of the benchmarks that `npm run bench` knows by name. */
export interface Benchmark {
  /** What it compares, for the heading of its table. */
  readonly title: string;
  run(options: BenchmarkOptions): Promise<readonly Row[]>;
}

export interface BenchmarkOptions {
  /** Whether to go to the largest size where that takes many minutes. */
  readonly full: boolean;
  /** Told what is being done, a line each. */
  readonly report: (line: string) => void;
}

/** A line of a table, by the headings of its columns. */
export type Row = Readonly<Record<string, string | number | Spread>>;

/** Rows as text: numbers with three digits, of several measurements the median with the lowest and highest. */
export function table(rows: readonly Row[]): string {
  const headings = Object.keys(rows[0] ?? {});
  const lines = [headings, ...rows.map((row) => headings.map((heading) => text(row[heading] ?? "")))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("   "))
    .join("\n");
}

function text(cell: string | number | Spread): string {
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return digits(cell);
  return `${digits(cell.median)} (${digits(cell.lowest)} to ${digits(cell.highest)})`;
}

function digits(value: number): string {
  return value.toLocaleString(
    "en-US",
    Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 },
  );
}
