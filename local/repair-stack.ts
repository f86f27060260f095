import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalStack, StackLock, StackState } from "./stack.ts";

/** What exists in the cloud, and which request created it. */
export interface CreatedResources {
  all(): readonly { readonly id: string; readonly type: string; readonly urn: string }[];
}

/**
 * Brings the stack back to where an operation can start, after one was killed: takes away the lock of an engine that is
 * dead, and adopts what was created without the engine having written it down, so that nothing is created twice and no
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

  const state = await stack.export();
  const pending = state.deployment.pending_operations ?? [];
  const unnoted = unnotedResources(stack, cloud, state);
  if (pending.length === 0 && unnoted.length === 0) return;
  // An engine that saw its provider die takes the creation for failed, and notes nothing: then it is noted here.
  const missing = unnoted.filter(({ urn }) => !pending.some(({ resource }) => resource.urn === urn));
  if (missing.length > 0) await stack.import(withPendingCreates(state, missing));
  const imports = unnoted.flatMap(({ urn, id }) => [
    "--import-pending-creates",
    urn,
    "--import-pending-creates",
    id,
  ]);
  const refresh = await stack.refresh({ arguments: [...imports, "--clear-pending-creates"] });
  if (!refresh.succeeded) throw new Error(`The stack could not be repaired: ${refresh.errors.join("\n")}`);
  report(
    unnoted.length === 0
      ? "An operation was interrupted; nothing that it had begun had taken effect."
      : `An operation was interrupted; took over ${unnoted.map(({ id }) => id).join(", ")}, which it had created.`,
  );
}

interface UnnotedResource {
  readonly id: string;
  readonly type: string;
  readonly urn: string;
}

/** What this stack has created in the cloud and its state does not know; the newest of each URN. */
function unnotedResources(stack: LocalStack, cloud: CreatedResources, state: StackState): UnnotedResource[] {
  const known = new Set(state.deployment.resources?.map(({ id }) => id));
  const own = cloud.all().filter(({ id, urn }) => urn.startsWith(stack.urnPrefix) && !known.has(id));
  return [...new Map(own.map((resource) => [resource.urn, resource])).values()];
}

function withPendingCreates(state: StackState, unnoted: readonly UnnotedResource[]): StackState {
  const { resources = [], pending_operations: pending = [] } = state.deployment;
  const creates = unnoted.map(({ urn, type }) => {
    const providerType = `pulumi:providers:${type.split(":")[0] ?? ""}`;
    const provider = resources.find((resource) => resource.type === providerType);
    return {
      type: "creating",
      resource: {
        urn,
        type,
        custom: true,
        ...(provider && { provider: `${provider.urn}::${provider.id ?? ""}` }),
      },
    };
  });
  return { ...state, deployment: { ...state.deployment, pending_operations: [...pending, ...creates] } };
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
