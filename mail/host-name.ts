import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";

export { providerDefaultName } from "./provider-name.ts";

/** Longest label in octets (RFC 1035 2.3.4). */
const maxLabel = 63;

/** Longest name as text in octets: 255 on the wire, less the first length octet and the root (RFC 1035 2.3.4). */
const maxName = 253;

/**
 * The one form in which names are compared and stored: lower case, no final dot (RFC 4343, RFC 1034 3.1).
 * Called once, where a name enters the program. "Mail.Example.COM." -> "mail.example.com"
 */
export function normalizeName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

/**
 * Why `name` is no fully qualified host name (RFC 1123 2.1, RFC 5321 4.1.2 "Domain"), undefined if it is one.
 * A phrase that follows the name: `has an underscore in "my_host"`. Case is free here; a final dot is a fault,
 * since SMTP has none.
 */
export function hostNameFault(name: string): string | undefined {
  if (name === "") return "is empty";
  if (isAddress(name)) return "is an address, not a name";
  if (name.endsWith(".")) return "ends in a dot";
  const labels = name.split(".");
  if (labels.includes("")) return name.startsWith(".") ? "begins with a dot" : "has two dots in a row";
  for (const label of labels) {
    const fault = hostLabelFault(label);
    if (fault !== undefined) return fault;
  }
  if (name.length > maxName) return `is ${name.length} octets long; a name has at most ${maxName}`;
  if (labels.length < 2) return "is one label, not a fully qualified name";
  const last = labels.at(-1) ?? "";
  if (/^\d+$/.test(last)) return `ends in the number "${last}", as no top-level domain does`;
  return undefined;
}

/**
 * Why `label` is no label for a host in the configuration, undefined if it is one: a single label in lower case,
 * of letters, digits and inner hyphens (RFC 1123 2.1). A phrase that follows the label.
 */
export function labelFault(label: string): string | undefined {
  if (label === "") return "is empty";
  if (label.includes(".")) return `has a dot in "${label}"; give the first label alone, the domain is added`;
  const fault = hostLabelFault(label);
  if (fault !== undefined) return fault;
  if (/[A-Z]/.test(label)) return `has a capital in "${label}"; write "${label.toLowerCase()}"`;
  return undefined;
}

/**
 * The name whose PTR record belongs to `address` (RFC 1035 3.5, RFC 3596 2.5).
 * 192.0.2.10 -> 10.2.0.192.in-addr.arpa, 2001:db8::1 -> 1.0.0.0.[…].8.b.d.0.1.0.0.2.ip6.arpa
 * @throws RangeError if `address` is no IP address
 */
export function reverseName(address: string): string {
  switch (isIP(address)) {
    case 4:
      return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
    case 6:
      if (!address.includes("%")) return `${nibbles(address).reverse().join(".")}.ip6.arpa`;
  }
  throw new RangeError(`"${address}" is no IP address, so it has no reverse name`);
}

/** The 32 hexadecimal digits of an IPv6 address. */
function nibbles(address: string): string[] {
  return ipaddr.IPv6.parse(address)
    .toByteArray()
    .flatMap((octet) => [octet >> 4, octet & 0xf])
    .map((nibble) => nibble.toString(16));
}

function isAddress(name: string): boolean {
  return isIP(name) !== 0 || /^\[.*\]$/.test(name);
}

/** RFC 1123 2.1: letters, digits and hyphens, no hyphen at either end. */
function hostLabelFault(label: string): string | undefined {
  if (label.includes("_")) return `has an underscore in "${label}"`;
  const stranger = /[^A-Za-z0-9-]/u.exec(label)?.[0];
  if (stranger !== undefined) return strangerFault(stranger, label);
  if (label.startsWith("-") || label.endsWith("-")) return `has a hyphen at an end of "${label}"`;
  if (label.length > maxLabel)
    return `has a label of ${label.length} octets; a label has at most ${maxLabel}`;
  return undefined;
}

function strangerFault(stranger: string, label: string): string {
  if (stranger === " ") return `has a space in "${label}"`;
  const ascii = domainToASCII(label);
  // Internationalized names travel as A-labels (RFC 5890 2.3.2.1): "münchen" is "xn--mnchen-3ya" in the DNS.
  const hint = ascii.startsWith("xn--") ? `; write "${ascii}"` : "";
  return `has ${JSON.stringify(stranger)} in ${JSON.stringify(label)}${hint}`;
}
