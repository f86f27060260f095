import { InterruptedError, userInterrupts } from "../toolchain/interrupts.ts";
import { readArguments } from "./arguments.ts";
import { consoleOn, describeChanges, engineProgress } from "./console.ts";
import { deliveryRows, renderRows } from "./delivery-table.ts";
import { policyArguments } from "./policy-arguments.ts";
import { sendTestMessage, type SentMessage } from "./send-test-message.ts";
import { openSession, type Session } from "./session.ts";

// `npm start`: this project on the local cloud. `pulumi up`, then a message from each host to a strict receiver, and what
// the receiver saw of it.

using interrupts = userInterrupts();
const screen = consoleOn(process.stdout);
try {
  process.exitCode = await start();
} catch (error) {
  const { stop } = interrupts;
  screen.text(`\n${stop.aborted ? "Stopped. `npm start` goes on from here." : describeError(error)}`);
  process.exitCode = stop.reason instanceof InterruptedError ? stop.reason.exitCode : 1;
}

async function start(): Promise<number> {
  const began = performance.now();
  const options = readArguments();
  screen.progress("Starting the local cloud");
  const session = await openSession({
    ...options,
    report: (line) => screen.progress(line),
    signal: interrupts.stop,
  });
  try {
    const { engine, cloud } = session;
    screen.done(
      `Pulumi ${engine.version} (${engine.source}), local cloud with DNS on 127.0.0.1:${cloud.plane.dns.port}`,
    );

    const up = await session.stack.up({
      arguments: policyArguments,
      onEvent: engineProgress((line) => screen.progress(line)),
      signal: interrupts.stop,
      kill: interrupts.kill,
    });
    for (const warning of up.warnings) screen.text(warning);
    if (interrupts.stop.aborted) throw interrupts.stop.reason;
    if (!up.succeeded) {
      screen.text(`\npulumi up failed:\n\n${up.errors.join("\n\n")}`);
      return 1;
    }
    screen.done(
      `pulumi up: ${describeChanges(up.changes)}, ${up.steps.length} resources in all; the policy pack agrees`,
    );

    const sent = await sendFromEachHost(session, up.outputs);
    for (const message of sent) showDelivery(message);
    const accepted = sent.every(({ attempt }) => attempt?.outcome === "accepted");
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    screen.text(
      accepted ? nextSteps(session, seconds) : "Not accepted: the ✗ above says why, and so what to change.",
    );
    if (accepted && options.keep) await untilStopped(session);
    return accepted ? 0 : 1;
  } finally {
    await session.close();
  }
}

interface DeclaredHost {
  readonly helo: string;
  readonly instanceId: string;
}

async function sendFromEachHost(
  { cloud, surroundings }: Session,
  outputs: Readonly<Record<string, unknown>>,
) {
  const sent: SentMessage[] = [];
  for (const { helo, instanceId } of outputs.hosts as readonly DeclaredHost[]) {
    screen.progress(`Sending a message from ${helo}`);
    sent.push(await sendTestMessage(cloud.plane, { helo, instanceId, domain: surroundings.domain }));
  }
  return sent;
}

function showDelivery({ helo, attempt, held }: SentMessage): void {
  if (attempt === undefined) {
    screen.text(`\n${helo} could not send: ${held ?? "the receiver saw no attempt"}\n`);
    return;
  }
  screen.done(`${helo} sent a DKIM-signed message to a strict receiver, which saw\n`);
  screen.text(`${renderRows(deliveryRows(attempt))}\n`);
}

function nextSteps({ surroundings, cloud: { plane } }: Session, seconds: string): string {
  return `Accepted after ${seconds} s. What to do next:
  npm start                  deploys again what you change in Pulumi.local.yaml: a host's name, a second host, SPF
  npm start -- --keep        keeps the DNS up: dig @127.0.0.1 -p ${plane.dns.port} ${surroundings.domain} TXT
  npm run local:destroy      takes everything away
  README.md                  "Going to production": the same program on AWS and Cloudflare`;
}

function untilStopped({ cloud: { plane } }: Session): Promise<void> {
  screen.text(
    `\nDNS on 127.0.0.1:${plane.dns.port}, receiver on 127.0.0.1:${plane.receiver.port}. Ctrl-C ends them.`,
  );
  return new Promise((resolve) => {
    // A signal alone keeps no process alive.
    const alive = setInterval(() => undefined, 60_000);
    interrupts.stop.addEventListener("abort", () => {
      clearInterval(alive);
      resolve();
    });
  });
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
