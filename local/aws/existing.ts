/** Resources that a call refers to by their ids. */
import type { CloudReader, CloudRecord } from "../store.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import type { ApiCall } from "./api-error.ts";
import { defaultNetwork } from "./network.ts";
import { AWS_TYPES } from "./types.ts";

/** @throws ApiError InvalidInstanceID.NotFound */
export function existingInstance(cloud: CloudReader, call: ApiCall, id: string): CloudRecord {
  const instance = cloud.find(AWS_TYPES.instance, id);
  if (instance !== undefined) return instance;
  throw new ApiError(call, "InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
}

/** Refuses ids of security groups that don't exist. Each Region's default one does. */
export function assertSecurityGroupIds(
  account: Account,
  cloud: CloudReader,
  call: ApiCall,
  ids: readonly string[],
): void {
  const { securityGroupId } = defaultNetwork(account.region);
  for (const id of ids) {
    if (id === securityGroupId || cloud.find(AWS_TYPES.securityGroup, id) !== undefined) continue;
    throw new ApiError(call, "InvalidGroup.NotFound", `The security group '${id}' does not exist`);
  }
}
