import type { CloudReader } from "../store.ts";
import { faultOf } from "../provider/check-shape.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { associate, holderOf } from "./association.ts";
import type { Association } from "./association.ts";
import { awsResource } from "./aws-resource.ts";
import { ipv4 } from "./formats.ts";
import { AWS_TYPES } from "./types.ts";

const ASSOCIATE = { service: "EC2", operation: "AssociateAddress" } as const;

interface Inputs {
  readonly allocationId?: string;
  readonly allowReassociation?: boolean;
  readonly instanceId?: string;
  readonly networkInterfaceId?: string;
  readonly privateIpAddress?: string;
  readonly publicIp?: string;
}

/** aws:ec2/eipAssociation:EipAssociation, the link between an Elastic IP and an instance. */
export function eipAssociation(account: Account): ResourceDefinition {
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.eipAssociation,
    label: "EC2 EIP Association",
    formats: { publicIp: ipv4, privateIpAddress: ipv4 },
    forcesNew: [
      "allocationId",
      "allowReassociation",
      "instanceId",
      "networkInterfaceId",
      "privateIpAddress",
      "publicIp",
    ],
    check: ({ allocationId, publicIp, instanceId, networkInterfaceId }) => [
      ...(allocationId === undefined && publicIp === undefined
        ? [faultOf("allocationId", "One of allocationId and publicIp must be specified")]
        : []),
      ...(instanceId === undefined && networkInterfaceId === undefined
        ? [faultOf("instanceId", "One of instanceId and networkInterfaceId must be specified")]
        : []),
    ],

    create: (cloud, inputs) => {
      const allocationId = findAllocation(cloud, inputs);
      const target = { ...inputs, privateIp: inputs.privateIpAddress };
      const association = associate(cloud, allocationId, target, inputs.allowReassociation);
      return { id: association.associationId, outputs: { association: { ...association } } };
    },

    view: (cloud, { outputs }) => {
      const association = outputs.association as unknown as Association;
      return {
        allocationId: association.allocationId,
        instanceId: holderOf(cloud, association.networkInterfaceId)?.id ?? "",
        networkInterfaceId: association.networkInterfaceId,
        privateIpAddress: association.privateIp,
        publicIp: cloud.find(AWS_TYPES.eip, association.allocationId)?.outputs.publicIp ?? "",
      };
    },
  });
}

function findAllocation(cloud: CloudReader, { allocationId, publicIp }: Inputs): string {
  if (allocationId !== undefined) {
    if (cloud.find(AWS_TYPES.eip, allocationId) !== undefined) return allocationId;
    const message = `The allocation ID '${allocationId}' does not exist`;
    throw new ApiError(ASSOCIATE, "InvalidAllocationID.NotFound", message);
  }
  const address = cloud.list(AWS_TYPES.eip).find(({ outputs }) => outputs.publicIp === publicIp);
  if (address !== undefined) return address.id;
  throw new ApiError(ASSOCIATE, "InvalidAddress.NotFound", `Address '${publicIp ?? ""}' not found.`);
}
