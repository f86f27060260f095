import { randomFillSync } from "node:crypto";
import {
  AUTHENTIC_DATA,
  decode,
  encode,
  RECURSION_DESIRED,
  type Answer,
  type DecodedPacket,
  type RecordType,
} from "dns-packet";

/** A question as it is sent: name normalized. */
export interface Question {
  readonly name: string;
  readonly type: RecordType;
}

/** A query on the wire, and what its reply has to repeat. */
export interface Query {
  readonly id: number;
  /** The name with the case of its letters at random, which a forged reply would have to guess ("0x20"). */
  readonly spelling: string;
  readonly type: RecordType;
  readonly octets: Buffer;
}

/** What a name server says to a question. */
export interface Reply {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, … (RFC 1035 4.1.1) */
  readonly rcode: string;
  /** Whether the server answers from a zone of its own. */
  readonly authoritative: boolean;
  /** Whether a resolver has validated the answer (DNSSEC, RFC 6840 5.8). */
  readonly authentic: boolean;
  readonly truncated: boolean;
  readonly edns: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
}

/** A reply that came, a reply to something else, or no DNS message at all. `exact`: also the case of the name is repeated. */
export type Received =
  | { readonly kind: "reply"; readonly reply: Reply; readonly exact: boolean }
  | { readonly kind: "foreign" }
  | { readonly kind: "garbage" };

/** Octets over UDP that pass every path in one piece (RFC 9715 3.2). */
const udpPayloadSize = 1232;

/** Whether the DNS can hold `name` at all (RFC 1035 2.3.4). "" is the root. */
export function fitsDns(name: string): boolean {
  if (name === "") return true;
  return (
    Buffer.byteLength(name) <= 253 &&
    name.split(".").every((label) => label !== "" && Buffer.byteLength(label) <= 63)
  );
}

/**
 * A query. Its AD bit asks whether the answer is validated (RFC 6840 5.7), which takes no EDNS.
 * @param recursion whether the server shall ask others
 */
export function query(
  { name, type }: Question,
  { recursion, edns }: { readonly recursion: boolean; readonly edns: boolean },
): Query {
  const id = 0x100 * randomOctet() + randomOctet();
  const spelling = inRandomCase(name);
  const octets = encode({
    type: "query",
    id,
    flags: AUTHENTIC_DATA | (recursion ? RECURSION_DESIRED : 0),
    questions: [{ name: spelling === "" ? "." : spelling, type }],
    ...(edns && {
      additionals: [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    }),
  });
  return { id, spelling, type, octets };
}

function inRandomCase(name: string): string {
  return name.replace(/[a-z]/g, (letter) => (randomOctet() < 0x80 ? letter : letter.toUpperCase()));
}

/** Taken from a supply: to have it filled costs as much for one octet as for thousands. */
function randomOctet(): number {
  if (taken === supply.length) {
    randomFillSync(supply);
    taken = 0;
  }
  return supply[taken++] ?? 0;
}

const supply = new Uint8Array(8192);
let taken = supply.length;

/** Reads what came in answer to `sent`. Never throws. */
export function receive(octets: Buffer, sent: Query): Received {
  if (octets.length >= 2 && octets.readUInt16BE(0) !== sent.id) return { kind: "foreign" };
  let packet: DecodedPacket & { readonly rcode?: string };
  try {
    packet = decode(octets);
  } catch {
    return { kind: "garbage" };
  }
  // Missing in the library's types.
  const { rcode = "NOERROR" } = packet;
  const { questions = [], answers = [], authorities = [], additionals = [] } = packet;
  const [asked] = questions;
  if (packet.type !== "response") return { kind: "garbage" };
  const name = asked?.name === "." ? "" : (asked?.name ?? "");
  // A server that can't read the query may leave the question out (RFC 1035 4.1.1).
  const repeated =
    asked === undefined ? rcode !== "NOERROR" : asked.type === sent.type && sameName(name, sent.spelling);
  if (!repeated) return { kind: "foreign" };
  return {
    kind: "reply",
    exact: name === sent.spelling || asked === undefined,
    reply: {
      rcode,
      authoritative: packet.flag_aa,
      authentic: packet.flag_ad,
      truncated: packet.flag_tc,
      edns: additionals.some(({ type }) => type === "OPT"),
      answers,
      authorities,
    },
  };
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
