/** Which Elastic IP leads to which instance. */
import type { CloudReader, CloudRecord, CloudTransaction, JsonObject } from "../store.ts";
import { ApiError } from "./api-error.ts";
import { newId } from "./id.ts";
import { AWS_TYPES } from "./types.ts";

const ASSOCIATE = { service: "EC2", operation: "AssociateAddress" } as const;

/** The link between an Elastic IP and the private address of an instance. */
export interface Association {
  readonly associationId: string;
  readonly allocationId: string;
  readonly instanceId: string;
  readonly networkInterfaceId: string;
  readonly privateIp: string;
}

/** What an Elastic IP is to be associated with: an instance or its network interface. */
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
export function elasticIpOf(cloud: CloudReader, instanceId: string): CloudRecord | undefined {
  const found = associations(cloud).find((association) => association.instanceId === instanceId);
  return found && cloud.find(AWS_TYPES.eip, found.allocationId);
}

/**
 * Associates an Elastic IP as AssociateAddress does: where it was and what the target had before is disassociated. Returns
 * the new association for the caller to record.
 */
export function associate(
  cloud: CloudTransaction,
  allocationId: string,
  target: Target,
  allowReassociation = true,
): Association {
  const instance = findTarget(cloud, target);
  const present = associationOf(cloud, allocationId);
  if (present !== undefined && !allowReassociation) {
    const message = `resource ${allocationId} is already associated with associate-id ${present.associationId}`;
    throw new ApiError(ASSOCIATE, "Resource.AlreadyAssociated", message);
  }
  if (present !== undefined) disassociate(cloud, present);
  for (const other of associations(cloud)) if (other.instanceId === instance.id) disassociate(cloud, other);
  return {
    associationId: newId("eipassoc"),
    allocationId,
    instanceId: instance.id,
    networkInterfaceId: String(instance.outputs["primaryNetworkInterfaceId"]),
    privateIp: String(instance.outputs["privateIp"]),
  };
}

/** Ends all associations of an instance, as its termination does. */
export function disassociateInstance(cloud: CloudTransaction, instanceId: string): void {
  for (const association of associations(cloud)) {
    if (association.instanceId === instanceId) disassociate(cloud, association);
  }
}

/** Ends an association, wherever it is recorded. */
export function disassociate(cloud: CloudTransaction, { associationId, allocationId }: Association): void {
  cloud.remove(AWS_TYPES.eipAssociation, associationId);
  const address = cloud.find(AWS_TYPES.eip, allocationId);
  if (address?.outputs["association"] === undefined) return;
  const { association: _, ...outputs } = address.outputs;
  cloud.change(AWS_TYPES.eip, allocationId, { outputs });
}

/** An association is a resource of its own, or was made by the Elastic IP's `instance` or `networkInterface` input. */
function associations(cloud: CloudReader): readonly Association[] {
  const separate = cloud.list(AWS_TYPES.eipAssociation).map(({ outputs }) => outputs["association"]);
  const built = cloud.list(AWS_TYPES.eip).flatMap(({ outputs }) => outputs["association"] ?? []);
  return [...separate, ...built] as unknown as readonly Association[];
}

function findTarget(cloud: CloudReader, { instanceId, networkInterfaceId, privateIp }: Target): CloudRecord {
  const instance =
    instanceId === undefined
      ? cloud.list(AWS_TYPES.instance).find(({ outputs }) => outputs["primaryNetworkInterfaceId"] === networkInterfaceId)
      : cloud.find(AWS_TYPES.instance, instanceId);
  if (instance === undefined) throw missingTarget(instanceId, networkInterfaceId);
  const own = String(instance.outputs["privateIp"]);
  if (privateIp !== undefined && privateIp !== own) {
    const message = `The private IP address ${privateIp} isn't assigned to ${instance.id}, which has ${own}`;
    throw new ApiError(ASSOCIATE, "InvalidParameterValue", message);
  }
  return instance;
}

function missingTarget(instanceId: string | undefined, networkInterfaceId: string | undefined): ApiError {
  if (instanceId !== undefined) {
    return new ApiError(ASSOCIATE, "InvalidInstanceID.NotFound", `The instance ID '${instanceId}' does not exist`);
  }
  const message = `The networkInterface ID '${networkInterfaceId ?? ""}' does not exist`;
  return new ApiError(ASSOCIATE, "InvalidNetworkInterfaceID.NotFound", message);
}

/** An association for the store. */
export function toJson(association: Association): JsonObject {
  return { ...association };
}
