import ipaddr from "ipaddr.js";
import type { Account } from "../aws/account.ts";
import { elasticIpOf } from "../aws/association.ts";
import { defaultNetwork } from "../aws/network.ts";
import { permissions, type Direction, type Permission } from "../aws/permission.ts";
import { AWS_TYPES } from "../aws/types.ts";
import { securityGroups } from "../host/egress.ts";
import { asText, type CloudReader, type CloudRecord } from "../store.ts";
import { NAME_SERVER_ADDRESS, VPC_RESOLVER } from "./addresses.ts";

/**
 * What the network of the account does, as a script for nft(8) that puts it in force in one step: public addresses lead
 * to instances and back (1:1 NAT, as an internet gateway does it; an instance knows only its private address), and
 * security groups let through what they permit, with the answers to it.
 */
export function packetFilter(cloud: CloudReader, account: Pick<Account, "region">): string {
  const { cidrBlock: vpc } = defaultNetwork(account.region);
  const guests = cloud.list(AWS_TYPES.instance).map((instance) => guestOf(cloud, account, instance));
  const leading = guests.flatMap(({ privateIp, publicIp }) =>
    publicIp === "" ? [] : [{ privateIp, publicIp }],
  );
  const toPrivate = leading.map(({ privateIp, publicIp }) => `${publicIp} : ${privateIp}`);
  const toPublic = leading.map(({ privateIp, publicIp }) => `${privateIp} : ${publicIp}`);
  const chains = guests.flatMap((guest, index) =>
    (["ingress", "egress"] as const).map(
      (direction) => `
  chain ${direction}_${index} {
${indented(verdicts(cloud, guests, guest, direction))}
    drop
  }`,
    ),
  );
  const jumps = (direction: Direction) =>
    guests.map(({ privateIp }, index) => `${privateIp} : goto ${direction}_${index}`);
  return `
table ip cloud
delete table ip cloud
table ip cloud {
  map to_private {
    type ipv4_addr : ipv4_addr
${indented(elements(toPrivate))}
  }
  map to_public {
    type ipv4_addr : ipv4_addr
${indented(elements(toPublic))}
  }
  set public {
    type ipv4_addr
${indented(elements(leading.map(({ privateIp }) => privateIp)))}
  }
${chains.join("\n")}

  chain egress {
${indented(vmap("ip saddr", jumps("egress")))}
    drop
  }
  chain ingress {
${indented(vmap("ip daddr", jumps("ingress")))}
    drop
  }
  chain forwarded {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ct state invalid drop
    # Security groups have no say over the VPC's resolver.
    ct original ip daddr ${VPC_RESOLVER} accept
    ip saddr ${vpc} ip daddr != ${vpc} ip saddr != @public drop
    ip saddr ${vpc} jump egress
    ip daddr ${vpc} jump ingress
  }

  chain arriving {
    type nat hook prerouting priority dstnat; policy accept;
    # One name server is the DNS of the whole internet: the VPC's resolver, the root servers and whoever else is asked.
    ip saddr ${vpc} meta l4proto { tcp, udp } th dport 53 dnat to ${NAME_SERVER_ADDRESS}
    dnat to ip daddr map @to_private
  }
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    # Who talks to a private address is seen under its own.
    ct original ip daddr ${vpc} accept
    snat to ip saddr map @to_public
  }
}
`;
}

/** An instance as far as the network knows it; addresses are "" where it has none. */
interface NetworkGuest {
  readonly privateIp: string;
  readonly publicIp: string;
  readonly groups: readonly string[];
}

function guestOf(
  cloud: CloudReader,
  { region }: Pick<Account, "region">,
  instance: CloudRecord,
): NetworkGuest {
  const { outputs } = instance;
  const groups = securityGroups(cloud, instance);
  return {
    privateIp: asText(outputs.privateIp),
    publicIp: asText(elasticIpOf(cloud, instance)?.outputs.publicIp ?? outputs.automaticIp),
    groups: groups.length === 0 ? [defaultNetwork(region).securityGroupId] : groups,
  };
}

/** One line for each thing that is let through. */
function verdicts(
  cloud: CloudReader,
  guests: readonly NetworkGuest[],
  guest: NetworkGuest,
  direction: Direction,
): string[] {
  const field = direction === "ingress" ? "ip saddr" : "ip daddr";
  const addresses = (group: string) =>
    guests.filter(({ groups }) => groups.includes(group)).map(({ privateIp }) => privateIp);
  const given = guest.groups.flatMap((group) =>
    // Nobody declared it: a VPC's default group lets everything out, and its own members in.
    cloud.find(AWS_TYPES.securityGroup, group) === undefined
      ? [{ protocol: "-1", fromPort: -1, toPort: -1, peer: direction === "egress" ? "0.0.0.0/0" : group }]
      : permissions(cloud, group, direction),
  );
  const lines = given.flatMap((permission) => {
    const peer = peerMatch(field, permission.peer, addresses);
    const traffic = trafficMatch(permission);
    return peer === undefined || traffic === undefined
      ? []
      : [[peer, traffic, "return"].filter((part) => part !== "").join(" ")];
  });
  return [...new Set(lines)];
}

/** "" where any peer matches, undefined where none does: IPv6 networks, prefix lists, groups without members. */
function peerMatch(
  field: string,
  peer: string,
  addresses: (group: string) => readonly string[],
): string | undefined {
  if (peer === "0.0.0.0/0") return "";
  if (ipaddr.IPv4.isValidCIDR(peer)) return `${field} ${peer}`;
  const members = addresses(peer);
  return members.length === 0 ? undefined : `${field} { ${members.join(", ")} }`;
}

/** "" where any traffic matches, undefined where IPv4 has none of the kind. */
function trafficMatch({ protocol, fromPort, toPort }: Permission): string | undefined {
  switch (protocol) {
    case "-1":
      return "";
    case "tcp":
    case "udp":
      return fromPort < 0 ? `meta l4proto ${protocol}` : `${protocol} dport ${fromPort}-${toPort}`;
    case "icmp":
      // The "ports" are a type and a code; -1 stands for all.
      if (fromPort < 0) return "meta l4proto icmp";
      return toPort < 0 ? `icmp type ${fromPort}` : `icmp type ${fromPort} icmp code ${toPort}`;
    case "icmpv6":
      return undefined;
    default:
      return `meta l4proto ${protocol}`;
  }
}

/** nft takes no empty list of elements. */
function elements(list: readonly string[]): string[] {
  return list.length === 0 ? [] : [`elements = { ${list.join(", ")} }`];
}

function vmap(field: string, list: readonly string[]): string[] {
  return list.length === 0 ? [] : [`${field} vmap { ${list.join(", ")} }`];
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}`).join("\n");
}
