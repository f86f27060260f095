import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

/**
 * Domain names as the local DNS compares them: lower case (ASCII), no final dot, "" for the root.
 * An octet that would be read as something else is written `\DDD` (RFC 1035 section 5.1), so a dot always parts labels.
 */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** The labels from left to right; none for the root. */
export function labelsOf(name: string): string[] {
  return name === "" ? [] : name.split(".");
}

/** `mail.example.com` -> `example.com`; undefined for the root. */
export function parentName(name: string): string | undefined {
  if (name === "") return undefined;
  const dot = name.indexOf(".");
  return dot === -1 ? "" : name.slice(dot + 1);
}

/** The name and all above it, nearest first, the root last: `a.b` -> `a.b`, `b`, ``. */
export function* namesUpward(name: string): Generator<string> {
  for (let current: string | undefined = name; current !== undefined; current = parentName(current))
    yield current;
}

/** Whether `name` is `origin` or lies below it. */
export function isWithin(name: string, origin: string): boolean {
  return origin === "" || name === origin || name.endsWith(`.${origin}`);
}

/**
 * Why `name` can't be put on the wire: empty labels, more than 63 octets in a label, more than 255 in the name with its
 * length octets (RFC 1035 section 2.3.4). Undefined if it can.
 */
export function wireNameFault(name: string): string | undefined {
  for (const label of labelsOf(name)) {
    if (label === "") return `an empty label in "${name}"`;
    if (label.length > 63) return `a label longer than 63 octets in "${name}"`;
  }
  return name.length > 253 ? `a name longer than 255 octets: "${name}"` : undefined;
}

/**
 * The owner name of an address's PTR record: `192.0.2.10` -> `10.2.0.192.in-addr.arpa` (RFC 1035 section 3.5), nibbles
 * under `ip6.arpa` for IPv6 (RFC 3596 section 2.5). Throws if `address` is no address.
 */
export function reverseName(address: string): string {
  return isIPv4(address) ? `${reversedLabels(address)}.in-addr.arpa` : `${reversedLabels(address)}.ip6.arpa`;
}

/** The address's octets or nibbles in reverse, as reverse zones and blocklists are asked (RFC 5782 section 2.1, 2.4). */
export function reversedLabels(address: string): string {
  if (isIPv4(address)) return address.split(".").reverse().join(".");
  if (!isIPv6(address)) throw new Error(`"${address}" is no IP address`);
  const bytes = ipaddr.IPv6.parse(address).toByteArray();
  return Array.from(Buffer.from(bytes).toString("hex")).reverse().join(".");
}
