import { writeFile } from "node:fs/promises";
import { consoleOn } from "../local/console.ts";
import { InterruptedError, untilInterrupted, userInterrupts } from "../toolchain/interrupts.ts";
import { subjectOf, verifyOnce } from "./asking.ts";
import { endpointText } from "./endpoint.ts";
import { startProbe, type Probe } from "./probe.ts";
import { exitCodeOf, type Report } from "./report.ts";
import { htmlReport } from "./report/html.ts";
import { markdownReport } from "./report/markdown.ts";
import { terminalReport } from "./report/terminal.ts";
import type { Subject } from "./subject.ts";
import { usageError } from "./usage-error.ts";
import { readVerifyArguments, verifyUsage, type VerifyArguments } from "./verify-arguments.ts";
import { watch } from "./watch.ts";

/** `okmail verify`: its arguments in, the exit code out. */
export async function verifyCommand(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${verifyUsage}\n`);
    return 0;
  }
  let options: VerifyArguments;
  try {
    options = readVerifyArguments(args);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\nokmail verify --help says more.\n`);
    return usageError;
  }
  // What others read stands alone on standard output.
  const screen = consoleOn(options.format === "terminal" ? process.stdout : process.stderr);
  using interrupts = userInterrupts();
  const { stop: signal } = interrupts;
  let probe: Probe | undefined;
  try {
    const subject = await subjectOf(options.source, (line) => screen.progress(line), signal);
    probe = await probeFor(subject, options);
    if (probe !== undefined)
      screen.text(`Listening on ${endpointText(probe)}: have each host send a message there now.`);
    const run = () => verifyOnce(subject, options, (line) => screen.progress(line), probe?.heard);
    const report = await untilInterrupted(
      options.watch
        ? watch({
            ...options,
            run,
            signal,
            report: (line) => screen.done(line),
            progress: (line) => screen.progress(line),
          })
        : run(),
      signal,
    );
    if (options.html !== undefined) await writeFile(options.html, htmlReport(report));
    screen.text("");
    process.stdout.write(`${rendered(report, options)}\n`);
    return exitCodeOf(report.verdict);
  } catch (error) {
    if (error instanceof InterruptedError) return error.exitCode;
    process.stderr.write(`${messageOf(error)}\n`);
    return usageError;
  } finally {
    probe?.close();
  }
}

async function probeFor(
  { senders }: Subject,
  { probe, timeLimit }: VerifyArguments,
): Promise<Probe | undefined> {
  if (probe === undefined) return undefined;
  try {
    return await startProbe({
      listen: probe,
      awaited: senders.flatMap(({ addresses }) => addresses),
      timeout: timeLimit,
    });
  } catch (error) {
    throw new Error(
      `--probe ${endpointText(probe)}: can't listen there (${(error as NodeJS.ErrnoException).code ?? String(error)}). ` +
        "Ports below 1024 need root, or choose another and have it forwarded.",
      { cause: error },
    );
  }
}

function rendered(report: Report, { format }: VerifyArguments): string {
  switch (format) {
    case "json":
      return JSON.stringify(report, undefined, 2);
    case "markdown":
      return markdownReport(report);
    case "terminal":
      return terminalReport(report);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
