import { acquireCommand } from "./acquire/acquire-command.ts";
import { delistCommand } from "./delist-command.ts";
import { requestCommand } from "./request/request-command.ts";
import { usageError } from "./usage-error.ts";
import { verifyCommand } from "./verify-command.ts";
import { watchCommand } from "./watch/watch-command.ts";
import { zoneCommand } from "./zone/zone-command.ts";

/** One thing that `okmail` does. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Its arguments in, the exit code out. It answers --help itself. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

const commands: readonly Command[] = [
  { name: "verify", summary: "checks a live mail sender from outside", run: verifyCommand },
  { name: "delist", summary: "gets an address or domain off blocklists", run: delistCommand },
  { name: "acquire", summary: "finds Elastic IPs that are on no blocklist", run: acquireCommand },
  {
    name: "request",
    summary: "writes the request that opens port 25, and proves that it is open",
    run: requestCommand,
  },
  { name: "zone", summary: "writes a stack's records for a zone file", run: zoneCommand },
  { name: "watch", summary: "tells what has changed since it was last verified", run: watchCommand },
];

const exitCode = await okmail(process.argv.slice(2));
// Look-ups that nobody waits for any more would keep the process alive. First what was written has to be out.
process.stdout.write("", () => process.exit(exitCode));

async function okmail([name, ...args]: readonly string[]): Promise<number> {
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return command.run(args);
  if (name === "--help" || name === "help") {
    process.stdout.write(`${usage()}\n`);
    return 0;
  }
  const wrong = name === undefined ? "No command is given" : `"${name}" is no command of okmail`;
  process.stderr.write(`${wrong}.\n\n${usage()}\n`);
  return usageError;
}

function usage(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "okmail COMMAND [OPTIONS]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "okmail COMMAND --help says more.",
  ].join("\n");
}
