import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalStack, StackLock } from "./stack.ts";

/** Who can tell which resources a URN's requests have created. */
export interface CreatedResources {
  findByUrn(urn: string): readonly { readonly id: string }[];
}

/**
 * Brings the stack back to where an operation can start, after one was killed: takes away the lock of an engine that is
 * dead, and adopts what that engine created but could not write down any more, so that nothing is created twice and no
 * Elastic IP is lost. Reports each thing done as a sentence.
 *
 * @param patience seconds that the engine of a killed run is given to notice, and to end by itself
 * @throws StackBusyError if the lock's holder is alive
 */
export async function repairStack(
  stack: LocalStack,
  cloud: CreatedResources,
  report: (sentence: string) => void,
  patience = 15,
): Promise<void> {
  if (!(await stack.exists())) return;
  const lock = await abandonedLock(stack, report, patience);
  if (lock !== undefined) {
    await stack.unlock();
    report(
      `Removed the stack's lock: its holder, process ${lock.pid}, has ended (locked at ${lock.timestamp}).`,
    );
  }

  const { deployment } = await stack.export();
  const pending = deployment.pending_operations ?? [];
  if (pending.length === 0) return;
  const known = new Set(deployment.resources?.map(({ id }) => id));
  const adopted = pending
    .filter(({ type }) => type === "creating")
    .flatMap(({ resource: { urn } }) =>
      cloud
        .findByUrn(urn)
        .filter(({ id }) => !known.has(id))
        .slice(-1)
        .map(({ id }) => ({ urn, id })),
    );
  const imports = adopted.flatMap(({ urn, id }) => [
    "--import-pending-creates",
    urn,
    "--import-pending-creates",
    id,
  ]);
  const refresh = await stack.refresh({ arguments: [...imports, "--clear-pending-creates"] });
  if (!refresh.succeeded) throw new Error(`The stack could not be repaired: ${refresh.errors.join("\n")}`);
  report(
    `An operation was interrupted with ${count(pending.length, "step")} under way: ` +
      (adopted.length === 0
        ? "none had taken effect."
        : `took over ${adopted.map(({ id }) => id).join(", ")}, which it had created.`),
  );
}

/** The stack's lock, if there is one that nobody holds any more; waits a little for a holder that is about to end. */
async function abandonedLock(
  stack: LocalStack,
  report: (sentence: string) => void,
  patience: number,
): Promise<StackLock | undefined> {
  for (let second = 0; ; second++) {
    const lock = await stack.lock();
    if (lock === undefined || (lock.hostname === hostname() && !isAlive(lock.pid))) return lock;
    if (second === 0) report(`Waiting for process ${lock.pid}, which holds the stack's lock.`);
    if (second >= patience) throw new StackBusyError(lock);
    await sleep(1_000);
  }
}

/** The stack is in use; `message` says by whom, and what to do. */
export class StackBusyError extends Error {
  override readonly name = "StackBusyError";

  constructor({ pid, hostname: host, timestamp }: StackLock) {
    super(
      `The stack is locked by process ${pid} on ${host} since ${timestamp}. ` +
        "Wait for it to end, or end it; then `npm run local:repair` makes the stack usable again.",
    );
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
