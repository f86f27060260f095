import { canonicalName } from "./name.ts";
import type { Question } from "./answer.ts";

/** The EDNS part of a query (RFC 6891 section 6.1.2). */
export interface Edns {
  /** Octets that the sender can take over UDP. */
  readonly payloadSize: number;
  readonly version: number;
  readonly dnssecOk: boolean;
}

/** What a datagram or a TCP message holds. */
export type Query =
  /** No reply is due: no header, or itself a response. */
  | { readonly kind: "ignored" }
  /** Not a query that we can read; the header can be echoed. */
  | { readonly kind: "malformed" | "unsupported"; readonly header: QueryHeader }
  | QuestionAsked;

/** A well-formed query. */
export interface QuestionAsked {
  readonly kind: "question";
  readonly header: QueryHeader;
  readonly question: Question;
  /** The question section as it came, to be echoed octet by octet: the case of the letters is a secret of the asker. */
  readonly rawQuestion: Buffer;
  readonly edns?: Edns;
}

/** What of a query's header goes into the reply. */
export interface QueryHeader {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
}

const HEADER_LENGTH = 12;
const TYPE_OPT = 41;

/** Reads a query (RFC 1035 section 4.1). Never throws: what can't be read comes back as `malformed` or `ignored`. */
export function readQuery(message: Buffer): Query {
  if (message.length < HEADER_LENGTH) return { kind: "ignored" };
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return { kind: "ignored" };
  const header = {
    id: message.readUInt16BE(0),
    opcode: (flags >> 11) & 0xf,
    recursionDesired: (flags & 0x0100) !== 0,
  };
  if (header.opcode !== 0) return { kind: "unsupported", header };
  // One question, neither more nor fewer (RFC 9619).
  if (message.readUInt16BE(4) !== 1) return { kind: "malformed", header };
  try {
    return readBody(message, header);
  } catch (error) {
    if (error instanceof RangeError) return { kind: "malformed", header };
    throw error;
  }
}

function readBody(message: Buffer, header: QueryHeader): Query {
  const { name, end } = readQuestionName(message, HEADER_LENGTH);
  const question = { name, type: message.readUInt16BE(end), class: message.readUInt16BE(end + 2) };
  const rawQuestion = message.subarray(HEADER_LENGTH, end + 4);

  let offset = end + 4;
  let edns: Edns | undefined;
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  for (let index = 0; index < records; index++) {
    const owner = skipName(message, offset);
    const next = owner + 10 + message.readUInt16BE(owner + 8);
    if (next > message.length) throw new RangeError("a record runs past the end");
    if (message.readUInt16BE(owner) === TYPE_OPT) {
      // At most one, owned by the root (RFC 6891 section 6.1.1).
      if (edns !== undefined || message[offset] !== 0) throw new RangeError("a misplaced OPT record");
      edns = {
        payloadSize: message.readUInt16BE(owner + 2),
        version: message.readUInt8(owner + 5),
        dnssecOk: (message.readUInt16BE(owner + 6) & 0x8000) !== 0,
      };
    }
    offset = next;
  }
  if (offset !== message.length) throw new RangeError("octets after the last record");
  return { kind: "question", header, question, rawQuestion, ...(edns !== undefined && { edns }) };
}

/** Reads an uncompressed name: there is nothing before the question that a pointer could lead to. */
function readQuestionName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let offset = start;
  for (let length = message.readUInt8(offset); length !== 0; length = message.readUInt8(offset)) {
    if (length > 63) throw new RangeError("no plain label");
    const label = message.subarray(offset + 1, offset + 1 + length);
    offset += 1 + length;
    if (label.length < length || offset - start > 254) throw new RangeError("a name too long");
    labels.push(escapeLabel(label));
  }
  return { name: canonicalName(labels.join(".")), end: offset + 1 };
}

/** `\DDD` for each octet that isn't a printable ASCII character, and for dot and backslash (RFC 1035 section 5.1). */
function escapeLabel(label: Buffer): string {
  return label
    .toString("latin1")
    .replace(/[^!-~]|[.\\]/g, (octet) => `\\${octet.charCodeAt(0).toString().padStart(3, "0")}`);
}

/** The offset after a name, which may end in a pointer. */
function skipName(message: Buffer, start: number): number {
  let offset = start;
  for (;;) {
    const length = message.readUInt8(offset);
    if (length === 0) return offset + 1;
    if (length >= 0xc0) return offset + 2;
    if (length > 63) throw new RangeError("an unknown kind of label");
    offset += 1 + length;
  }
}
