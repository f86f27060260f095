import { writeFile } from "node:fs/promises";
import { consoleOn } from "../../local/console.ts";
import { InterruptedError, untilInterrupted, userInterrupts } from "../../toolchain/interrupts.ts";
import { subjectOf, verifyOnce } from "../asking.ts";
import { connectingChecks } from "../checks.ts";
import { exitCodeOf } from "../report.ts";
import { usageError } from "../usage-error.ts";
import { writeMetrics } from "./metrics.ts";
import { markdownNews } from "./markdown.ts";
import { newsOf, type News } from "./news.ts";
import { noticeOf, type Notice } from "./notice.ts";
import { readState, writeState } from "./state.ts";
import { readWatchArguments, watchUsage, type Audience, type WatchArguments } from "./watch-arguments.ts";

/** The exit code if nobody could be told (EX_UNAVAILABLE of sysexits.h). */
const notDelivered = 69;

/** The exit code after a change if nothing mandatory is wrong. */
const changedForGood = 3;

/** `okmail watch`: its arguments in, the exit code out. */
export async function watchCommand(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${watchUsage}\n`);
    return 0;
  }
  let options: WatchArguments;
  try {
    options = readWatchArguments(args, process.env);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\nokmail watch --help says more.\n`);
    return usageError;
  }
  using interrupts = userInterrupts();
  try {
    return await run(options, interrupts.stop);
  } catch (error) {
    if (error instanceof InterruptedError) return error.exitCode;
    process.stderr.write(`${messageOf(error)}\n`);
    return usageError;
  }
}

async function run(options: WatchArguments, signal: AbortSignal): Promise<number> {
  const screen = consoleOn(process.stderr);
  // What cron runs says nothing unless there is something to say.
  const progress = (line: string) => process.stderr.isTTY && screen.progress(line);
  const subject = await subjectOf(options.source, progress, signal);
  const before = await readState(options.state, subject.domain);
  const report = await untilInterrupted(verifyOnce(subject, options, progress), signal);
  const { news, state } = newsOf(report, before, { patience: options.patience, skipped: skippedBy(options) });
  if (process.stderr.isTTY) screen.text("");
  await write(news, options);
  if (options.metrics !== undefined) await writeMetrics(options.metrics, state);
  if (news.changes.length > 0 && options.audience !== undefined) {
    try {
      await untilInterrupted(tell(options.audience, subject.domain, noticeOf(news)), signal);
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      process.stderr.write(`${messageOf(error)}. The next run tells it.\n`);
      return notDelivered;
    }
  }
  writeState(options.state, state);
  if (news.changes.length === 0) return 0;
  return exitCodeOf(news.verdict) || changedForGood;
}

async function write(news: News, { json, markdown }: WatchArguments): Promise<void> {
  const text = markdownNews(news);
  if (markdown !== undefined) await writeFile(markdown, text);
  if (json) process.stdout.write(`${JSON.stringify({ version: 1, ...news }, undefined, 2)}\n`);
  else if (news.changes.length > 0) process.stdout.write(text);
}

/** Loaded when needed: the clients take a while. */
async function tell(audience: Audience, domain: string, notice: Notice): Promise<void> {
  if (audience.kind === "topic") return (await import("./sns.ts")).publish(audience.arn, notice);
  const { to, from = `postmaster@${domain}`, server } = audience;
  return (await import("./mail.ts")).sendMail({ to, from, server }, notice);
}

function skippedBy({ connect, blocklists }: WatchArguments): Set<string> {
  return new Set([
    ...(connect ? [] : connectingChecks),
    ...(blocklists ? [] : ["address-not-listed", "domain-not-listed"]),
  ]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
