import { isWithin, namesUpward } from "./name.ts";
import { TYPE_NUMBERS, type RecordOf, type ResourceRecord } from "./record.ts";
import { zoneOf, type Zone, type Zones } from "./zone.ts";

/** Response codes (RFC 1035 section 4.1.1, RFC 6891 section 9 for BADVERS). */
export const RCODES = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

/** What the zones say to a question, before it is put on the wire. */
export interface Answer {
  readonly rcode: number;
  /** Whether the data is ours, and no referral. */
  readonly authoritative: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
}

/** A question: canonical name, type and class by their numbers. */
export interface Question {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

const CLASS_IN = 1;
const TYPE_OPT = 41;
const TYPE_IXFR = 251;
const TYPE_AXFR = 252;
const TYPE_ANY = 255;
/** More aliases than this in a row are no honest data. */
const MAX_CHAIN = 16;

/**
 * Answers a question from the zones as an authoritative server does (RFC 1034 section 4.3.2 with RFC 4592): NXDOMAIN
 * against no data, aliases followed, wildcards applied only where no name exists, ANY by HINFO (RFC 8482).
 * An alias loop is SERVFAIL, as a resolver would tell its client (RFC 1034 section 3.6.2).
 */
export function answer(zones: Zones, question: Question): Answer {
  if (question.class !== CLASS_IN) return refusal(RCODES.REFUSED);
  if (question.type === TYPE_OPT) return refusal(RCODES.FORMERR);
  if (question.type === TYPE_AXFR || question.type === TYPE_IXFR) return refusal(RCODES.REFUSED);
  if (question.type >= 128 && question.type < TYPE_ANY) return refusal(RCODES.NOTIMP);

  const answers: ResourceRecord[] = [];
  let name = question.name;
  for (let aliases = 0; aliases <= MAX_CHAIN; aliases++) {
    const zone = zoneOf(zones, name);
    const cut = delegationAbove(zone, name);
    if (cut !== undefined)
      return { rcode: RCODES.NOERROR, authoritative: answers.length > 0, answers, authorities: cut };

    const node = nodeOf(zone, name);
    if (node === undefined) return negative(RCODES.NXDOMAIN, answers, zone);
    const alias = node.find((record) => record.type === "CNAME");
    if (alias === undefined || question.type === TYPE_NUMBERS.CNAME) {
      const found = ofType(node, question.type, name);
      if (found.length === 0) return negative(RCODES.NOERROR, answers, zone);
      return { rcode: RCODES.NOERROR, authoritative: true, answers: [...answers, ...found], authorities: [] };
    }
    answers.push({ ...alias, name });
    if (question.type === TYPE_ANY)
      return { rcode: RCODES.NOERROR, authoritative: true, answers, authorities: [] };
    name = alias.data;
  }
  return refusal(RCODES.SERVFAIL);
}

/** The NS records of a delegation below the apex at or above `name`, if there is one (RFC 1034 section 4.2.1). */
function delegationAbove(zone: Zone, name: string): RecordOf<"NS">[] | undefined {
  let cut: RecordOf<"NS">[] | undefined;
  for (const candidate of namesUpward(name)) {
    if (candidate === zone.origin) break;
    const servers = (zone.nodes.get(candidate) ?? []).filter((record) => record.type === "NS");
    if (servers.length > 0) cut = servers;
  }
  return cut;
}

/**
 * The records at `name`: its own if it exists, else those of the wildcard below its closest encloser
 * (RFC 4592 section 3.3.1). Undefined if the name doesn't exist.
 */
function nodeOf(zone: Zone, name: string): readonly ResourceRecord[] | undefined {
  const own = zone.nodes.get(name);
  if (own !== undefined) return own;
  for (const encloser of namesUpward(name)) {
    if (!isWithin(encloser, zone.origin)) break;
    if (zone.nodes.has(encloser)) return zone.nodes.get(encloser === "" ? "*" : `*.${encloser}`);
  }
  return undefined;
}

/** The RRset of a type, owned by `name`, all with the lowest of the times to live (RFC 2181 section 5.2). */
function ofType(node: readonly ResourceRecord[], type: number, name: string): ResourceRecord[] {
  if (type === TYPE_ANY && node.length > 0)
    return [{ name, type: "HINFO", ttl: 3600, data: { cpu: "RFC8482", os: "" } }];
  const records = node.filter((record) => TYPE_NUMBERS[record.type] === type);
  const ttl = Math.min(...records.map((record) => record.ttl));
  return records.map((record) => ({ ...record, name, ttl }));
}

/** NXDOMAIN or no data, with the start of authority that says how long to remember it (RFC 2308 section 3). */
function negative(rcode: number, answers: readonly ResourceRecord[], zone: Zone): Answer {
  const soa = { ...zone.soa, ttl: Math.min(zone.soa.ttl, zone.soa.data.minimum) };
  return { rcode, authoritative: true, answers, authorities: [soa] };
}

function refusal(rcode: number): Answer {
  return { rcode, authoritative: false, answers: [], authorities: [] };
}
