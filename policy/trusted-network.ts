import ipaddr from "ipaddr.js";

/** Networks that nobody outside can be in: private, loopback, link local, carrier-grade NAT, unique local (IANA registries). */
const inside = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1/128",
  "fc00::/7",
  "fe80::/10",
].map((cidr) => ipaddr.parseCIDR(cidr));

/** Widest public network that may be one's own altogether. */
const widest = { ipv4: 24, ipv6: 48 } as const;

/**
 * Why an entry of mynetworks trusts people that it shouldn't, undefined if it doesn't or is no network at all. A phrase
 * that follows the value: `trusts every address there is (0.0.0.0/0)`.
 */
export function trustFault(entry: string): string | undefined {
  const cidr = entry.replace(/[[\]]/g, "");
  const [address, prefix] = parsed(cidr) ?? [];
  if (address === undefined || prefix === undefined) return undefined;
  if (prefix === 0) return `trusts every address there is (${entry})`;
  const within = inside.some(
    ([network, bits]) => network.kind() === address.kind() && prefix >= bits && address.match(network, bits),
  );
  if (within || prefix >= widest[address.kind()]) return undefined;
  return `trusts ${entry}, a public network wider than /${widest[address.kind()]}`;
}

function parsed(cidr: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  try {
    return cidr.includes("/") ? ipaddr.parseCIDR(cidr) : undefined;
  } catch {
    return undefined;
  }
}
