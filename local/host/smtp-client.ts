import { once } from "node:events";
import { connect, isIPv6, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import SMTPConnection from "nodemailer/lib/smtp-connection";

/** How a client gets to the receiver. */
export type ReceiverAccess =
  /** Where it listens for connections that begin with a PROXY header. */
  | { readonly address: string; readonly port: number }
  /** What makes a connection that comes from the client's own address. */
  | { readonly dial: (source: string | undefined) => Promise<Socket> };

/** A message on its way: where it comes from as the receiver shall see it, and where it goes. */
export interface Shipment {
  readonly receiver: ReceiverAccess;
  /** The address that the receiver sees as the client's; undefined if the client has none on the internet. */
  readonly source: string | undefined;
  /** The name said in EHLO. */
  readonly helo: string;
  /** MAIL FROM; "" for the null reverse-path. */
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  /** The whole message, with CRLF line ends. */
  readonly content: Buffer;
  /** Whether STARTTLS is used where it is offered. @default true */
  readonly starttls?: boolean;
  /** Milliseconds until the client gives up on a silent receiver. @default 20 s */
  readonly patience?: number;
}

/** How it went. */
export interface Receipt {
  readonly accepted: boolean;
  /** The command whose reply ended it: `CONN`, `EHLO`, `MAIL FROM`, `RCPT TO`, `DATA` (which stands for its end too). */
  readonly stage: string;
  /** 0 if there was no reply. */
  readonly code: number;
  /** Enhanced status code, if the reply has one (RFC 3463). */
  readonly status?: string;
  /** The whole reply, or what else went wrong. */
  readonly reply: string;
  /** The receiver's id of the message. */
  readonly queueId?: string;
  /** Protocol and cipher, undefined in clear. */
  readonly tls?: string;
  /** `S: …` and `C: …`, without the message. */
  readonly dialogue: readonly string[];
}

/** The receiver's own address and port on the local cloud's internet, as the PROXY header states them. */
export const RECEIVER_ENDPOINT = { ip4: "203.0.113.25", ip6: "2001:db8:113::25", port: 25 } as const;

/**
 * Sends a message as a mail server does: connects, by PROXY protocol (version 1) where the address isn't the client's own, encrypts
 * where the receiver offers it without asking whose certificate it is, and gives the message over. Never rejects.
 */
export async function ship(shipment: Shipment): Promise<Receipt> {
  const dialogue: string[] = [];
  let client: SMTPConnection | undefined;
  const seen = () => {
    const tls = client && tlsOf(client);
    return { dialogue, ...(tls !== undefined && { tls }) };
  };
  try {
    const socket = await connectAs(shipment);
    client = smtpClient(socket, shipment, dialogue);
    const response = await converse(client, shipment);
    const queueId = /queued as (\S+)/.exec(response)?.[1];
    const outcome = { accepted: true, stage: "DATA", reply: response, ...codesOf(response), ...seen() };
    client.quit();
    return { ...outcome, ...(queueId !== undefined && { queueId }) };
  } catch (error) {
    const { response, command, message } = error as SmtpFault;
    const outcome = { accepted: false, stage: command ?? "CONN", reply: response ?? message, ...seen() };
    client?.close();
    return { ...outcome, ...codesOf(response ?? "") };
  }
}

/** What nodemailer tells with an error. */
interface SmtpFault extends Error {
  readonly response?: string;
  readonly command?: string;
}

async function connectAs({ receiver, source, patience = 20_000 }: Shipment): Promise<Socket> {
  if ("dial" in receiver) return receiver.dial(source);
  const socket = connect({ host: receiver.address, port: receiver.port, timeout: patience });
  await once(socket, "connect");
  socket.write(proxyHeader(source));
  return socket;
}

/** `PROXY TCP4 192.0.2.10 203.0.113.25 49152 25` (PROXY protocol, section 2.1); UNKNOWN for no address. */
function proxyHeader(source: string | undefined): string {
  if (source === undefined) return "PROXY UNKNOWN\r\n";
  const { ip4, ip6, port } = RECEIVER_ENDPOINT;
  return isIPv6(source)
    ? `PROXY TCP6 ${source} ${ip6} 49152 ${port}\r\n`
    : `PROXY TCP4 ${source} ${ip4} 49152 ${port}\r\n`;
}

function smtpClient(connection: Socket, shipment: Shipment, dialogue: string[]): SMTPConnection {
  const { helo, starttls = true, patience = 20_000 } = shipment;
  const note = (entry: { tnx?: string }, line: unknown) => {
    if (entry.tnx === "server") dialogue.push(`S: ${String(line)}`);
    if (entry.tnx === "client") dialogue.push(`C: ${String(line)}`);
  };
  const ignore = () => undefined;
  return new SMTPConnection({
    connection,
    name: helo,
    ignoreTLS: !starttls,
    tls: { rejectUnauthorized: false },
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    socketCloseTimeout: 0,
    transactionLog: true,
    logger: {
      level: ignore,
      trace: ignore,
      debug: note,
      info: ignore,
      warn: ignore,
      error: ignore,
      fatal: ignore,
    },
  });
}

/** The final reply. Rejects with a {@link SmtpFault}. */
function converse(client: SMTPConnection, { mailFrom, recipients, content }: Shipment): Promise<string> {
  return new Promise((resolve, reject) => {
    client.on("error", reject);
    client.connect((refusal) => {
      if (refusal) {
        reject(refusal);
        return;
      }
      client.send({ from: mailFrom, to: [...recipients] }, content, (fault, info) => {
        if (fault) reject(fault);
        else resolve(info.response);
      });
    });
  });
}

function tlsOf(client: SMTPConnection): string | undefined {
  const socket = client._socket;
  if (!(socket instanceof TLSSocket)) return undefined;
  return `${socket.getProtocol() ?? "TLS"} with cipher ${socket.getCipher().name}`;
}

/** `550 5.7.25 …` -> 550 and 5.7.25. */
function codesOf(response: string): { code: number; status?: string } {
  const match = /^(\d{3})[ -](?:(\d\.\d{1,3}\.\d{1,3})(?= |$))?/.exec(response);
  const status = match?.[2];
  return { code: Number(match?.[1] ?? 0), ...(status !== undefined && { status }) };
}
