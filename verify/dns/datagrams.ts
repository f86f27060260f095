import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Endpoint } from "../endpoint.ts";
import { receive, type Query, type Received } from "./wire.ts";

/** What came of a query: what a server sent, or nothing, with the error code that says why. */
export type Heard =
  Exclude<Received, { kind: "foreign" }> | { readonly kind: "silence"; readonly code: string };

/**
 * Questions that one socket puts before another takes its place: making one for each costs more than the question, and one
 * for all would have a single port, so that a forger had to guess no port any more (RFC 5452 4.5).
 */
const questionsPerSocket = 64;

interface Waiting {
  readonly sent: Query;
  readonly end: (heard: Heard) => void;
  /** What it ends with if nothing better comes. */
  last: Heard;
}

/** A socket whose only peer is one server, with the questions that are open there, by id. */
interface Port {
  readonly socket: Socket;
  readonly waiting: Map<number, Waiting>;
  /** Until it is connected: what is to be sent then. */
  unsent: Buffer[] | undefined;
  left: number;
}

/** Queries over UDP, to any servers. A socket lives as long as answers are waited for. */
export class Datagrams {
  readonly #ports = new Map<string, Port>();

  /** The first datagram that answers the query. Others are let pass: anybody can send them. */
  ask(server: Endpoint, sent: Query, timeout: number): Promise<Heard> {
    return new Promise((resolve) => {
      const key = `${server.address} ${server.port}`;
      const port = this.#portFor(server, key, sent.id);
      const waiting: Waiting = {
        sent,
        last: { kind: "silence", code: "ETIMEOUT" },
        end: (heard) => {
          clearTimeout(timer);
          port.waiting.delete(sent.id);
          if (port.waiting.size === 0) this.#close(port, key);
          resolve(heard);
        },
      };
      const timer = setTimeout(() => waiting.end(waiting.last), timeout);
      port.waiting.set(sent.id, waiting);
      if (port.unsent === undefined) port.socket.send(sent.octets);
      else port.unsent.push(sent.octets);
    });
  }

  #portFor(server: Endpoint, key: string, id: number): Port {
    const known = this.#ports.get(key);
    const port = known === undefined || known.left === 0 || known.waiting.has(id) ? openPort(server) : known;
    this.#ports.set(key, port);
    port.left--;
    return port;
  }

  #close(port: Port, key: string): void {
    if (this.#ports.get(key) === port) this.#ports.delete(key);
    port.socket.removeAllListeners();
    port.socket.on("error", () => undefined);
    port.socket.close();
  }
}

function openPort({ address, port: number }: Endpoint): Port {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const port: Port = { socket, waiting: new Map(), unsent: [], left: questionsPerSocket };
  socket.on("error", ({ code = "EIO" }: NodeJS.ErrnoException) => {
    for (const { end } of [...port.waiting.values()]) end({ kind: "silence", code });
  });
  socket.on("message", (octets) => take(octets, port.waiting));
  socket.connect(number, address, () => {
    for (const query of port.unsent ?? []) socket.send(query);
    port.unsent = undefined;
  });
  return port;
}

function take(octets: Buffer, waiting: Port["waiting"]): void {
  // Too short to say what it answers: it may be anything.
  const meant =
    octets.length < 2
      ? [...waiting.values()]
      : [waiting.get(octets.readUInt16BE(0))].filter((one) => one !== undefined);
  for (const one of meant) {
    const received = receive(octets, one.sent);
    if (received.kind === "reply") one.end(received);
    else if (received.kind === "garbage") one.last = received;
  }
}
