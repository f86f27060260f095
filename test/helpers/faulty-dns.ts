import { createSocket } from "node:dgram";
import { once } from "node:events";
import { decode, encode } from "dns-packet";
import { respond } from "../../local/dns/respond.ts";
import type { Zones } from "../../local/dns/zone.ts";

/** What a name server may do in place of an answer. */
export type Fault =
  "silence" | "SERVFAIL" | "REFUSED" | "garbage" | "another question" | "late" | "truncated";

export interface FaultyDns {
  /** `address:port`, on loopback. */
  readonly server: string;
  /** Names asked for, in lower case, in the order of arrival. */
  readonly queries: string[];
  close(): Promise<void>;
}

const lateBy = 400;
const rcodes = { SERVFAIL: 2, REFUSED: 5 } as const;

/**
 * A name server over UDP on loopback that answers from `zones`, but for names at or below those of `faults`. It has no
 * TCP, so what is truncated can't be had whole.
 */
export async function startFaultyDns(
  zones: Zones,
  faults: Readonly<Record<string, Fault>>,
): Promise<FaultyDns> {
  const socket = createSocket("udp4");
  const queries: string[] = [];
  const timers = new Set<NodeJS.Timeout>();
  socket.on("message", (message, { port, address }) => {
    const name = (decode(message).questions?.[0]?.name ?? "").toLowerCase();
    queries.push(name);
    const send = (reply: Buffer | undefined) => {
      if (reply !== undefined) socket.send(reply, port, address, () => undefined);
    };
    const fault = Object.entries(faults).find(([below]) => name === below || name.endsWith(`.${below}`))?.[1];
    const answer = respond(zones, message, "udp");
    if (fault === "late") timers.add(setTimeout(() => send(answer), lateBy));
    else send(fault === undefined ? answer : faultyReply(fault, message));
  });
  socket.bind({ address: "127.0.0.1", port: 0, exclusive: true });
  await once(socket, "listening");
  return {
    server: `127.0.0.1:${socket.address().port}`,
    queries,
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

function faultyReply(fault: Exclude<Fault, "late">, query: Buffer): Buffer | undefined {
  const { id, questions = [] } = decode(query);
  const header = { type: "response", id: id ?? 0, questions } as const;
  switch (fault) {
    case "silence":
      return undefined;
    case "SERVFAIL":
    case "REFUSED":
      return encode({ ...header, flags: rcodes[fault] });
    case "garbage":
      return Buffer.concat([query.subarray(0, 2), Buffer.from("8580000100ff00000000c0ffc0ff", "hex")]);
    case "another question":
      return encode({
        ...header,
        questions: [{ name: "elsewhere.example", type: "A" }],
        answers: [{ name: "elsewhere.example", type: "A", data: "127.0.0.2" }],
      });
    case "truncated":
      return encode({ ...header, flags: 1 << 9 });
  }
}
