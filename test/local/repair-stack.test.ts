import { hostname } from "node:os";
import { expect, test } from "vitest";
import { repairStack, StackBusyError } from "../../local/repair-stack.ts";
import type { LocalStack, StackLock, StackState } from "../../local/stack.ts";

const lockOf = (pid: number, host = hostname()): StackLock => ({
  pid,
  username: "somebody",
  hostname: host,
  timestamp: "2026-01-01T00:00:00Z",
});
const dead = 2 ** 22 + 1;

/** A stack in a given state that notes what is done to it; the engine itself runs in test/integration/interruption. */
function stackIn(state: { lock?: StackLock; pending?: StackState["deployment"]["pending_operations"] }) {
  const done: string[] = [];
  const stack = {
    urnPrefix: "urn:pulumi:local::okmail::",
    import: (imported: StackState) => {
      const { resources = [], pending_operations: pending } = imported.deployment;
      done.push(`import ${JSON.stringify(resources.slice(2))} ${JSON.stringify(pending)}`);
      return Promise.resolve();
    },
    exists: () => Promise.resolve(true),
    lock: () => Promise.resolve(state.lock),
    unlock: () => Promise.resolve(void done.push("unlock")),
    export: () =>
      Promise.resolve({
        version: 3,
        deployment: { resources: [provider, known], pending_operations: state.pending ?? [] },
      }),
    refresh: () => {
      done.push("refresh");
      return Promise.resolve({ succeeded: true });
    },
  } as unknown as LocalStack;
  return { stack, done };
}
const urn = (name: string) => `urn:pulumi:local::okmail::aws:ec2/eip:Eip::${name}`;
const type = "aws:ec2/eip:Eip";
const provider = { urn: "urn:provider", id: "1", type: "pulumi:providers:aws", custom: true };
const known = { urn: urn("known"), id: "eipalloc-0", type, custom: true };
const cloud = (...ids: [name: string, id: string][]) => ({
  all: () => [...ids.map(([name, id]) => ({ id, type, urn: urn(name) })), { ...known, id: "eipalloc-0" }],
});
const creating = (name: string) => ({ type: "creating", resource: { urn: urn(name), type, custom: true } });

test("a stack that is in order is left alone", async () => {
  const { stack, done } = stackIn({});
  await repairStack(stack, cloud(), (line) => done.push(line));
  expect(done).toEqual([]);
});

test("a lock whose holder is dead is removed, and explained", async () => {
  const { stack, done } = stackIn({ lock: lockOf(dead) });
  await repairStack(stack, cloud(), (line) => done.push(line));
  expect(done).toEqual(["unlock", expect.stringContaining(`process ${dead}, has ended`)]);
});

test.each<[string, StackLock]>([
  ["a process that lives", lockOf(process.pid)],
  ["another machine", lockOf(dead, "elsewhere")],
])("a lock of %s is left alone; the error says who has it and what to do", async (_, lock) => {
  const { stack, done } = stackIn({ lock });
  const repair = repairStack(stack, cloud(), () => undefined, 0);
  await expect(repair).rejects.toThrow(StackBusyError);
  await expect(repair).rejects.toThrow(`process ${lock.pid} on ${lock.hostname}`);
  await expect(repair).rejects.toThrow("npm run local:repair");
  expect(done).toEqual([]);
});

test("what a killed engine had created is taken over; what it had not is forgotten", async () => {
  const { stack, done } = stackIn({ pending: [creating("a"), creating("b")] });
  await repairStack(stack, cloud(["a", "eipalloc-1"]), (line) => done.push(line));
  const adopted = { urn: urn("a"), type, custom: true, id: "eipalloc-1" };
  expect(done).toEqual([
    `import ${JSON.stringify([adopted])} []`,
    "refresh",
    expect.stringContaining("took over eipalloc-1"),
  ]);
});

test("what was created without the engine noting even the attempt is taken over with its provider", async () => {
  const { stack, done } = stackIn({});
  await repairStack(stack, cloud(["a", "eipalloc-1"]), (line) => done.push(line));
  const adopted = { urn: urn("a"), type, custom: true, provider: "urn:provider::1", id: "eipalloc-1" };
  expect(done[0]).toBe(`import ${JSON.stringify([adopted])} []`);
});

test("an update that was under way is left to the refresh", async () => {
  const update = { ...creating("a"), type: "updating" };
  const { stack, done } = stackIn({ pending: [update] });
  await repairStack(stack, cloud(), (line) => done.push(line));
  expect(done.slice(0, 2)).toEqual([`import [] ${JSON.stringify([update])}`, "refresh"]);
});

test("what another stack or nobody's request created is left alone", async () => {
  const { stack, done } = stackIn({});
  const others = {
    all: () => [
      { id: "eipalloc-9", type, urn: "urn:pulumi:lab::okmail::x::y" },
      { id: "eipalloc-8", type, urn: "" },
    ],
  };
  await repairStack(stack, others, (line) => done.push(line));
  expect(done).toEqual([]);
});
