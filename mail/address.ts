import ipaddr from "ipaddr.js";
import { hostNameFault } from "./host-name.ts";

type Address = ipaddr.IPv4;

/**
 * IPv4 addresses that no receiver on the internet ever sees (IANA special-purpose registry, RFC 6890).
 * The documentation ranges of RFC 5737 are missing on purpose: the local cloud allocates from them.
 */
const unreachable = [
  ["0.0.0.0/8", '"this network" (RFC 791)'],
  ["10.0.0.0/8", "private (RFC 1918)"],
  ["100.64.0.0/10", "carrier-grade NAT (RFC 6598)"],
  ["127.0.0.0/8", "loopback (RFC 1122)"],
  ["169.254.0.0/16", "link local (RFC 3927)"],
  ["172.16.0.0/12", "private (RFC 1918)"],
  ["192.0.0.0/24", "protocol assignments (RFC 6890)"],
  ["192.88.99.0/24", "6to4 relays, withdrawn (RFC 7526)"],
  ["192.168.0.0/16", "private (RFC 1918)"],
  ["198.18.0.0/15", "benchmarking (RFC 2544)"],
  ["224.0.0.0/4", "multicast (RFC 1112)"],
  ["240.0.0.0/4", "reserved (RFC 1112)"],
].map(([cidr = "", what = ""]) => ({ cidr, what, range: ipaddr.IPv4.parseCIDR(cidr) }));

/** Widest network that an SPF record of ours authorizes: an allocation of one organization, seldom more. */
const widestPrefix = 16;

/** Longest local part and whole mailbox in octets: a path is 256 with its angle brackets (RFC 5321 4.5.3.1). */
const maxLocalPart = 64;
const maxMailbox = 254;

/**
 * Why `address` is no public IPv4 address, undefined if it is one. A phrase that follows the address:
 * `is in 10.0.0.0/8, private (RFC 1918)`. Only four decimal numbers without leading zeros count as IPv4.
 */
export function publicIp4Fault(address: string): string | undefined {
  const fault = ip4Fault(address);
  if (fault !== undefined) return fault;
  return unreachableFault(ipaddr.IPv4.parse(address), 32);
}

/**
 * Why `cidr` (an IPv4 address, or network/prefix) is nothing that an SPF record may authorize, undefined if it is.
 * A phrase that follows the network: `has host bits set; the network is 192.0.2.0/24`.
 */
export function networkFault(cidr: string): string | undefined {
  const [address = "", prefixText, ...rest] = cidr.split("/");
  if (rest.length > 0) return "has more than one slash";
  const fault = ip4Fault(address);
  if (fault !== undefined) return fault;
  if (prefixText === undefined) return publicIp4Fault(address);
  if (!/^(0|[1-9]\d?)$/.test(prefixText) || Number(prefixText) > 32) {
    return `has the prefix "/${prefixText}"; an IPv4 prefix is a number from 0 to 32`;
  }
  const prefix = Number(prefixText);
  if (prefix < widestPrefix) {
    const size = (2 ** (32 - prefix)).toLocaleString("en-US");
    return `authorizes ${size} addresses; the widest accepted is /${widestPrefix}`;
  }
  const network = ipaddr.IPv4.networkAddressFromCIDR(cidr).toString();
  if (network !== address) return `has host bits set; the network is ${network}/${prefix}`;
  return unreachableFault(ipaddr.IPv4.parse(address), prefix);
}

/**
 * Why `address` is no mailbox (RFC 5321 4.1.2 with a domain, no address literal), undefined if it is one.
 * A phrase that follows the address: `has no @`.
 */
export function mailboxFault(address: string): string | undefined {
  if (address === "") return "is empty";
  if (/^mailto:/i.test(address)) return 'begins with "mailto:"; give the address alone';
  if (/[<>]/.test(address)) return "has angle brackets; give the address alone";
  const at = address.lastIndexOf("@");
  if (at < 0) return "has no @";
  const localPart = address.slice(0, at);
  const domain = address.slice(at + 1);
  const fault = localPartFault(localPart);
  if (fault !== undefined) return fault;
  const domainFault = hostNameFault(domain);
  if (domainFault !== undefined) return `has the domain "${domain}", which ${domainFault}`;
  if (address.length > maxMailbox)
    return `is ${address.length} octets long; a mailbox has at most ${maxMailbox}`;
  return undefined;
}

function ip4Fault(address: string): string | undefined {
  // isValid also takes octal, hexadecimal and short forms, which mean different addresses to different programs.
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return undefined;
  if (ipaddr.IPv6.isValid(address)) return "is an IPv6 address; only IPv4 sends mail here";
  if (ipaddr.IPv4.isValid(address)) return "is not written as four decimal numbers without leading zeros";
  return "is no IPv4 address";
}

/** Two networks share addresses exactly when they agree in the bits of the shorter prefix. */
function unreachableFault(address: Address, prefix: number): string | undefined {
  const found = unreachable.find(({ range: [network, bits] }) =>
    address.match(network, Math.min(prefix, bits)),
  );
  return found && `is in ${found.cidr}, ${found.what}`;
}

/** Local-part = Dot-string / Quoted-string (RFC 5321 4.1.2). */
function localPartFault(localPart: string): string | undefined {
  if (localPart === "") return "has nothing before the @";
  if (localPart.length > maxLocalPart) {
    return `has ${localPart.length} octets before the @; at most ${maxLocalPart} are allowed`;
  }
  const foreign = /[^\x20-\x7e]/u.exec(localPart)?.[0];
  if (foreign !== undefined) return `has ${JSON.stringify(foreign)} before the @`;
  if (localPart.startsWith('"')) {
    return /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"$/.test(localPart)
      ? undefined
      : "has a quoted part before the @ that does not end there";
  }
  const special = /[^A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]/.exec(localPart)?.[0];
  if (special !== undefined) return `has ${special === " " ? "a space" : `"${special}"`} before the @`;
  if (localPart.startsWith(".")) return "begins with a dot";
  if (localPart.endsWith(".")) return "has a dot right before the @";
  if (localPart.includes("..")) return "has two dots in a row";
  return undefined;
}
