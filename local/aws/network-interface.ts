import { asText } from "../store.ts";
import type { CloudReader, CloudRecord, JsonObject } from "../store.ts";
import { sameElements } from "../provider/compare.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import { arn, privateDnsName } from "./account.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { disassociateInterface, holderOf } from "./association.ts";
import { awsResource } from "./aws-resource.ts";
import { assertSecurityGroupIds } from "./existing.ts";
import { all, ipv4, length, matches } from "./formats.ts";
import { newId } from "./id.ts";
import { findPrivateAddress, findSubnet } from "./instance-placement.ts";
import { defaultNetwork } from "./network.ts";
import { AWS_TYPES } from "./types.ts";

const CREATE = { service: "EC2", operation: "CreateNetworkInterface" } as const;
const DELETE = { service: "EC2", operation: "DeleteNetworkInterface" } as const;

interface Inputs {
  readonly subnetId: string;
  readonly privateIp?: string;
  readonly privateIps?: readonly string[];
  readonly securityGroups?: readonly string[];
}

/** aws:ec2/networkInterface:NetworkInterface, which holds a private address whatever instance it is attached to. */
export function networkInterface(account: Account): ResourceDefinition {
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.networkInterface,
    label: "EC2 Network Interface",
    formats: {
      privateIp: ipv4,
      "privateIps[]": ipv4,
      "securityGroups[]": all(matches(/^sg-/, 'Invalid id (expecting "sg-...")')),
      description: length(0, 255),
    },
    defaults: { sourceDestCheck: true },
    forcesNew: ["interfaceType", "privateIp", "subnetId"],
    equivalences: { securityGroups: sameElements, privateIps: sameElements },

    create: (cloud, inputs) => {
      const subnet = findSubnet(account, CREATE, inputs);
      assertSecurityGroupIds(account, cloud, CREATE, inputs.securityGroups ?? []);
      const wanted = inputs.privateIp ?? inputs.privateIps?.[0];
      return {
        id: newId("eni"),
        outputs: {
          subnetId: subnet.id,
          availabilityZone: subnet.availabilityZone,
          privateIp: findPrivateAddress(cloud, CREATE, subnet, wanted),
        },
      };
    },

    update: (cloud, _, { securityGroups = [] }) => {
      assertSecurityGroupIds(account, cloud, CREATE, securityGroups);
      return {};
    },

    view: (cloud, record) => interfaceView(account, cloud, record),

    delete: (cloud, { id }) => {
      if (holderOf(cloud, id) !== undefined) {
        const message = `Network interface '${id}' is currently in use.`;
        throw new ApiError(DELETE, "InvalidParameterValue", message);
      }
      disassociateInterface(cloud, id);
    },
  });
}

function interfaceView(
  account: Account,
  cloud: CloudReader,
  { id, inputs, outputs }: CloudRecord,
): JsonObject {
  const privateIp = asText(outputs.privateIp);
  const holder = holderOf(cloud, id);
  return {
    description: "",
    enablePrimaryIpv6: false,
    interfaceType: "interface",
    ipv4PrefixCount: 0,
    ipv4Prefixes: [],
    ipv6AddressCount: 0,
    ipv6AddressLists: [],
    ipv6Addresses: [],
    ipv6PrefixCount: 0,
    ipv6Prefixes: [],
    outpostArn: "",
    privateIpLists: [privateIp],
    privateIps: [privateIp],
    privateIpsCount: 0,
    securityGroups: [defaultNetwork(account.region).securityGroupId],
    ...inputs,
    subnetId: asText(outputs.subnetId),
    privateIp,
    arn: arn(account, "ec2", `network-interface/${id}`),
    attachments:
      holder === undefined
        ? []
        : [{ attachmentId: id.replace("eni-", "eni-attach-"), deviceIndex: 0, instance: holder.id }],
    macAddress: macAddress(privateIp),
    ownerId: account.accountId,
    privateDnsName: privateDnsName(account.region, privateIp),
  };
}

/** A locally administered address that follows from the private one, so that it stays and is nobody else's. */
export function macAddress(privateIp: string): string {
  const octets = privateIp.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"));
  return ["02", "00", ...octets].join(":");
}
