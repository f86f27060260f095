import ipaddr from "ipaddr.js";
import { asText } from "../store.ts";
import type { CloudReader } from "../store.ts";
import { fixedId } from "./id.ts";
import { AWS_TYPES } from "./types.ts";

/** A subnet of the default VPC. */
export interface Subnet {
  readonly id: string;
  readonly cidrBlock: string;
  readonly availabilityZone: string;
  readonly availabilityZoneId: string;
}

/** The network that every account has in a Region from the start. */
export interface DefaultNetwork {
  readonly vpcId: string;
  readonly cidrBlock: string;
  /** One in each Availability Zone; the first is where an instance lands that names none. */
  readonly subnets: readonly [Subnet, ...Subnet[]];
  /** The security group of whatever names none. */
  readonly securityGroupId: string;
}

/** How many addresses at the start of a subnet AWS keeps for itself: network, router, DNS, future use. One more at the end. */
const RESERVED_ADDRESSES = 4;

/** The default VPC of a Region: 172.31.0.0/16 with a /20 in each of three Availability Zones. */
export function defaultNetwork(region: string): DefaultNetwork {
  const subnet = (zone: string, number: number): Subnet => ({
    id: fixedId("subnet", region, zone),
    cidrBlock: `172.31.${number * 16}.0/20`,
    availabilityZone: `${region}${zone}`,
    // euc1-az1 for eu-central-1: a zone's letter differs from account to account, its id doesn't.
    availabilityZoneId: `${region.replace(/^(\w\w)-(\w)\w*-(\d)$/, "$1$2$3")}-az${number + 1}`,
  });
  return {
    vpcId: fixedId("vpc", region),
    cidrBlock: "172.31.0.0/16",
    subnets: [subnet("a", 0), subnet("b", 1), subnet("c", 2)],
    securityGroupId: fixedId("sg", region, "default"),
  };
}

/** Whether an instance in `subnet` could have the private address. */
export function isUsable(subnet: Subnet, address: string): boolean {
  const offset = toNumber(address) - firstNumber(subnet);
  return offset >= RESERVED_ADDRESSES && offset < sizeOf(subnet) - 1;
}

/** How many private addresses of `subnet` are free. */
export function freeAddresses(cloud: CloudReader, subnet: Subnet): number {
  const taken = [...privateAddresses(cloud)].filter((address) => isUsable(subnet, address)).length;
  return sizeOf(subnet) - RESERVED_ADDRESSES - 1 - taken;
}

/** The lowest private address of `subnet` that no instance has; undefined if it is full. */
export function freePrivateAddress(cloud: CloudReader, subnet: Subnet): string | undefined {
  const taken = privateAddresses(cloud);
  for (let offset = RESERVED_ADDRESSES; offset < sizeOf(subnet) - 1; offset++) {
    const address = toAddress(firstNumber(subnet) + offset);
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** The private addresses of all instances and network interfaces. */
export function privateAddresses(cloud: CloudReader): ReadonlySet<string> {
  const holders = [...cloud.list(AWS_TYPES.instance), ...cloud.list(AWS_TYPES.networkInterface)];
  return new Set(holders.map(({ outputs }) => asText(outputs.privateIp)));
}

function firstNumber({ cidrBlock }: Subnet): number {
  return toNumber(cidrBlock.replace(/\/.*/, ""));
}

function sizeOf({ cidrBlock }: Subnet): number {
  return 2 ** (32 - ipaddr.IPv4.parseCIDR(cidrBlock)[1]);
}

function toNumber(address: string): number {
  return ipaddr.IPv4.parse(address).octets.reduce((number, octet) => number * 256 + octet, 0);
}

function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}
