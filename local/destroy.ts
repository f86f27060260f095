import { rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { userInterrupts } from "../toolchain/interrupts.ts";
import { readArguments, type LocalArguments } from "./arguments.ts";
import { ZONE_DNSSEC } from "./cloudflare/zone-dnssec.ts";
import { consoleOn, describeChanges, engineProgress } from "./console.ts";
import { openSession } from "./session.ts";

// `npm run local:destroy`: destroys the stack as on the real cloud, in reverse order, then takes away the local cloud.

using interrupts = userInterrupts();
const screen = consoleOn(process.stdout);
try {
  const options = readArguments();
  if (!options.force) await destroyStack(options);
  await rm(options.folder, { recursive: true, force: true });
  // The folder above, if nothing else is in it.
  await rmdir(path.dirname(options.folder)).catch(() => undefined);
  screen.done("Nothing of the local cloud is left.");
} catch (error) {
  screen.text(`\n${error instanceof Error ? error.message : String(error)}`);
  screen.text(
    "`npm run local:destroy -- --force` removes the local cloud without destroying the stack first.",
  );
  process.exitCode = 1;
}

async function destroyStack(options: LocalArguments): Promise<void> {
  const session = await openSession({
    ...options,
    report: (line) => screen.progress(line),
    signal: interrupts.stop,
  });
  try {
    const destroyed = await session.stack.destroy({
      onEvent: engineProgress((line) => screen.progress(line)),
      signal: interrupts.stop,
      kill: interrupts.kill,
    });
    if (!destroyed.succeeded) throw new Error(`pulumi destroy failed:\n\n${destroyed.errors.join("\n\n")}`);
    screen.done(`pulumi destroy: ${describeChanges(destroyed.changes)}`);
    // What no stack has made, such as an address by okmail acquire, goes with the cloud, and so does a zone's DNSSEC, which
    // stays on when its stack goes.
    const left = session.cloud.store.all().filter(({ urn, type }) => urn !== "" && type !== ZONE_DNSSEC);
    if (left.length > 0)
      throw new Error(`The stack is gone, but the cloud still has ${left.map(({ id }) => id).join(", ")}.`);
  } finally {
    await session.close();
  }
}
