import { consoleOn } from "../local/console.ts";
import { Blocklists, chooseLists, keysFromEnvironment, standardLists } from "../mail/blocklists.ts";
import type { Blocklist, Keys } from "../mail/blocklists.ts";
import { concerns, readSubject } from "../mail/blocklist/subject.ts";
import { liveResolver } from "../mail/live-resolver.ts";
import { InterruptedError, userInterrupts } from "../toolchain/interrupts.ts";
import { delistUsage, readDelistArguments, type DelistArguments } from "./delist-arguments.ts";
import { delist, type DelistResult } from "./delist.ts";
import { usageError } from "./usage-error.ts";

/** Milliseconds for one look-up, in which a query that is lost is sent once more. */
const timeLimit = 6_000;
const lostAfter = timeLimit / 3;

const exitCodes: Readonly<Record<DelistResult, number>> = { clear: 0, listed: 1, unknown: 2 };

/** `okmail delist`: its arguments in, the exit code out. */
export async function delistCommand(args: readonly string[]): Promise<number> {
  const screen = consoleOn(process.stdout);
  if (args.includes("--help")) {
    screen.text(delistUsage);
    return 0;
  }
  let options: DelistArguments;
  let lists: readonly Blocklist[];
  const keys = keysFromEnvironment(process.env);
  try {
    options = readDelistArguments(args);
    lists = listsOf(options, keys);
    open(options, lists, keys);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${delistUsage}\n`);
    return usageError;
  }
  using interrupts = userInterrupts();
  try {
    const result = await delist({
      ...options,
      // A client of its own each time: nothing is remembered, and each list is tested again.
      ask: () => open(options, lists, keys).ask(options.subject),
      report: (text) => screen.text(text),
      progress: (line) => screen.progress(line),
      signal: interrupts.stop,
    });
    return exitCodes[result];
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    screen.text(`Stopped. okmail delist ${options.subject} goes on from here.`);
    return error.exitCode;
  }
}

function listsOf({ lists, subject }: DelistArguments, keys: Keys): readonly Blocklist[] {
  const read = readSubject(subject);
  const standard = [...standardLists("addresses", keys), ...standardLists("domains", keys)];
  const chosen = (lists.length === 0 ? standard : chooseLists(lists)).filter((list) => concerns(list, read));
  if (chosen.length > 0) return chosen;
  throw new Error(
    `none of the lists is about ${subject}: some are of addresses and some of domains, take one of its kind`,
  );
}

function open({ nameServers }: DelistArguments, lists: readonly Blocklist[], keys: Keys): Blocklists {
  return new Blocklists(liveResolver(nameServers, lostAfter), { lists, keys, timeLimit });
}
