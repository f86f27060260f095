import { asText, isJsonObject } from "../store.ts";
import type { CloudReader, CloudRecord, Json, JsonObject } from "../store.ts";
import { arn, privateDnsName, publicDnsName } from "./account.ts";
import type { Account } from "./account.ts";
import { elasticIpOf } from "./association.ts";
import { instanceState } from "./instance-state.ts";
import { instanceType } from "./instance-types.ts";
import type { InstanceInputs } from "./instance.ts";
import { defaultNetwork } from "./network.ts";
import { AWS_TYPES } from "./types.ts";

/** All that the real provider says of an instance; what the program left open as EC2 settles it. */
export function instanceView(
  account: Account,
  cloud: CloudReader,
  record: CloudRecord,
  { instanceType: typeName, securityGroups, vpcSecurityGroupIds, rootBlockDevice }: InstanceInputs,
): JsonObject {
  const { id, inputs, outputs } = record;
  const publicIp = publicAddress(cloud, record);
  const privateIp = asText(outputs.privateIp);
  const type = instanceType(typeName ?? "");
  return {
    ...LEFT_OPEN,
    ...(securityGroups === undefined && vpcSecurityGroupIds === undefined
      ? { vpcSecurityGroupIds: [defaultNetwork(account.region).securityGroupId] }
      : {}),
    ...inputs,
    ...outputs,
    arn: arn(account, "ec2", `instance/${id}`),
    capacityReservationSpecification: over(
      { capacityReservationPreference: "open" },
      inputs.capacityReservationSpecification,
    ),
    cpuOptions: over(
      { amdSevSnp: "", coreCount: type?.vcpus ?? 1, nestedVirtualization: "", threadsPerCore: 1 },
      inputs.cpuOptions,
    ),
    enclaveOptions: over({ enabled: false }, inputs.enclaveOptions),
    instanceState: instanceState(record),
    maintenanceOptions: over({ autoRecovery: "default" }, inputs.maintenanceOptions),
    metadataOptions: over(METADATA_OPTIONS, inputs.metadataOptions),
    primaryNetworkInterface: {
      deleteOnTermination:
        cloud.find(AWS_TYPES.networkInterface, asText(outputs.primaryNetworkInterfaceId)) === undefined,
      networkInterfaceId: outputs.primaryNetworkInterfaceId ?? "",
    },
    privateDns: privateDnsName(account.region, privateIp),
    publicDns: publicIp === "" ? "" : publicDnsName(account.region, publicIp),
    publicIp,
    rootBlockDevice: over({ ...ROOT_VOLUME, volumeId: outputs.rootVolumeId ?? "" }, rootBlockDevice),
  };
}

/** The Elastic IP associated, else the address that EC2 gave the instance, else none. */
export function publicAddress(cloud: CloudReader, record: CloudRecord): string {
  return asText(elasticIpOf(cloud, record)?.outputs.publicIp ?? record.outputs.automaticIp);
}

/** An options block: what EC2 settles, under what the program says. */
function over(settled: JsonObject, given: Json | undefined): JsonObject {
  return isJsonObject(given) ? { ...settled, ...given } : settled;
}

/** What EC2 settles where neither the image nor the account says anything else: the old IMDSv1 works, too. */
const METADATA_OPTIONS = {
  httpEndpoint: "enabled",
  httpProtocolIpv6: "disabled",
  httpPutResponseHopLimit: 1,
  httpTokens: "optional",
  instanceMetadataTags: "disabled",
};

const ROOT_VOLUME = {
  deleteOnTermination: true,
  deviceName: "/dev/xvda",
  encrypted: false,
  iops: 3000,
  kmsKeyId: "",
  tags: {},
  tagsAll: {},
  throughput: 125,
  volumeSize: 8,
  volumeType: "gp3",
};

const LEFT_OPEN = {
  associatePublicIpAddress: true,
  disableApiStop: false,
  disableApiTermination: false,
  ebsBlockDevices: [],
  ebsOptimized: false,
  enablePrimaryIpv6: false,
  ephemeralBlockDevices: [],
  hostId: "",
  hostResourceGroupArn: "",
  iamInstanceProfile: "",
  instanceInitiatedShutdownBehavior: "stop",
  instanceLifecycle: "",
  ipv6AddressCount: 0,
  ipv6Addresses: [],
  keyName: "",
  monitoring: false,
  networkInterfaces: [],
  outpostArn: "",
  passwordData: "",
  placementGroup: "",
  placementGroupId: "",
  placementPartitionNumber: 0,
  privateDnsNameOptions: {
    enableResourceNameDnsARecord: false,
    enableResourceNameDnsAaaaRecord: false,
    hostnameType: "ip-name",
  },
  secondaryNetworkInterfaces: [],
  secondaryPrivateIps: [],
  securityGroups: [],
  spotInstanceRequestId: "",
  tenancy: "default",
  vpcSecurityGroupIds: [],
};
