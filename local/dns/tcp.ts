import type { Server, Socket } from "node:net";
import { createServer } from "node:net";

/** What a TCP listener holds its clients to (RFC 7766 section 6). */
export interface TcpLimits {
  /** Connections at a time; one more is closed at once. */
  readonly connections: number;
  /** Milliseconds without a whole message after which a connection is closed. */
  readonly idle: number;
}

/** The reply to a message, at once or later; undefined where none is due. The promise never rejects. */
export type Responder = (message: Buffer) => Buffer | Promise<Buffer> | undefined;

/**
 * A TCP server for messages with a length of two octets before each (RFC 1035 section 4.2.2). Several may come at once,
 * in any pieces, and are answered as the replies come (RFC 7766 section 6.2.1.1). A client that doesn't read its replies isn't read from either.
 */
export function dnsTcpServer(respond: Responder, limits: TcpLimits): Server {
  const server = createServer({ noDelay: true }, (socket) => serve(socket, respond, limits.idle));
  server.maxConnections = limits.connections;
  return server;
}

function serve(socket: Socket, respond: Responder, idle: number): void {
  let pending = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), idle);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => clearTimeout(timer));
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let end = messageEnd(pending); end !== undefined; end = messageEnd(pending)) {
      timer.refresh();
      const reply = respond(pending.subarray(2, end));
      pending = pending.subarray(end);
      if (Buffer.isBuffer(reply)) send(socket, reply);
      else void reply?.then((octets) => send(socket, octets));
    }
  });
}

/** The offset after the first message, if all of it is there. */
function messageEnd(octets: Buffer): number | undefined {
  if (octets.length < 2) return undefined;
  const end = 2 + octets.readUInt16BE(0);
  return octets.length < end ? undefined : end;
}

function send(socket: Socket, reply: Buffer): void {
  if (socket.destroyed) return;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(reply.length);
  if (socket.write(Buffer.concat([length, reply])) || socket.isPaused()) return;
  socket.pause();
  socket.once("drain", () => socket.resume());
}
