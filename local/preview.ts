import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { InterruptedError, userInterrupts } from "../toolchain/interrupts.ts";
import { consoleOn, engineProgress } from "./console.ts";
import { policyArguments } from "./policy-arguments.ts";
import { openSession } from "./session.ts";

// `npm run policy:local`: what the policy pack says about this program, previewed as a new stack on a local cloud that
// exists for this command only. It needs no account and no secret. The agreement table goes to the file that
// OKMAIL_AGREEMENT_TABLE names. Exits with 1 if the pack refuses, or if there is no preview to judge.

using interrupts = userInterrupts();
const screen = consoleOn(process.stdout);
const folder = await mkdtemp(path.join(tmpdir(), "okmail-preview-"));
try {
  process.exitCode = await preview();
} catch (error) {
  const reason: unknown = interrupts.stop.reason;
  screen.text(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = reason instanceof InterruptedError ? reason.exitCode : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function preview(): Promise<number> {
  screen.progress("Starting the local cloud");
  const session = await openSession({
    folder,
    report: (line) => screen.progress(line),
    signal: interrupts.stop,
  });
  try {
    const operation = await session.stack.preview({
      onEvent: engineProgress((line) => screen.progress(line)),
      arguments: policyArguments,
      signal: interrupts.stop,
      kill: interrupts.kill,
    });
    if (interrupts.stop.aborted) throw interrupts.stop.reason;
    for (const warning of operation.warnings) screen.text(`${warning}\n`);
    if (!operation.succeeded) {
      screen.text(`Refused:\n\n${operation.errors.join("\n\n")}`);
      return 1;
    }
    screen.done(`The policy pack lets the deploy pass (${operation.steps.length} resources)`);
    return 0;
  } finally {
    await session.close();
  }
}
