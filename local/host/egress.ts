import ipaddr from "ipaddr.js";
import { permissions, type Permission } from "../aws/permission.ts";
import { AWS_TYPES } from "../aws/types.ts";
import { asText, type CloudReader, type CloudRecord } from "../store.ts";
import { asList } from "./json-list.ts";

/** A connection that a host wants to make over TCP. */
export interface Destination {
  readonly address: string;
  readonly port: number;
}

/**
 * Whether the security groups of an instance let a TCP connection out. Groups that nobody declared, such as the VPC's default
 * one, let everything out.
 */
export function letsOut(cloud: CloudReader, instance: CloudRecord, destination: Destination): boolean {
  const groups = securityGroups(cloud, instance);
  if (groups.length === 0) return true;
  return groups.some((id) => {
    const group = cloud.find(AWS_TYPES.securityGroup, id);
    return (
      group === undefined ||
      permissions(cloud, id, "egress").some((permission) => covers(permission, destination))
    );
  });
}

/** Ids of an instance's security groups; a network interface that the program declares has its groups itself. */
export function securityGroups(cloud: CloudReader, { inputs, outputs }: CloudRecord): readonly string[] {
  const networkInterface = cloud.find(AWS_TYPES.networkInterface, asText(outputs.primaryNetworkInterfaceId));
  const own =
    networkInterface === undefined ? inputs.vpcSecurityGroupIds : networkInterface.inputs.securityGroups;
  return asList(own).map(asText);
}

function covers({ protocol, fromPort, toPort, peer }: Permission, { address, port }: Destination): boolean {
  const isProtocol = protocol === "-1" || (protocol === "tcp" && fromPort <= port && port <= toPort);
  return isProtocol && isWithin(address, peer);
}

/** Peers that are no networks, that is prefix lists and security groups, hold no address of the internet. */
function isWithin(address: string, peer: string): boolean {
  if (!ipaddr.isValidCIDR(peer)) return false;
  const [network, bits] = ipaddr.parseCIDR(peer);
  const candidate = ipaddr.parse(address);
  return candidate.kind() === network.kind() && candidate.match(network, bits);
}
