import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import type { Server } from "node:net";
import { respond, type Transport } from "./respond.ts";
import { dnsTcpServer, type Responder, type TcpLimits } from "./tcp.ts";
import type { Zones } from "./zone.ts";

/** How to run the server; every field has a default. */
export interface DnsServerOptions {
  /** The port wished for; where it is taken another is chosen. @default any free one */
  readonly port?: number;
  /** @default 64 connections, 10 s */
  readonly tcp?: Partial<TcpLimits>;
}

/** A running DNS server. */
export interface DnsServer {
  /** Always loopback. */
  readonly address: string;
  /** The same for UDP and TCP. */
  readonly port: number;
  /** Stops listening and closes what is open. */
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";
const ATTEMPTS = 20;

/** Serves the zones, asked for anew with each query, over UDP and TCP on loopback. Rejects if no port can be had. */
export function startDnsServer(zones: () => Zones, options?: DnsServerOptions): Promise<DnsServer> {
  return serveDns((message, transport) => respond(zones(), message, transport), options);
}

/** Serves what `reply` says to a message, now or later, over UDP and TCP on loopback. Rejects if no port can be had. */
export async function serveDns(
  reply: (message: Buffer, transport: Transport) => ReturnType<Responder>,
  options: DnsServerOptions = {},
): Promise<DnsServer> {
  const limits = { connections: 64, idle: 10_000, ...options.tcp };
  for (let attempt = 0, port = options.port ?? 0; attempt < ATTEMPTS; attempt++, port = 0) {
    const udp = createSocket("udp4");
    let isOpen = true;
    udp.on("close", () => (isOpen = false));
    udp.on("message", (message, peer) => {
      const octets = reply(message, "udp");
      // A reply that can't be sent is lost, as datagrams are.
      const send = (data: Buffer) => udp.send(data, peer.port, peer.address, () => undefined);
      if (Buffer.isBuffer(octets)) send(octets);
      else void octets?.then((data) => isOpen && send(data));
    });
    const tcp = dnsTcpServer((message) => reply(message, "tcp"), limits);
    try {
      await listenOnOnePort(udp, tcp, port);
      return running(udp, tcp);
    } catch (error) {
      tcp.close();
      if (!isTaken(error)) throw error;
    }
  }
  throw new Error(`no port of ${LOOPBACK} is free for UDP and TCP alike`);
}

async function listenOnOnePort(udp: UdpSocket, tcp: Server, port: number): Promise<void> {
  try {
    udp.bind({ address: LOOPBACK, port, exclusive: true });
    await once(udp, "listening");
    tcp.listen({ host: LOOPBACK, port: udp.address().port, exclusive: true });
    await once(tcp, "listening");
  } catch (error) {
    udp.close();
    throw error;
  }
}

function running(udp: UdpSocket, tcp: Server): DnsServer {
  const { address, port } = udp.address();
  const connections = new Set<{ destroy(): void }>();
  tcp.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  // What goes wrong with one client after the start must not end the server.
  udp.on("error", () => undefined);
  tcp.on("error", () => undefined);
  return {
    address,
    port,
    close: async () => {
      const closed = Promise.all([once(udp, "close"), once(tcp, "close")]);
      udp.close();
      tcp.close();
      for (const connection of connections) connection.destroy();
      await closed;
    },
  };
}

function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "EADDRINUSE" || code === "EACCES";
}
