import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Endpoint } from "./endpoint.ts";

/** A HELO or EHLO command that arrived, and from where. */
export interface SentHelo {
  readonly address: string;
  readonly name: string;
}

export interface Probe extends Endpoint {
  /** Resolves with what has come once every awaited address has been heard, the time is over, or it is closed. */
  readonly heard: Promise<readonly SentHelo[]>;
  close(): void;
}

export interface ProbeOptions {
  /** Where to listen; senders come to port 25 only. */
  readonly listen: Endpoint;
  /** The addresses whose HELO is waited for. */
  readonly awaited: readonly string[];
  /** How long to wait, in milliseconds. */
  readonly timeout: number;
}

/** Connections at a time, octets of a command line, and milliseconds of a session: nobody may keep the probe busy. */
const limits = { connections: 20, line: 2048, session: 30_000 };

/**
 * A mail server that takes no mail and reports who says what in HELO. It refuses every recipient for now (450), so that a
 * sender keeps its message and bounces nothing.
 */
export async function startProbe({ listen, awaited, timeout }: ProbeOptions): Promise<Probe> {
  const heard: SentHelo[] = [];
  const sockets = new Set<Socket>();
  let finish: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (finish = resolve));
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, (sent) => {
      heard.push(sent);
      if (awaited.every((address) => heard.some((one) => one.address === address))) finish();
    });
  });
  server.maxConnections = limits.connections;
  server.listen({ host: listen.address, port: listen.port });
  await once(server, "listening");
  const timer = setTimeout(finish, timeout);
  const close = () => {
    clearTimeout(timer);
    finish();
    server.close();
    // What was just said is let through to the sender.
    setTimeout(() => sockets.forEach((socket) => socket.destroy()), 200).unref();
  };
  const bound = server.address();
  return {
    address: listen.address,
    port: typeof bound === "object" && bound !== null ? bound.port : listen.port,
    heard: over.then(() => {
      close();
      return heard;
    }),
    close,
  };
}

function serve(socket: Socket, tell: (sent: SentHelo) => void): void {
  const { remoteAddress = "" } = socket;
  // A dual-stack socket shows IPv4 as ::ffff:192.0.2.10.
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, "");
  const say = (line: string) => socket.write(`${line}\r\n`);
  const timer = setTimeout(() => socket.destroy(), limits.session);
  let pending = "";
  socket.on("error", () => socket.destroy());
  socket.on("close", () => clearTimeout(timer));
  socket.on("data", (chunk: Buffer) => {
    const lines = (pending + chunk.toString("latin1")).split(/\r?\n/);
    pending = lines.pop() ?? "";
    if (pending.length > limits.line) socket.destroy();
    for (const line of lines) answer(line);
  });
  say("220 okmail-probe.invalid ESMTP reports HELO, takes no mail");

  function answer(line: string): void {
    const [, verb = "", rest = ""] = /^(\S*)\s*(.*)$/.exec(line) ?? [];
    switch (verb.toUpperCase()) {
      case "HELO":
      case "EHLO":
        tell({ address, name: rest.trim() });
        say("250 okmail-probe.invalid");
        return;
      case "MAIL":
      case "RSET":
      case "NOOP":
        say("250 2.0.0 Ok");
        return;
      case "RCPT":
        say("450 4.7.1 The probe has heard the HELO name and takes no mail");
        return;
      case "QUIT":
        socket.end("221 2.0.0 Bye\r\n");
        return;
      default:
        say("502 5.5.2 Command not known");
    }
  }
}
