import { createConnection } from "node:net";
import { readQuery } from "../dns/query.ts";
import { encodeAnswer, encodeRefusal } from "../dns/reply.ts";
import { RCODES } from "../dns/answer.ts";
import { serveDns, type DnsServer } from "../dns/server.ts";
import type { Transport } from "../dns/respond.ts";

/** How to reach a name server of the lab from this process. */
export interface ForwarderOptions {
  /** A UNIX socket where it answers as over TCP. */
  readonly socket: string;
  /** Waited for before each query, so that no answer is older than the store. */
  readonly ready: () => Promise<void>;
  /** The port wished for on loopback; where it is taken another is chosen. @default any free one */
  readonly port?: number;
}

/** Octets that fit into a datagram without EDNS, and that ours may have with it (RFC 1035 section 4.2.1, RFC 9715). */
const PLAIN_UDP_SIZE = 512;
const UDP_SIZE = 1232;
/** Bit TC in the third octet of a header. */
const TRUNCATED = 0b10;
/** What is said where the name server says nothing. */
const FAILED = { rcode: RCODES.SERVFAIL, authoritative: false, answers: [], authorities: [] };
/** Milliseconds that the name server may take. */
const PATIENCE = 5_000;

/**
 * Makes a name server of the lab answer on this machine's loopback, where programs outside of the lab can ask it, over UDP and
 * TCP. What the name server doesn't answer is SERVFAIL.
 */
export function forwardDns({ socket, ready, port }: ForwarderOptions): Promise<DnsServer> {
  const reply = (message: Buffer, transport: Transport) => {
    const query = readQuery(message);
    if (query.kind === "ignored") return undefined;
    return ready()
      .then(() => ask(socket, message))
      .then((answer) => (transport === "udp" ? fitted(message, answer) : answer))
      .catch(() =>
        query.kind === "question"
          ? encodeAnswer(query, FAILED, 0xffff)
          : encodeRefusal(query.header, RCODES.SERVFAIL),
      );
  };
  return serveDns(reply, port === undefined ? {} : { port });
}

/** One query, one connection: length in two octets and message, both ways (RFC 1035 section 4.2.2). */
function ask(path: string, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const connection = createConnection({ path, timeout: PATIENCE });
    connection.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(received.subarray(2, 2 + received.readUInt16BE(0)));
      connection.destroy();
    });
    connection.on("timeout", () => connection.destroy());
    connection.on("error", reject);
    connection.on("close", () => reject(new Error("the name server closed the connection")));
    const length = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    connection.write(Buffer.concat([length, message]));
  });
}

/** An answer that doesn't fit into a datagram goes without its records and marked as truncated (RFC 2181 section 9). */
function fitted(message: Buffer, answer: Buffer): Buffer {
  const query = readQuery(message);
  const question = query.kind === "question" ? query.rawQuestion.length : 0;
  const size = query.kind === "question" && query.edns !== undefined ? query.edns.payloadSize : 0;
  if (answer.length <= Math.min(Math.max(size, PLAIN_UDP_SIZE), UDP_SIZE)) return answer;
  const header = Buffer.from(answer.subarray(0, 12));
  header.writeUInt8(header.readUInt8(2) | TRUNCATED, 2);
  header.fill(0, 6);
  return Buffer.concat([header, answer.subarray(12, 12 + question)]);
}
