import type { JsonObject } from "../store.ts";
import type { FunctionDefinition } from "../provider/definition.ts";
import { arn } from "./account.ts";
import type { Account } from "./account.ts";
import { awsFunction } from "./aws-function.ts";
import { exactlyOne, findMatching } from "./find-one.ts";
import type { Filter } from "./find-one.ts";
import { defaultNetwork, freeAddresses } from "./network.ts";
import type { Subnet } from "./network.ts";

export const DESCRIBE_SUBNETS = { service: "EC2", operation: "DescribeSubnets" } as const;

interface Arguments {
  readonly availabilityZone?: string;
  readonly availabilityZoneId?: string;
  readonly cidrBlock?: string;
  readonly defaultForAz?: boolean;
  readonly filters?: readonly Filter[];
  readonly id?: string;
  readonly state?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly vpcId?: string;
}

/** aws:ec2/getSubnet:getSubnet, a subnet of the default VPC; there are no others. */
export function getSubnet(account: Account): FunctionDefinition {
  const { vpcId, subnets } = defaultNetwork(account.region);
  return awsFunction<Arguments>(account, {
    token: "aws:ec2/getSubnet:getSubnet",
    call: (args) => {
      const candidates = subnets.map((value) => ({
        value,
        properties: subnetProperties(vpcId, value),
        tags: {},
      }));
      const filters = [...(args.filters ?? []), ...filtersOf(args)];
      const subnet = exactlyOne(
        findMatching(DESCRIBE_SUBNETS, candidates, { filters, tags: args.tags }),
        "EC2 Subnet",
      );
      return view(account, vpcId, subnet);
    },
  });
}

/** The arguments as the filters that the real provider makes of them. */
function filtersOf(args: Arguments): readonly Filter[] {
  const asked = {
    "availability-zone": args.availabilityZone,
    "availability-zone-id": args.availabilityZoneId,
    "cidr-block": args.cidrBlock,
    "default-for-az": args.defaultForAz?.toString(),
    state: args.state,
    "subnet-id": args.id,
    "vpc-id": args.vpcId,
  };
  return Object.entries(asked).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, values: [value] }],
  );
}

/** What a filter of DescribeSubnets can ask for. */
export function subnetProperties(vpcId: string, subnet: Subnet): Record<string, string> {
  return {
    "availability-zone": subnet.availabilityZone,
    "availability-zone-id": subnet.availabilityZoneId,
    "cidr-block": subnet.cidrBlock,
    "default-for-az": "true",
    state: "available",
    "subnet-id": subnet.id,
    "vpc-id": vpcId,
  };
}

function view(account: Account, vpcId: string, subnet: Subnet): JsonObject {
  return {
    ...subnet,
    arn: arn(account, "ec2", `subnet/${subnet.id}`),
    assignIpv6AddressOnCreation: false,
    availableIpAddressCount: freeAddresses(account.store, subnet),
    customerOwnedIpv4Pool: "",
    defaultForAz: true,
    enableDns64: false,
    enableLniAtDeviceIndex: 0,
    enableResourceNameDnsARecordOnLaunch: false,
    enableResourceNameDnsAaaaRecordOnLaunch: false,
    ipv6CidrBlock: "",
    ipv6CidrBlockAssociationId: "",
    ipv6Native: false,
    mapCustomerOwnedIpOnLaunch: false,
    mapPublicIpOnLaunch: true,
    outpostArn: "",
    ownerId: account.accountId,
    privateDnsHostnameTypeOnLaunch: "ip-name",
    state: "available",
    tags: {},
    vpcId,
  };
}
