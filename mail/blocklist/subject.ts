import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { getDomain } from "tldts";
import { hostNameFault, normalizeName, reverseName } from "../host-name.ts";
import type { Blocklist } from "./schema.ts";

/** What a list is asked about: an address or a domain, in its settled form. */
export interface Subject {
  readonly kind: "ipv4" | "ipv6" | "domain";
  readonly text: string;
}

/**
 * An IPv4 address in IPv6 form is the IPv4 address: lists have it as that.
 *
 * @throws RangeError if `written` is neither an address nor a domain
 */
export function readSubject(written: string): Subject {
  if (isIP(written) !== 0) {
    const address = ipaddr.process(written.replace(/%.*$/, ""));
    return { kind: address.kind(), text: address.toString() };
  }
  const domain = normalizeName(written);
  const fault = hostNameFault(domain);
  if (fault !== undefined)
    throw new RangeError(`"${written}" is neither an address nor a domain: as a name it ${fault}`);
  return { kind: "domain", text: domain };
}

/** Whether the list can have such a subject: a list of domains must never get an address (Spamhaus DBL 127.0.1.255). */
export function concerns(list: Blocklist, { kind }: Subject): boolean {
  switch (kind) {
    case "domain":
      return list.lists === "domains";
    case "ipv6":
      return list.lists === "addresses" && list.ipv6;
    case "ipv4":
      return list.lists === "addresses";
  }
}

/**
 * What comes before the zone in the name that is asked for (RFC 5782 2.1, 2.4, 3.1): 192.0.2.10 -> 10.2.0.192, the
 * nibbles of an IPv6 address in reverse, a domain as it is.
 */
export function labelsOf({ kind, text }: Subject, list: Blocklist): string {
  if (kind === "domain") return list.registeredDomain ? (getDomain(text) ?? text) : text;
  return reverseName(text).replace(/\.(in-addr|ip6)\.arpa$/, "");
}
