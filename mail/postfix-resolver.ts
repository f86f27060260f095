import type { HostPart } from "./host-part.ts";

/**
 * The host's own resolver, Unbound on the loopback interface, which checks DNSSEC: Postfix believes a receiver's TLSA
 * records (DANE, RFC 7672) only if a resolver that nobody on the way can pretend to be has checked them. It asks the
 * authoritative servers itself, for the resolver of a VPC hands out no signatures. Debian's package brings the trust
 * anchor of the root and keeps it up to date (RFC 5011).
 */
export const resolverPart: HostPart = {
  packages: ["dns-root-data", "unbound"],
  services: ["unbound.service"],
  files: [
    {
      path: "/etc/unbound/unbound.conf.d/okmail.conf",
      content: `server:
    # The host has no IPv6.
    do-ip6: no
    # What is asked for often is asked again before it expires.
    prefetch: yes
`,
    },
    {
      path: "/etc/unbound/resolv.conf",
      content: "nameserver 127.0.0.1\noptions edns0 trust-ad\n",
    },
    {
      // Once Unbound answers, every program asks it. `install` replaces a link to another resolver's file.
      path: "/etc/systemd/system/unbound.service.d/okmail.conf",
      content: `[Service]
ExecStartPost=/usr/bin/install --mode=0644 /etc/unbound/resolv.conf /etc/resolv.conf
`,
    },
  ],
};
