import { once } from "node:events";
import { TLSSocket } from "node:tls";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import { localResolver } from "../dns/resolver.ts";
import type { Attempt, ReceivedMessage } from "./attempt.ts";
import { selfSigned } from "./certificate.ts";
import { dialogueLogger, type DialogueLine } from "./dialogue.ts";
import { DEFAULT_LIMITS, type ReceiverLimits } from "./limits.ts";
import { listen, LOOPBACK, trackSockets } from "./listening.ts";
import type { Resolve } from "./lookup.ts";
import { reply, SmtpRefusal } from "./reply.ts";
import { Session, type Policy } from "./session.ts";

/** How to set up a receiver. */
export interface ReceiverOptions {
  /** Whom to ask: DNS servers (`address:port`), or anything with the contract of Node's `dns.promises.resolve`. */
  readonly resolver: readonly string[] | Resolve;
  /** Its own name: banner, authserv-id, certificate. */
  readonly hostname: string;
  /** The one domain it takes mail for, whatever the local part. */
  readonly recipientDomain: string;
  /** DNS blocklists that it asks about each client. */
  readonly blocklistZones: readonly string[];
  /** The port wished for; where it is taken another is chosen. @default any free one */
  readonly port?: number;
  /** A folder to keep the messages in. @default in memory only */
  readonly maildir?: string;
  /** Told of each line of each session. */
  readonly trace?: (line: DialogueLine) => void;
  readonly limits?: Partial<ReceiverLimits>;
}

/** A running receiver. */
export interface Receiver {
  /** Always loopback. */
  readonly address: string;
  readonly port: number;
  readonly hostname: string;
  readonly recipientDomain: string;
  /** The messages accepted, oldest first; of very many the newest. */
  readonly messages: readonly ReceivedMessage[];
  /** The attempts, oldest first; of very many the newest. */
  readonly attempts: readonly Attempt[];
  /** Calls `listener` for each message from now on; returns the function that ends this. */
  onMessage(listener: (message: ReceivedMessage) => void): () => void;
  close(): Promise<void>;
}

/** Octets of a command line; RFC 5321 section 4.5.3.1.4 has 512, extensions add to it. */
const COMMAND_LINE = 2048;
/** Messages and attempts that are remembered. */
const MEMORY = 1000;

/**
 * Starts an SMTP server on loopback that judges as a strict receiver does. From loopback each connection begins with a
 * PROXY header (version 1) that says who the client is. STARTTLS is offered.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const messages: ReceivedMessage[] = [];
  const attempts: Attempt[] = [];
  const listeners = new Set<(message: ReceivedMessage) => void>();
  const sessions = new Map<string, Session>();
  const policy = policyOf(options);
  const sessionOf = (id: string): Session => {
    const known = sessions.get(id) ?? new Session(policy, (attempt) => remember(attempts, attempt));
    sessions.set(id, known);
    return known;
  };

  const server = new SMTPServer({
    name: options.hostname,
    ...selfSigned(options.hostname),
    useProxy: [LOOPBACK],
    // It would ask the machine's own resolver.
    disableReverseLookup: true,
    // WIZ, SHELL and KILL are jests of the library.
    disabledCommands: ["AUTH", "XCLIENT", "XFORWARD", "WIZ", "SHELL", "KILL", "HELP"],
    authOptional: true,
    hideSMTPUTF8: true,
    size: limits.size,
    rejectOversized: true,
    maxClients: limits.connections,
    maxRecipients: limits.recipients,
    maxCommandLength: COMMAND_LINE,
    socketTimeout: limits.idle,
    closeTimeout: 100,
    heloResponse: "%s",
    logger: dialogueLogger((line) => {
      sessionOf(line.session).heard(line);
      options.trace?.(line);
    }),
    onSecure: (socket, { id }, done) => {
      if (socket instanceof TLSSocket)
        sessionOf(id).tls = `${socket.getProtocol() ?? "TLS"} with cipher ${socket.getCipher().name}`;
      done();
    },
    onMailFrom: (address, session, done) => {
      sessionOf(session.id).mailFrom(address, session);
      done();
    },
    onRcptTo: (address, { id }, done) => {
      sessionOf(id)
        .recipient(address)
        .then(
          () => done(),
          (error: unknown) => done(asRefusal(error)),
        );
    },
    onData: (stream, session, done) => {
      receive(stream, session).then(
        ({ queueId }) => done(null, `2.0.0 Ok: queued as ${queueId}`),
        (error: unknown) => done(asRefusal(error)),
      );
    },
    onClose: ({ id }) => sessions.delete(id),
  });

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<ReceivedMessage> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) if (!stream.sizeExceeded) chunks.push(chunk as Buffer);
    if (stream.sizeExceeded) throw new SmtpRefusal(reply(552, "5.3.4", "Message size exceeds fixed limit"));
    const message = await sessionOf(session.id).message(Buffer.concat(chunks), session.transmissionType);
    remember(messages, message);
    for (const listener of listeners) listener(message);
    return message;
  }

  // What goes wrong with one client must not end the server.
  server.on("error", () => undefined);
  const sockets = trackSockets(server, limits.session);
  const { address, port } = await listen(server, options.port ?? 0);
  return {
    address,
    port,
    hostname: options.hostname,
    recipientDomain: policy.recipientDomain,
    messages,
    attempts,
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      const closed = once(server.server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function policyOf({ resolver, hostname, recipientDomain, blocklistZones, maildir }: ReceiverOptions): Policy {
  return {
    resolve: typeof resolver === "function" ? resolver : askServers(resolver),
    hostname,
    recipientDomain: recipientDomain.toLowerCase(),
    blocklistZones,
    ...(maildir !== undefined && { maildir }),
  };
}

function askServers(servers: readonly string[]): Resolve {
  const resolver = localResolver(servers);
  return (name, type) => resolver.resolve(name, type);
}

function asRefusal(error: unknown): SmtpRefusal {
  if (error instanceof SmtpRefusal) return error;
  return new SmtpRefusal(reply(451, "4.3.0", `Local error in processing: ${String(error)}`));
}

function remember<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > MEMORY) list.shift();
}
