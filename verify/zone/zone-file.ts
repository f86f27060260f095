import { isIPv4, isIPv6 } from "node:net";
import { normalizeName } from "../../mail/host-name.ts";
import { joinTxt } from "../../mail/txt.ts";
import type { DeclaredRecord } from "../subject.ts";
import type { ZoneRecords } from "./zone-records.ts";

/** Most octets in one character-string (RFC 1035 3.3), and in a label and a name as text (RFC 1035 2.3.4). */
const maxString = 255;
const maxLabel = 63;
const maxName = 253;

/** A record as a line of a zone file (RFC 1035 5.1) has it. */
export interface ZoneEntry {
  /** Absolute: with its final dot. */
  readonly owner: string;
  readonly type: string;
  /** What follows the type, which is also how dig +short writes an answer: `10 okmail.example.com.` */
  readonly data: string;
}

/**
 * The records of the domain as lines to put into its zone file, or to $INCLUDE there. All names are absolute and each line has
 * its TTL, so that neither $ORIGIN nor $TTL changes what it means. What belongs to the reverse zones is in comments.
 *
 * @param ttl seconds that resolvers may keep the records
 * @throws RangeError if a record can't be written
 */
export function zoneFragment({ domain, forward, reverse }: ZoneRecords, ttl: number): string {
  return [
    `; What mail from ${domain} needs in the zone of ${domain}.`,
    ...linesOf(forward, ttl),
    ";",
    "; The reverse names belong to whoever the addresses belong to. For an Elastic IP, AWS sets them: see okmail zone --reverse.",
    ...linesOf(reverse, ttl).map((line) => `; ${line}`),
    "",
  ].join("\n");
}

/** The same for the zones of the reverse names, for who runs them. @throws RangeError if a record can't be written */
export function reverseFragment({ domain, reverse }: ZoneRecords, ttl: number): string {
  return [
    `; What mail from ${domain} needs in the reverse zones of its addresses.`,
    ...linesOf(reverse, ttl),
    "",
  ].join("\n");
}

/** @throws RangeError if the record can't be written in a zone file */
export function zoneEntry(record: DeclaredRecord): ZoneEntry {
  const { name, type } = record;
  const owner = normalizeName(name);
  const fault = ownerFault(owner);
  if (fault !== undefined) throw new RangeError(`the ${type} record of "${name}": the name ${fault}`);
  return { owner: `${owner}.`, type, data: dataOf(record) };
}

function linesOf(records: readonly DeclaredRecord[], ttl: number): string[] {
  const entries = records.map(zoneEntry);
  const width = Math.max(0, ...entries.map(({ owner }) => owner.length));
  return entries.map(({ owner, type, data }) => `${owner.padEnd(width)} ${ttl} IN ${type.padEnd(5)} ${data}`);
}

function dataOf(record: DeclaredRecord): string {
  const { name, type, content } = record;
  const refuse = (fault: string) =>
    new RangeError(`the ${type} record of "${name}" can't be written: "${content}" ${fault}`);
  switch (type) {
    case "A":
      if (!isIPv4(content)) throw refuse("is no IPv4 address");
      return content;
    case "AAAA":
      if (!isIPv6(content) || content.includes("%")) throw refuse("is no IPv6 address");
      return content;
    case "TXT":
      return characterStrings(joinTxt(content));
    case "CNAME":
    case "NS":
    case "PTR":
      return target(content, refuse);
    case "MX": {
      const [, preference = "", exchange = ""] = /^(\d{1,5}) (\S+)$/.exec(content) ?? [];
      if (exchange === "" || Number(preference) > 65_535) throw refuse("is no preference with a name");
      return `${Number(preference)} ${exchange === "." ? exchange : target(exchange, refuse)}`;
    }
    case "CAA": {
      const [, flags, tag = "", value = ""] = /^(\d{1,3}) ([a-z0-9]+) "(.*)"$/i.exec(content) ?? [];
      if (tag === "" || Number(flags) > 255) throw refuse('is not like 0 issue "ca.example"');
      return `${Number(flags)} ${tag} "${escaped(Buffer.from(value))}"`;
    }
    case "TLSA": {
      const [, usage = "", selector = "", matchingType = "", data = ""] =
        /^(\d{1,3}) (\d{1,3}) (\d{1,3}) ((?:[0-9a-f]{2})+)$/i.exec(content) ?? [];
      const numbers = [usage, selector, matchingType].map(Number);
      if (data === "" || Math.max(...numbers) > 255)
        throw refuse("is not like 3 1 1 and a digest in hexadecimal");
      // As dig writes it: in groups, which are one (RFC 6698 2.2).
      return [...numbers, ...(data.toUpperCase().match(/.{1,56}/g) ?? [])].join(" ");
    }
    default:
      throw refuse("is of a type that isn't known here");
  }
}

function target(name: string, refuse: (fault: string) => RangeError): string {
  const fault = ownerFault(normalizeName(name));
  if (fault !== undefined) throw refuse(`names what is no name: it ${fault}`);
  return `${normalizeName(name)}.`;
}

/** Why `name` is none that mail's records have: letters, digits, hyphen, underscore, and a first label `*`. */
function ownerFault(name: string): string | undefined {
  if (name.length > maxName) return `is ${name.length} octets long; a name has at most ${maxName}`;
  for (const [index, label] of name.split(".").entries()) {
    if (label === "") return "has an empty label";
    if (label.length > maxLabel) return `has a label of ${label.length} octets; one has at most ${maxLabel}`;
    if (!/^[a-z0-9_-]+$/.test(label) && !(index === 0 && label === "*")) return `has the label "${label}"`;
  }
  return undefined;
}

/** Quoted strings of at most 255 octets each, side by side; what reads them puts them together (RFC 7208 3.3). */
function characterStrings(text: string): string {
  const octets = Buffer.from(text);
  const count = Math.max(1, Math.ceil(octets.length / maxString));
  const strings = Array.from({ length: count }, (_, index) =>
    octets.subarray(index * maxString, (index + 1) * maxString),
  );
  return strings.map((string) => `"${escaped(string)}"`).join(" ");
}

/** `"` and `\` behind a backslash, what is not printable ASCII as `\DDD` (RFC 1035 5.1). */
function escaped(octets: Buffer): string {
  return Array.from(octets, (octet) => {
    const character = String.fromCharCode(octet);
    if (character === '"' || character === "\\") return `\\${character}`;
    return octet >= 0x20 && octet < 0x7f ? character : `\\${String(octet).padStart(3, "0")}`;
  }).join("");
}
