import { rename, writeFile } from "node:fs/promises";
import { marks, standingOf, type Standing } from "../report/words.ts";
import type { KnownFinding, WatchState } from "./state.ts";

/** The state in numbers, in the text format of Prometheus, for the textfile collector of its node exporter. */
export function metricsOf({ domain, time, changed, findings }: WatchState): string {
  const told = findings.filter((one) => one.told);
  const count = (standing: Standing) => told.filter(({ finding }) => standingOf(finding) === standing).length;
  const open = told.filter(({ finding }) => finding.outcome !== "agrees");
  return [
    metric(
      "okmail_verify_findings",
      "Findings by how they stand.",
      Object.keys(marks).map((standing) => [{ domain, standing }, count(standing as Standing)]),
    ),
    metric(
      "okmail_verify_open",
      "1 for each finding that is wrong or can't be told.",
      open.map((one) => [labelsOf(domain, one), 1]),
    ),
    metric("okmail_verify_last_run_timestamp_seconds", "When it was last verified.", [
      [{ domain }, seconds(time)],
    ]),
    metric(
      "okmail_verify_last_change_timestamp_seconds",
      "When something had changed for the last time.",
      changed === undefined ? [] : [[{ domain }, seconds(changed)]],
    ),
  ].join("");
}

/** Replaces the file, which the collector may read at any time. */
export async function writeMetrics(file: string, state: WatchState): Promise<void> {
  // The collector reads *.prom only.
  const draft = `${file}.${process.pid}.new`;
  await writeFile(draft, metricsOf(state));
  await rename(draft, file);
}

type Labels = Readonly<Record<string, string>>;

function labelsOf(domain: string, { finding }: KnownFinding): Labels {
  const { rule, outcome, severity, subject } = finding;
  const { helo = "", address = "", about = [] } = subject;
  return { domain, rule, outcome, severity, helo, address, about: about.join(",") };
}

function metric(name: string, help: string, samples: readonly (readonly [Labels, number])[]): string {
  const lines = samples.map(([labels, value]) => `${name}{${labelText(labels)}} ${value}\n`);
  return lines.length === 0 ? "" : `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`)
    .join(",");
}

function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
