/** Which Elastic IP leads to which network interface, and so to which instance. */
import { asText, omit } from "../store.ts";
import type { CloudReader, CloudRecord, CloudTransaction } from "../store.ts";
import { ApiError } from "./api-error.ts";
import { existingInstance } from "./existing.ts";
import { newId } from "./id.ts";
import { AWS_TYPES } from "./types.ts";

const ASSOCIATE = { service: "EC2", operation: "AssociateAddress" } as const;

/** The link between an Elastic IP and the private address of a network interface. */
export interface Association {
  readonly associationId: string;
  readonly allocationId: string;
  readonly networkInterfaceId: string;
  readonly privateIp: string;
}

/** What an Elastic IP is to be associated with: an instance, or a network interface. */
export interface Target {
  readonly instanceId?: string | undefined;
  readonly networkInterfaceId?: string | undefined;
  readonly privateIp?: string | undefined;
}

/** The association of an Elastic IP, if it has one. */
export function associationOf(cloud: CloudReader, allocationId: string): Association | undefined {
  return associations(cloud).find((association) => association.allocationId === allocationId);
}

/** The Elastic IP that leads to an instance, if one does. */
export function elasticIpOf(cloud: CloudReader, { outputs }: CloudRecord): CloudRecord | undefined {
  const found = associations(cloud).find(
    ({ networkInterfaceId }) => networkInterfaceId === outputs.primaryNetworkInterfaceId,
  );
  return found && cloud.find(AWS_TYPES.eip, found.allocationId);
}

/** The instance that a network interface belongs or is attached to, if there is one. */
export function holderOf(cloud: CloudReader, networkInterfaceId: string): CloudRecord | undefined {
  return cloud
    .list(AWS_TYPES.instance)
    .find(({ outputs }) => outputs.primaryNetworkInterfaceId === networkInterfaceId);
}

/**
 * Associates an Elastic IP as AssociateAddress does: where it was, and what the target had before, is disassociated. Returns
 * the new association for the caller to record. The caller has made sure that the Elastic IP exists.
 */
export function associate(
  cloud: CloudTransaction,
  allocationId: string,
  target: Target,
  allowReassociation = true,
): Association {
  const { networkInterfaceId, privateIp } = findTarget(cloud, target);
  const present = associationOf(cloud, allocationId);
  if (present !== undefined && !allowReassociation) {
    const message = `resource ${allocationId} is already associated with associate-id ${present.associationId}`;
    throw new ApiError(ASSOCIATE, "Resource.AlreadyAssociated", message);
  }
  if (present !== undefined) disassociate(cloud, present);
  disassociateInterface(cloud, networkInterfaceId);
  return { associationId: newId("eipassoc"), allocationId, networkInterfaceId, privateIp };
}

/** Ends the association of a network interface, as its deletion does. */
export function disassociateInterface(cloud: CloudTransaction, networkInterfaceId: string): void {
  for (const association of associations(cloud)) {
    if (association.networkInterfaceId === networkInterfaceId) disassociate(cloud, association);
  }
}

/** Ends an association, wherever it is recorded. */
export function disassociate(cloud: CloudTransaction, { associationId, allocationId }: Association): void {
  cloud.remove(AWS_TYPES.eipAssociation, associationId);
  const address = cloud.find(AWS_TYPES.eip, allocationId);
  if (address?.outputs.association === undefined) return;
  cloud.change(AWS_TYPES.eip, allocationId, { outputs: omit(address.outputs, "association") });
}

/** An association is a resource of its own, or was made by the Elastic IP's `instance` or `networkInterface` input. */
function associations(cloud: CloudReader): readonly Association[] {
  const recorded = [...cloud.list(AWS_TYPES.eipAssociation), ...cloud.list(AWS_TYPES.eip)];
  return recorded.flatMap(({ outputs }) =>
    outputs.association === undefined ? [] : [outputs.association as unknown as Association],
  );
}

function findTarget(cloud: CloudReader, target: Target): { networkInterfaceId: string; privateIp: string } {
  const { instanceId, networkInterfaceId } = target;
  const found =
    instanceId === undefined
      ? findInterface(cloud, networkInterfaceId ?? "")
      : findInstance(cloud, instanceId);
  if (networkInterfaceId !== undefined && networkInterfaceId !== found.networkInterfaceId) {
    const message = `The network interface '${networkInterfaceId}' isn't attached to '${instanceId ?? ""}'`;
    throw new ApiError(ASSOCIATE, "InvalidParameterCombination", message);
  }
  if (target.privateIp === undefined || target.privateIp === found.privateIp) return found;
  const message = `The private IP address ${target.privateIp} isn't assigned, ${found.privateIp} is`;
  throw new ApiError(ASSOCIATE, "InvalidParameterValue", message);
}

function findInstance(cloud: CloudReader, id: string): { networkInterfaceId: string; privateIp: string } {
  const instance = existingInstance(cloud, ASSOCIATE, id);
  return {
    networkInterfaceId: asText(instance.outputs.primaryNetworkInterfaceId),
    privateIp: asText(instance.outputs.privateIp),
  };
}

function findInterface(cloud: CloudReader, id: string): { networkInterfaceId: string; privateIp: string } {
  const found = cloud.find(AWS_TYPES.networkInterface, id) ?? holderOf(cloud, id);
  if (found !== undefined) return { networkInterfaceId: id, privateIp: asText(found.outputs.privateIp) };
  const message = `The networkInterface ID '${id}' does not exist`;
  throw new ApiError(ASSOCIATE, "InvalidNetworkInterfaceID.NotFound", message);
}
