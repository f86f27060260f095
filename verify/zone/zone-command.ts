import { consoleOn } from "../../local/console.ts";
import { InterruptedError, userInterrupts } from "../../toolchain/interrupts.ts";
import { outputsInFile, outputsOfStack } from "../stack-outputs.ts";
import { usageError } from "../usage-error.ts";
import { readZoneArguments, zoneUsage, type ZoneArguments } from "./zone-arguments.ts";
import { handChecks, handCheckText } from "./zone-commands.ts";
import { reverseFragment, zoneFragment } from "./zone-file.ts";
import { zoneRecordsOf, type ZoneRecords } from "./zone-records.ts";

/** `okmail zone`: its arguments in, the exit code out. */
export async function zoneCommand(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${zoneUsage}\n`);
    return 0;
  }
  using interrupts = userInterrupts();
  try {
    const options = readZoneArguments(args);
    const records = zoneRecordsOf(await outputsOf(options, interrupts.stop));
    process.stdout.write(textOf(records, options));
    return 0;
  } catch (error) {
    if (error instanceof InterruptedError) return error.exitCode;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${message}\n\nokmail zone --help says more.\n`);
    return usageError;
  }
}

function outputsOf({ source }: ZoneArguments, signal: AbortSignal): Promise<unknown> {
  if (source.kind === "outputs") return outputsInFile(source.file);
  const screen = consoleOn(process.stderr);
  return outputsOfStack(source.name, { report: (line) => screen.progress(line), signal });
}

function textOf(records: ZoneRecords, { what, ttl, server }: ZoneArguments): string {
  switch (what) {
    case "forward":
      return zoneFragment(records, ttl);
    case "reverse":
      return reverseFragment(records, ttl);
    case "commands":
      return handCheckText(handChecks(records, server));
  }
}
