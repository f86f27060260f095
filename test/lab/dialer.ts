import { once } from "node:events";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Lab } from "../../local/lab/lab.ts";
import type { Call, CallResult } from "./dial-here.ts";

/** Makes TCP connections within a lab from any address of the pool of Elastic IPs, as a host behind that address does. */
export interface Dialer {
  /** Rejects if there is no connection. */
  dial(source: string, to: { readonly address: string; readonly port: number }): Promise<Socket>;
  close(): Promise<void>;
}

/** Every address of the pool becomes one of the router's own, which instances then can't have. */
const OWN_THE_POOL = ["ip", "route", "add", "local", "192.0.2.0/24", "dev", "lo"];

/** Starts a process in the lab that makes connections and hands them over to this one. */
export async function openDialer(lab: Lab): Promise<Dialer> {
  await lab.check(OWN_THE_POOL);
  const child = lab.fork(join(import.meta.dirname, "dial-here.ts"));
  const ended = once(child, "exit");
  child.stdout?.resume();
  child.stderr?.resume();
  const calls = new Map<number, (result: CallResult, socket?: Socket) => void>();
  let count = 0;
  child.on("message", (message, handle) => {
    const result = message as CallResult;
    calls.get(result.id)?.(result, handle as Socket | undefined);
    calls.delete(result.id);
  });
  child.once("exit", () => {
    for (const [id, answer] of calls) answer({ id, fault: "the process that makes connections has ended" });
  });
  return {
    dial: (source, { address, port }) =>
      new Promise((resolve, reject) => {
        const id = ++count;
        calls.set(id, ({ fault = "no socket came" }, socket) =>
          socket === undefined
            ? reject(new Error(`${source} -> ${address}:${port}: ${fault}`))
            : resolve(socket),
        );
        const call: Call = { id, source, address, port };
        child.send(call);
      }),
    close: async () => {
      child.disconnect();
      await ended;
    },
  };
}
