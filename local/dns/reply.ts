import { encode } from "dns-packet";
import { RCODES, type Answer } from "./answer.ts";
import type { QueryHeader, QuestionAsked } from "./query.ts";
import type { ResourceRecord } from "./record.ts";

/** Octets that we can take over UDP, and the most that we send: no fragments on any path (RFC 9715 section 3.2). */
export const UDP_PAYLOAD_SIZE = 1232;

const RESPONSE = 0x8000;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
/** The question's name, as a pointer to where it always stands: right after the header. */
const POINTER_TO_QUESTION = Buffer.from([0xc0, 12]);

/**
 * A reply of at most `limit` octets. One that doesn't fit is sent without its records and marked as truncated, so that
 * the asker comes back over TCP (RFC 2181 section 9); over TCP itself `limit` is 65,535 and there is SERVFAIL instead.
 */
export function encodeAnswer(query: QuestionAsked, answer: Answer, limit: number): Buffer {
  const whole = encodeSections(query, answer, 0);
  if (whole.length <= limit) return whole;
  const nothing = { ...answer, answers: [], authorities: [] };
  return limit === 0xffff
    ? encodeSections(query, { ...nothing, rcode: RCODES.SERVFAIL, authoritative: false }, 0)
    : encodeSections(query, nothing, TRUNCATED);
}

/** A reply that has nothing to say but its response code. */
export function encodeRefusal(header: QueryHeader, rcode: number): Buffer {
  return encodeHeader(header, rcode, 0, [0, 0, 0, 0]);
}

function encodeSections(query: QuestionAsked, answer: Answer, flags: number): Buffer {
  const authority = answer.authoritative ? AUTHORITATIVE : 0;
  const counts = [1, answer.answers.length, answer.authorities.length, query.edns === undefined ? 0 : 1];
  return Buffer.concat([
    encodeHeader(query.header, answer.rcode, flags | authority, counts),
    query.rawQuestion,
    ...[...answer.answers, ...answer.authorities].flatMap((record) =>
      encodeRecord(record, query.question.name),
    ),
    ...(query.edns === undefined ? [] : [encodeOpt(answer.rcode, query.edns.dnssecOk)]),
  ]);
}

function encodeHeader(query: QueryHeader, rcode: number, flags: number, counts: readonly number[]): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.id, 0);
  const echoed = (query.opcode << 11) | (query.recursionDesired ? RECURSION_DESIRED : 0);
  header.writeUInt16BE(RESPONSE | echoed | flags | (rcode & 0xf), 2);
  counts.forEach((count, index) => header.writeUInt16BE(count, 4 + 2 * index));
  return header;
}

function encodeRecord(record: ResourceRecord, asked: string): Buffer[] {
  return [record.name === asked ? POINTER_TO_QUESTION : encodeName(record.name), encodeBody(record)];
}

/** Type, class, time to live and data: what follows the owner's name, which is here the root's single octet. */
function encodeBody(record: ResourceRecord): Buffer {
  // The library replaces what it finds in a list of strings, so it gets a list of its own.
  const data = record.type === "TXT" ? { ...record, data: [...record.data] } : record;
  return encode({ type: "response", answers: [{ ...data, name: "." }] }).subarray(13);
}

function encodeName(name: string): Buffer {
  return encode({ questions: [{ name, type: "A" }] }).subarray(12, -4);
}

/** OPT: size that we take, upper bits of the response code, version 0, DO as it was asked (RFC 6891, RFC 3225). */
function encodeOpt(rcode: number, dnssecOk: boolean): Buffer {
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(41, 1);
  opt.writeUInt16BE(UDP_PAYLOAD_SIZE, 3);
  opt.writeUInt8(rcode >> 4, 5);
  opt.writeUInt16BE(dnssecOk ? 0x8000 : 0, 7);
  return opt;
}
