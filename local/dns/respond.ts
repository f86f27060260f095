import { answer, RCODES } from "./answer.ts";
import { readQuery, type QuestionAsked } from "./query.ts";
import { encodeAnswer, encodeRefusal, UDP_PAYLOAD_SIZE } from "./reply.ts";
import type { Zones } from "./zone.ts";

/** How a message came: it limits the reply. */
export type Transport = "udp" | "tcp";

/** Octets that fit into a datagram without EDNS (RFC 1035 section 4.2.1). */
const PLAIN_UDP_SIZE = 512;
const TCP_SIZE = 0xffff;

/** The reply to a message, octets in, octets out; undefined where none is due. Throws on no input. */
export function respond(zones: Zones, message: Buffer, transport: Transport): Buffer | undefined {
  const query = readQuery(message);
  switch (query.kind) {
    case "ignored":
      return undefined;
    case "malformed":
      return encodeRefusal(query.header, RCODES.FORMERR);
    case "unsupported":
      return encodeRefusal(query.header, RCODES.NOTIMP);
    case "question":
      return encodeAnswer(query, answerQuestion(zones, query), sizeLimit(query, transport));
  }
}

function answerQuestion(zones: Zones, query: QuestionAsked): ReturnType<typeof answer> {
  if (query.edns !== undefined && query.edns.version > 0)
    return { rcode: RCODES.BADVERS, authoritative: false, answers: [], authorities: [] };
  return answer(zones, query.question);
}

function sizeLimit({ edns }: QuestionAsked, transport: Transport): number {
  if (transport === "tcp") return TCP_SIZE;
  if (edns === undefined) return PLAIN_UDP_SIZE;
  return Math.min(Math.max(edns.payloadSize, PLAIN_UDP_SIZE), UDP_PAYLOAD_SIZE);
}
