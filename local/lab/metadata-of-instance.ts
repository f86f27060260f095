import { dnsSuffix, partitionOf, privateDnsName, publicDnsName } from "../aws/account.ts";
import { fixedId } from "../aws/id.ts";
import { instanceType } from "../aws/instance-types.ts";
import { publicAddress } from "../aws/instance-view.ts";
import { macAddress } from "../aws/network-interface.ts";
import { defaultNetwork, type Subnet } from "../aws/network.ts";
import { AWS_TYPES } from "../aws/types.ts";
import { userData } from "../aws/user-data.ts";
import { securityGroups } from "../host/egress.ts";
import type { HostAccount } from "../host/guest.ts";
import { asText, isJsonObject, type CloudReader, type CloudRecord } from "../store.ts";
import type { Credentials } from "../aws/endpoint-credentials.ts";
import type { MetadataFolder } from "./metadata-tree.ts";

/** What the metadata service needs to know beyond the store. */
export interface MetadataContext {
  readonly account: HostAccount;
  /** When the instance was launched. */
  readonly launched: Date;
  /** The present credentials of the instance's role. */
  readonly credentials: (role: CloudRecord) => Credentials;
}

/**
 * All that the metadata service tells an instance (EC2 User Guide, "Instance metadata categories"), as far as the local
 * cloud has it: `dynamic`, `meta-data` and, if there is any, `user-data`.
 */
export function metadataOf(
  cloud: CloudReader,
  instance: CloudRecord,
  context: MetadataContext,
): MetadataFolder {
  const data = userData(instance.inputs);
  return {
    dynamic: { "instance-identity": { document: identityDocument(instance, context) } },
    "meta-data": metaData(cloud, instance, context),
    ...(data !== undefined && { "user-data": data }),
  };
}

function metaData(cloud: CloudReader, instance: CloudRecord, context: MetadataContext): MetadataFolder {
  const { inputs, outputs, id } = instance;
  const { region } = context.account;
  const privateIp = asText(outputs.privateIp);
  const publicIp = publicAddress(cloud, instance);
  const localName = privateDnsName(region, privateIp);
  const zone = asText(outputs.availabilityZone);
  const mac = macAddress(privateIp);
  const iam = iamFolder(cloud, instance, context);
  return {
    "ami-id": asText(inputs.ami),
    "ami-launch-index": "0",
    "ami-manifest-path": "(unknown)",
    "block-device-mapping": { ami: "/dev/xvda", root: "/dev/xvda" },
    hostname: localName,
    ...(iam !== undefined && { iam }),
    "instance-action": "none",
    "instance-id": id,
    "instance-life-cycle": "on-demand",
    "instance-type": asText(inputs.instanceType),
    "local-hostname": localName,
    "local-ipv4": privateIp,
    mac,
    network: { interfaces: { macs: { [mac]: interfaceFolder(cloud, instance, context.account) } } },
    placement: {
      "availability-zone": zone,
      "availability-zone-id": subnetOf(instance, region)?.availabilityZoneId ?? "",
      region,
    },
    profile: "default-hvm",
    ...(publicIp !== "" && {
      "public-hostname": publicDnsName(region, publicIp),
      "public-ipv4": publicIp,
    }),
    "reservation-id": fixedId("r", id),
    "security-groups": groupNames(cloud, instance).join("\n"),
    services: { domain: dnsSuffix(region), partition: partitionOf(region) },
    system: "nitro",
    ...tagsFolder(instance),
  };
}

function interfaceFolder(cloud: CloudReader, instance: CloudRecord, account: HostAccount): MetadataFolder {
  const { outputs } = instance;
  const { region, accountId } = account;
  const { vpcId, cidrBlock } = defaultNetwork(region);
  const privateIp = asText(outputs.privateIp);
  const publicIp = publicAddress(cloud, instance);
  return {
    "device-number": "0",
    "interface-id": asText(outputs.primaryNetworkInterfaceId),
    ...(publicIp !== "" && {
      "ipv4-associations": { [publicIp]: privateIp },
      "public-hostname": publicDnsName(region, publicIp),
      "public-ipv4s": publicIp,
    }),
    "local-hostname": privateDnsName(region, privateIp),
    "local-ipv4s": privateIp,
    mac: macAddress(privateIp),
    "network-card": "0",
    "owner-id": accountId,
    "security-group-ids": groupIds(cloud, instance, region).join("\n"),
    "security-groups": groupNames(cloud, instance).join("\n"),
    "subnet-id": asText(outputs.subnetId),
    "subnet-ipv4-cidr-block": subnetOf(instance, region)?.cidrBlock ?? cidrBlock,
    "vpc-id": vpcId,
    "vpc-ipv4-cidr-block": cidrBlock,
    "vpc-ipv4-cidr-blocks": cidrBlock,
  };
}

/** The role through which programs on the instance speak to AWS; undefined if it has no instance profile. */
function iamFolder(
  cloud: CloudReader,
  { inputs }: CloudRecord,
  { credentials, launched }: MetadataContext,
): MetadataFolder | undefined {
  const profile = cloud.find(AWS_TYPES.instanceProfile, asText(inputs.iamInstanceProfile));
  if (profile === undefined) return undefined;
  const role = cloud.find(AWS_TYPES.role, asText(profile.inputs.role));
  const info = {
    Code: "Success",
    LastUpdated: timestamp(launched),
    InstanceProfileArn: asText(profile.outputs.arn),
    InstanceProfileId: asText(profile.outputs.uniqueId),
  };
  return {
    info: json(info),
    ...(role !== undefined && { "security-credentials": { [role.id]: json(asDocument(credentials(role))) } }),
  };
}

function asDocument({ accessKeyId, secretAccessKey, sessionToken, issued, expires }: Credentials) {
  return {
    Code: "Success",
    LastUpdated: timestamp(issued),
    Type: "AWS-HMAC",
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    Expiration: timestamp(expires),
  };
}

/** Tags are told only where the instance's metadata options say so. */
function tagsFolder({ inputs }: CloudRecord): MetadataFolder {
  const { metadataOptions, tags } = inputs;
  const enabled = isJsonObject(metadataOptions) && metadataOptions.instanceMetadataTags === "enabled";
  if (!enabled || !isJsonObject(tags)) return {};
  const values = Object.entries(tags).map(([name, value]) => [name, asText(value)] as const);
  return { tags: { instance: Object.fromEntries(values) } };
}

function identityDocument(
  { id, inputs, outputs }: CloudRecord,
  { account, launched }: MetadataContext,
): string {
  return json({
    accountId: account.accountId,
    architecture: instanceType(asText(inputs.instanceType))?.architecture ?? "x86_64",
    availabilityZone: asText(outputs.availabilityZone),
    billingProducts: null,
    devpayProductCodes: null,
    imageId: asText(inputs.ami),
    instanceId: id,
    instanceType: asText(inputs.instanceType),
    kernelId: null,
    marketplaceProductCodes: null,
    pendingTime: timestamp(launched),
    privateIp: asText(outputs.privateIp),
    ramdiskId: null,
    region: account.region,
    version: "2017-09-30",
  });
}

function subnetOf({ outputs }: CloudRecord, region: string): Subnet | undefined {
  return defaultNetwork(region).subnets.find(({ id }) => id === outputs.subnetId);
}

function groupIds(cloud: CloudReader, instance: CloudRecord, region: string): readonly string[] {
  const ids = securityGroups(cloud, instance);
  return ids.length === 0 ? [defaultNetwork(region).securityGroupId] : ids;
}

function groupNames(cloud: CloudReader, instance: CloudRecord): readonly string[] {
  const ids = securityGroups(cloud, instance);
  const names = ids.map((id) => asText(cloud.find(AWS_TYPES.securityGroup, id)?.outputs.name));
  return ids.length === 0 ? ["default"] : names.filter((name) => name !== "");
}

/** `2026-01-31T12:00:00Z`: no fractions of a second. */
function timestamp(time: Date): string {
  return time.toISOString().replace(/\.\d+/, "");
}

function json(value: object): string {
  return JSON.stringify(value, undefined, 2);
}
