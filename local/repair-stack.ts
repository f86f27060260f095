import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalStack, StackLock, StackState, StateResource } from "./stack.ts";

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
  await stack.import(withResources(state, unnoted));
  // Fills in what they are like, and settles updates and deletions that were under way.
  const refresh = await stack.refresh();
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

/**
 * The state with these resources in it and no creation pending: one has either taken effect or not. (The engine's own
 * `--import-pending-creates` would not do: one that sees its provider die notes no pending creation.)
 */
function withResources(state: StackState, unnoted: readonly UnnotedResource[]): StackState {
  const { resources = [], pending_operations: pending = [] } = state.deployment;
  const noted = unnoted.map(({ id, urn, type }) => {
    const attempt = pending.find(({ resource }) => resource.urn === urn)?.resource;
    return { ...(attempt ?? { urn, type, custom: true, provider: providerOf(type, resources) }), id };
  });
  return {
    ...state,
    deployment: {
      ...state.deployment,
      resources: [...resources, ...noted],
      pending_operations: pending.filter(({ type }) => type !== "creating"),
    },
  };
}

/** The reference of the provider that answers for a type. */
function providerOf(type: string, resources: readonly StateResource[]): string {
  const packageName = type.split(":")[0] ?? "";
  const provider = resources.find((resource) => resource.type === `pulumi:providers:${packageName}`);
  if (provider === undefined) throw new Error(`The stack's state has no provider for ${type}.`);
  return `${provider.urn}::${provider.id ?? ""}`;
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
