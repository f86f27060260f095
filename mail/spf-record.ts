import ipaddr from "ipaddr.js";
import { mergeCidr } from "cidr-tools";
import { normalizeName } from "./host-name.ts";
import { networkFault, publicIp4Fault } from "./address.ts";

/** Most terms of one SPF evaluation that ask the DNS (RFC 7208 4.6.4). */
const maxLookups = 10;

/** Octets up to which an SPF record surely fits a DNS answer over UDP (RFC 7208 3.4). */
const maxOctets = 450;

/** An address not yet allocated, by the logical name of its Elastic IP in braces. It stands for at most 15 octets. */
const symbol = /^\{[^{}\s]+\}$/;
const longestAddress = "255.255.255.255";

/** What an SPF record permits besides the sender's own addresses. */
export interface SpfOptions {
  /** What becomes of everybody else: "fail" is -all, "softfail" is ~all. */
  readonly all: "fail" | "softfail";
  /** Permits the addresses of the domain's own A records. Costs one look-up. */
  readonly a: boolean;
  /** Permits the addresses of the domain's mail exchangers. Costs one look-up. */
  readonly mx: boolean;
  /** Domains whose SPF records permit too (`include:`). Each costs one look-up and those inside it. */
  readonly includes: readonly string[];
  /** Further IPv4 addresses or networks. */
  readonly ip4: readonly string[];
}

/**
 * The SPF record (RFC 7208) of a domain: own addresses in the given order, further networks merged to the fewest that
 * permit exactly the same addresses, a, mx, includes, all. Each own address is IPv4 or a symbol such as
 * `{mail-okmail-address}`, so that a template and the record made from it differ in nothing else.
 * `v=spf1 ip4:192.0.2.10 mx include:_spf.example.net -all`
 * @throws RangeError if an address, network or domain is invalid, if the record itself asks for more than 10 look-ups,
 * or if it exceeds 450 octets
 */
export function spfRecord(addresses: readonly string[], options: SpfOptions): string {
  const own = unique(addresses.map(ownAddress));
  const includes = unique(options.includes.map(includedName));
  const lookups = Number(options.a) + Number(options.mx) + includes.length;
  if (lookups > maxLookups) {
    throw new RangeError(
      `the SPF record asks for ${lookups} DNS look-ups, and receivers stop after ${maxLookups} (RFC 7208 4.6.4); ` +
        `drop ${lookups - maxLookups} of its a, mx and include terms, or write their addresses as ip4`,
    );
  }
  return assemble([
    ...own.map(ip4Term),
    ...mergedNetworks(options.ip4)
      .filter((network) => !own.includes(network))
      .map(ip4Term),
    ...(options.a ? ["a"] : []),
    ...(options.mx ? ["mx"] : []),
    ...includes.map((name) => `include:${name}`),
    options.all === "fail" ? "-all" : "~all",
  ]);
}

/**
 * The SPF record of a HELO name (RFC 7208 2.3): its addresses and nobody else. Addresses as in `spfRecord`.
 * `v=spf1 ip4:192.0.2.10 -all`
 * @throws RangeError if an address is invalid or none is given
 */
export function heloSpfRecord(addresses: readonly string[]): string {
  if (addresses.length === 0) throw new RangeError("a HELO name's SPF record needs at least one address");
  return assemble([...unique(addresses.map(ownAddress)).map(ip4Term), "-all"]);
}

/**
 * Why `name` is no domain that an SPF record can include, undefined if it is one. Unlike a host name it may have
 * underscores (`_spf.example.net`); macros are for records written by hand. A phrase that follows the name.
 */
export function includeFault(name: string): string | undefined {
  if (name === "") return "is empty";
  if (/^include:/i.test(name)) return 'begins with "include:"; give the domain alone';
  if (name.includes("%")) return "has an SPF macro; give a plain domain";
  const labels = normalizeName(name).split(".");
  const wrong = labels.find((label) => !/^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  if (wrong === "") return "has an empty label: a dot too many";
  if (wrong !== undefined) return `has "${wrong}", which is no label of a domain name`;
  if (name.length > 253) return `is ${name.length} octets long; a name has at most 253`;
  // RFC 7208 7.1: a domain-spec ends in a dot and a top label, which is never all digits.
  if (labels.length < 2) return "is one label, not a domain";
  if (/^\d+$/.test(labels.at(-1) ?? "")) return "is an address, not a domain; give it as ip4";
  return undefined;
}

function ownAddress(address: string): string {
  const fault = symbol.test(address) ? undefined : publicIp4Fault(address);
  if (fault !== undefined) throw new RangeError(`the sender's address "${address}" ${fault}`);
  return address;
}

function includedName(name: string): string {
  const fault = includeFault(name);
  if (fault !== undefined) throw new RangeError(`the SPF include "${name}" ${fault}`);
  return normalizeName(name);
}

/** The fewest networks that hold exactly the same addresses, in numeric order, single addresses without a prefix. */
function mergedNetworks(networks: readonly string[]): string[] {
  for (const network of networks) {
    const fault = networkFault(network);
    if (fault !== undefined) throw new RangeError(`the SPF network "${network}" ${fault}`);
  }
  return mergeCidr([...networks])
    .sort((one, other) => firstAddress(one) - firstAddress(other))
    .map((network) => network.replace(/\/32$/, ""));
}

function firstAddress(network: string): number {
  const [address] = ipaddr.IPv4.parseCIDR(network);
  return Buffer.from(address.toByteArray()).readUInt32BE();
}

function ip4Term(address: string): string {
  return `ip4:${address}`;
}

function assemble(terms: readonly string[]): string {
  const record = ["v=spf1", ...terms].join(" ");
  const octets = Buffer.byteLength(record.replace(/\{[^{}\s]+\}/g, longestAddress));
  if (octets > maxOctets) {
    throw new RangeError(
      `the SPF record takes ${octets} octets, and only ${maxOctets} surely fit a DNS answer (RFC 7208 3.4); ` +
        "drop networks or includes, or replace neighbouring addresses by the network that holds them",
    );
  }
  return record;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
