import { terminalReport } from "../verify/report/terminal.ts";
import { summary } from "../verify/report/words.ts";
import { InterruptedError, userInterrupts } from "../toolchain/interrupts.ts";
import type { LocalArguments } from "./arguments.ts";
import { consoleOn, describeChanges, engineProgress } from "./console.ts";
import { deliveryRows, renderRows } from "./delivery-table.ts";
import { policyArguments } from "./policy-arguments.ts";
import { sendTestMessage, type SentMessage } from "./send-test-message.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";
import { verifyStack } from "./verify-stack.ts";

/** What differs between the local clouds that one can start. */
export interface LocalScene {
  /** The command that a person starts it with. */
  readonly command: string;
  /** What starts first, for the lines of progress. */
  readonly name: string;
  readonly arguments: LocalArguments;
  /** Its data plane, made to report and to stop as the user wishes. */
  readonly dataPlane?: (terms: Pick<SessionOptions, "report" | "signal">) => SessionOptions["dataPlane"];
  /** What to do next, when a message from each host was accepted. */
  readonly nextSteps: (session: Session) => string;
}

/**
 * This project on a local cloud: `pulumi up` with the policy pack, a look at what is live, then a message from each host to a strict receiver,
 * and what the receiver saw of it. Speaks to the terminal, takes its signals, and sets the exit code of this process.
 */
export async function deployAndSend(scene: LocalScene): Promise<void> {
  using interrupts = userInterrupts();
  const screen = consoleOn(process.stdout);
  try {
    process.exitCode = await start();
  } catch (error) {
    const { stop } = interrupts;
    screen.text(
      `\n${stop.aborted ? `Stopped. \`${scene.command}\` goes on from here.` : describeError(error)}`,
    );
    process.exitCode = stop.reason instanceof InterruptedError ? stop.reason.exitCode : 1;
  }

  async function start(): Promise<number> {
    const began = performance.now();
    screen.progress(`Starting ${scene.name}`);
    const terms = { report: (line: string) => screen.progress(line), signal: interrupts.stop };
    const session = await openSession({
      ...scene.arguments,
      dataPlane: scene.dataPlane?.(terms),
      ...terms,
    });
    try {
      const { engine, cloud } = session;
      screen.done(
        `Pulumi ${engine.version} (${engine.source}), ${scene.name} with DNS on 127.0.0.1:${cloud.plane.dns.port}`,
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

      screen.progress("Verifying what is live");
      const report = await verifyStack(cloud.plane, up.outputs);
      if (report.verdict !== "good") {
        screen.text(`\n${terminalReport(report)}\n`);
        return 1;
      }
      screen.done(`okmail verify: ${summary(report)}`);

      const sent = await sendFromEachHost(session, up.outputs);
      for (const message of sent) showDelivery(message);
      const accepted = sent.every(({ attempt }) => attempt?.outcome === "accepted");
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      screen.text(
        accepted
          ? `Accepted after ${seconds} s. What to do next:\n${scene.nextSteps(session)}`
          : "Not accepted: the ✗ above says why, and so what to change.",
      );
      if (accepted && scene.arguments.keep) await untilStopped(session);
      return accepted ? 0 : 1;
    } finally {
      await session.close();
    }
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

  function untilStopped({ cloud: { plane } }: Session): Promise<void> {
    const receiver = `${plane.receiver.address}:${plane.receiver.port}`;
    screen.text(`\nDNS on 127.0.0.1:${plane.dns.port}, receiver on ${receiver}. Ctrl-C ends them.`);
    return new Promise((resolve) => {
      // A signal alone keeps no process alive.
      const alive = setInterval(() => undefined, 60_000);
      interrupts.stop.addEventListener("abort", () => {
        clearInterval(alive);
        resolve();
      });
    });
  }
}

interface DeclaredHost {
  readonly helo: string;
  readonly instanceId: string;
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
