/** The single permissions of security groups, whether written in the group itself or as rules of their own. */
import type { CloudReader } from "../store.ts";
import { AWS_TYPES } from "./types.ts";

/** Which way traffic goes. */
export type Direction = "ingress" | "egress";

/** One permission: a protocol, its ports, and one peer. */
export interface Permission {
  readonly protocol: string;
  /** -1 where the protocol has no ports or all are meant. */
  readonly fromPort: number;
  readonly toPort: number;
  /** An IPv4 or IPv6 network, a prefix list, or a security group. */
  readonly peer: string;
}

/** A permission and the rule resource that gives it, if it isn't the group's own. */
interface Given extends Permission {
  readonly ruleId?: string;
}

/** The inputs of a rule of its own. */
export interface RuleInputs {
  readonly cidrIpv4?: string;
  readonly cidrIpv6?: string;
  readonly fromPort?: number;
  readonly ipProtocol: string;
  readonly prefixListId?: string;
  readonly referencedSecurityGroupId?: string;
  readonly securityGroupId: string;
  readonly toPort?: number;
}

/** A rule within a security group. */
interface InlineRule {
  readonly cidrBlocks?: readonly string[];
  readonly fromPort: number;
  readonly ipv6CidrBlocks?: readonly string[];
  readonly prefixListIds?: readonly string[];
  readonly protocol: string;
  readonly securityGroups?: readonly string[];
  readonly self?: boolean;
  readonly toPort: number;
}

const RULE_TYPES = {
  ingress: AWS_TYPES.securityGroupIngressRule,
  egress: AWS_TYPES.securityGroupEgressRule,
} as const;

/** Protocol numbers that have a name (IANA protocol numbers), and the word for all. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  "1": "icmp",
  "6": "tcp",
  "17": "udp",
  "58": "icmpv6",
  all: "-1",
};

/** A protocol by its name where it has one: `6` is `tcp`. */
export function protocolName(protocol: string): string {
  return PROTOCOLS[protocol.toLowerCase()] ?? protocol.toLowerCase();
}

/** What a rule of its own permits. */
export function permissionOf(rule: RuleInputs): Permission {
  const peer = rule.cidrIpv4 ?? rule.cidrIpv6 ?? rule.prefixListId ?? rule.referencedSecurityGroupId ?? "";
  return permission(rule.ipProtocol, rule.fromPort, rule.toPort, peer);
}

/** What a rule within the group `groupId` permits. */
function inlinePermissions(groupId: string, rule: InlineRule): readonly Permission[] {
  const peers = [
    ...(rule.cidrBlocks ?? []),
    ...(rule.ipv6CidrBlocks ?? []),
    ...(rule.prefixListIds ?? []),
    ...(rule.securityGroups ?? []),
    ...(rule.self === true ? [groupId] : []),
  ];
  return peers.map((peer) => permission(rule.protocol, rule.fromPort, rule.toPort, peer));
}

/** The rule of its own, or the group, that gives `wanted` already; other than `exceptRule`. */
export function isPermitted(
  cloud: CloudReader,
  groupId: string,
  direction: Direction,
  wanted: Permission,
  exceptRule?: string,
): boolean {
  return permissions(cloud, groupId, direction).some(
    (given) =>
      (given.ruleId === undefined || given.ruleId !== exceptRule) &&
      describePermission(given) === describePermission(wanted),
  );
}

/** Whether another group's permission names this group as its peer. */
export function isReferenced(cloud: CloudReader, groupId: string): boolean {
  const others = cloud.list(AWS_TYPES.securityGroup).filter(({ id }) => id !== groupId);
  return others.some(({ id }) =>
    (["ingress", "egress"] as const).some((direction) =>
      permissions(cloud, id, direction).some(({ peer }) => peer === groupId),
    ),
  );
}

/** A permission in EC2's words: `peer: 0.0.0.0/0, TCP, from port: 25, to port: 25, ALLOW`. */
export function describePermission({ peer, protocol, fromPort, toPort }: Permission): string {
  const ports = protocol === "-1" ? "" : `, from port: ${fromPort}, to port: ${toPort}`;
  return `peer: ${peer}, ${protocol === "-1" ? "ALL" : protocol.toUpperCase()}${ports}, ALLOW`;
}

/** What a security group lets through in one direction, by rules of its own and by those in the group itself. */
export function permissions(cloud: CloudReader, groupId: string, direction: Direction): readonly Given[] {
  const rules = cloud
    .list(RULE_TYPES[direction])
    .filter(({ inputs }) => inputs.securityGroupId === groupId)
    .map(({ id, inputs }) => ({ ...permissionOf(inputs as unknown as RuleInputs), ruleId: id }));
  const group = cloud.find(AWS_TYPES.securityGroup, groupId);
  const inline = (group?.inputs[direction] ?? []) as unknown as readonly InlineRule[];
  return [...rules, ...inline.flatMap((rule) => inlinePermissions(groupId, rule))];
}

function permission(
  protocol: string,
  fromPort: number | undefined,
  toPort: number | undefined,
  peer: string,
): Permission {
  const name = protocolName(protocol);
  return {
    protocol: name,
    fromPort: name === "-1" ? -1 : (fromPort ?? -1),
    toPort: name === "-1" ? -1 : (toPort ?? -1),
    peer,
  };
}
