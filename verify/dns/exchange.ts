import { connect } from "node:net";
import { limiter, type Limiter } from "../../mail/blocklist/limits.ts";
import { dnsError } from "../../mail/resolver.ts";
import type { Endpoint } from "../endpoint.ts";
import { Datagrams, type Heard } from "./datagrams.ts";
import { fitsDns, query, receive, type Query, type Question, type Reply } from "./wire.ts";

export interface ExchangeOptions {
  /** Milliseconds for a datagram's answer; after that the question is sent once more. @default 2_500 */
  readonly timeout?: number | undefined;
  /** How many questions to one server are under way at the same time. @default 256 */
  readonly atOnce?: number | undefined;
}

/** Puts one question to one server. Rejects with the errors of Node's own DNS functions where no reply comes. */
export type Exchange = (server: Endpoint, question: Question, recursion: boolean) => Promise<Reply>;

/** A reply over TCP is at most as long as its length of two octets says (RFC 1035 4.2.2). */
const lengthOctets = 2;

const never = new AbortController().signal;

/**
 * A DNS client for one server at a time: over UDP, over TCP what is truncated or whose question comes back changed, without
 * EDNS where the server can't do with it (RFC 6891 7). What isn't an answer to the question is not taken for one. Ends in
 * three times `timeout`, whatever the server does: ETIMEOUT for silence, EBADRESP for octets that are no DNS message.
 */
export function exchange({ timeout = 2_500, atOnce = 256 }: ExchangeOptions = {}): Exchange {
  const datagrams = new Datagrams();
  const limiters = new Map<string, Limiter>();
  return (server, question, recursion) => {
    if (!fitsDns(question.name)) return Promise.reject(failure("EBADNAME", question, server));
    const key = `${server.address} ${server.port}`;
    const limited = limiters.get(key) ?? limiter(atOnce);
    limiters.set(key, limited);
    const overUdp = (sent: Query) => datagrams.ask(server, sent, timeout);
    return limited(() => converse(server, question, { recursion, timeout, overUdp }), never);
  };
}

interface Conversation {
  readonly recursion: boolean;
  readonly timeout: number;
  readonly overUdp: (sent: Query) => Promise<Heard>;
}

async function converse(
  server: Endpoint,
  question: Question,
  { recursion, timeout, overUdp }: Conversation,
): Promise<Reply> {
  const sent = (edns: boolean) => query(question, { recursion, edns });
  let received = await overUdp(sent(true));
  // No answer, or none to EDNS: some servers and the boxes before them drop it, others refuse.
  if (received.kind !== "reply" || refusesEdns(received.reply)) {
    const plain = await overUdp(sent(false));
    if (plain.kind === "reply" || received.kind !== "reply") received = plain;
  }
  // The case that was sent is not what came back: an odd server, or a forger, who can't do the same over TCP.
  if (received.kind === "reply" && (received.reply.truncated || !received.exact))
    received = await overTcp(server, sent(true), timeout);
  switch (received.kind) {
    case "reply":
      return received.reply;
    case "garbage":
      throw failure("EBADRESP", question, server);
    case "silence":
      throw failure(received.code, question, server);
  }
}

function refusesEdns({ rcode, edns }: Reply): boolean {
  return !edns && ["FORMERR", "NOTIMP", "SERVFAIL"].includes(rcode);
}

function overTcp({ address, port }: Endpoint, sent: Query, timeout: number): Promise<Heard> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let octets = Buffer.alloc(0);
    const end = (heard: Heard) => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on("error", () => undefined);
      socket.destroy();
      resolve(heard);
    };
    const timer = setTimeout(() => end({ kind: "silence", code: "ETIMEOUT" }), timeout);
    socket.on("error", (error: NodeJS.ErrnoException) => end({ kind: "silence", code: error.code ?? "EIO" }));
    socket.on("close", () => end({ kind: "silence", code: "EOF" }));
    socket.on("connect", () => {
      const length = Buffer.alloc(lengthOctets);
      length.writeUInt16BE(sent.octets.length);
      socket.write(Buffer.concat([length, sent.octets]));
    });
    socket.on("data", (chunk: Buffer) => {
      octets = Buffer.concat([octets, chunk]);
      if (octets.length < lengthOctets) return;
      const whole = lengthOctets + octets.readUInt16BE(0);
      if (octets.length < whole) return;
      const received = receive(octets.subarray(lengthOctets, whole), sent);
      end(received.kind === "foreign" ? { kind: "garbage" } : received);
    });
  });
}

function failure(code: string, { name, type }: Question, { address }: Endpoint): Error {
  return dnsError(code, `${type} ${name} at ${address}`);
}
