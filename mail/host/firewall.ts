import type { HostOptions } from "./options.ts";

/**
 * nftables.conf(5): what may come in, and that nobody but root asks for the role's credentials. The security group says
 * the first too; a host put into another group stays closed.
 */
export function firewall(options: HostOptions): string {
  const ports = portsIn(options);
  const open = ports.length === 0 ? "" : `    tcp dport { ${ports.join(", ")} } accept\n`;
  return `flush ruleset
table inet okmail {
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    meta l4proto { icmp, ipv6-icmp } accept
${open}  }
  chain output {
    type filter hook output priority filter;
    # The instance metadata holds the role's credentials: for root alone.
    ip daddr 169.254.169.254 meta skuid != 0 reject
  }
}
`;
}

/** TCP ports on which the host listens to the internet. */
export function portsIn({ receivesMail, submission, tls }: HostOptions): number[] {
  return [
    ...(receivesMail ? [25] : []),
    ...(tls.acme === undefined ? [] : [80]),
    ...(submission === undefined ? [] : [465, 587]),
  ];
}
