import { asText } from "../store.ts";
import type { CloudReader } from "../store.ts";
import { nearest } from "../provider/check-shape.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import type { ApiCall } from "./api-error.ts";
import { assertSecurityGroupIds } from "./existing.ts";
import { images } from "./images.ts";
import { instanceType, instanceTypeNames } from "./instance-types.ts";
import type { InstanceType } from "./instance-types.ts";
import type { InstanceInputs } from "./instance.ts";
import { defaultNetwork } from "./network.ts";
import { AWS_TYPES } from "./types.ts";

/** Tag keys that an instance can read about itself (EC2 User Guide, "View tags for your EC2 instances using instance metadata"). */
const METADATA_TAG_KEY = /^[0-9a-zA-Z\-_+=,.@:]{1,255}$/;

/** Refuses an instance whose image, type, profile, security groups or tags EC2 would refuse. */
export function assertLaunchable(
  account: Account,
  cloud: CloudReader,
  call: ApiCall,
  inputs: InstanceInputs,
): void {
  const type = findType(call, inputs.instanceType ?? "");
  assertImage(account, call, inputs.ami ?? "", type);
  assertProfile(cloud, call, inputs.iamInstanceProfile);
  assertSecurityGroups(account, cloud, call, inputs);
  assertMetadataTags(call, inputs);
}

function findType(call: ApiCall, name: string): InstanceType {
  const type = instanceType(name);
  if (type !== undefined) return type;
  const near = nearest(name, instanceTypeNames());
  const hint = near === undefined ? "" : ` Did you mean '${near}'?`;
  throw new ApiError(call, "InvalidParameterValue", `Invalid value '${name}' for InstanceType.${hint}`);
}

function assertImage(account: Account, call: ApiCall, ami: string, type: InstanceType): void {
  if (!/^ami-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(ami)) {
    throw new ApiError(call, "InvalidAMIID.Malformed", `Invalid id: "${ami}"`);
  }
  const image = images(account.region).find(({ id }) => id === ami);
  if (image === undefined)
    throw new ApiError(call, "InvalidAMIID.NotFound", `The image id '[${ami}]' does not exist`);
  if (image.architecture === type.architecture) return;
  throw new ApiError(
    call,
    "InvalidParameterValue",
    `The architecture '${type.architecture}' of the specified instance type does not match the architecture ` +
      `'${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and ` +
      "try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the " +
      "instance type or AMI.",
  );
}

function assertProfile(cloud: CloudReader, call: ApiCall, name: string | undefined): void {
  if (name === undefined || name === "") return;
  const profile = cloud.find(AWS_TYPES.instanceProfile, name);
  if (profile === undefined) {
    const message = `Value (${name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`;
    throw new ApiError(call, "InvalidParameterValue", message);
  }
  if (profile.inputs.role === undefined) {
    const message = `IAM Instance Profile "${asText(profile.outputs.arn)}" has no associated IAM Roles`;
    throw new ApiError(call, "InvalidParameterValue", message);
  }
}

function assertSecurityGroups(
  account: Account,
  cloud: CloudReader,
  call: ApiCall,
  inputs: InstanceInputs,
): void {
  assertSecurityGroupIds(account, cloud, call, inputs.vpcSecurityGroupIds ?? []);
  const names = new Set([
    "default",
    ...cloud.list(AWS_TYPES.securityGroup).map(({ inputs: { name } }) => name),
  ]);
  for (const name of inputs.securityGroups ?? []) {
    if (names.has(name)) continue;
    const { vpcId } = defaultNetwork(account.region);
    const message = `The security group '${name}' does not exist in default VPC '${vpcId}'`;
    throw new ApiError(call, "InvalidGroup.NotFound", message);
  }
}

function assertMetadataTags(call: ApiCall, { metadataOptions, tags }: InstanceInputs): void {
  if (metadataOptions?.instanceMetadataTags !== "enabled") return;
  const bad = Object.keys(tags ?? {}).find(
    (key) => !METADATA_TAG_KEY.test(key) || [".", "..", "_index"].includes(key),
  );
  if (bad === undefined) return;
  throw new ApiError(
    call,
    "InvalidParameterValue",
    `'${bad}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), ` +
      "and must not be a reserved name ('.', '..', '_index')",
  );
}
