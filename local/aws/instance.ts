import { asText } from "../store.ts";
import type { JsonObject } from "../store.ts";
import { faultOf } from "../provider/check-shape.ts";
import type { Fault, Formats } from "../provider/check-shape.ts";
import { sameElements } from "../provider/compare.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import type { Properties } from "../provider/values.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { disassociateInterface } from "./association.ts";
import { awsResource } from "./aws-resource.ts";
import { all, between, ipv4, length, matches, oneOf } from "./formats.ts";
import { newId } from "./id.ts";
import { placeInstance } from "./instance-placement.ts";
import { assertLaunchable } from "./instance-rules.ts";
import { stateAfterChange } from "./instance-state.ts";
import { instanceView } from "./instance-view.ts";
import { AWS_TYPES } from "./types.ts";
import { assertUserDataSize, base64, keepFirstBoot } from "./user-data.ts";
import { detachInstanceVolumes } from "./volume-attachment.ts";

const RUN = { service: "EC2", operation: "RunInstances" } as const;
const MODIFY = { service: "EC2", operation: "ModifyInstanceAttribute" } as const;
const TERMINATE = { service: "EC2", operation: "TerminateInstances" } as const;

/** The inputs of an instance that the local cloud acts on; it accepts and keeps the others. */
export interface InstanceInputs {
  readonly ami?: string;
  readonly associatePublicIpAddress?: boolean;
  readonly availabilityZone?: string;
  readonly disableApiTermination?: boolean;
  readonly forceDestroy?: boolean;
  readonly iamInstanceProfile?: string;
  readonly instanceType?: string;
  readonly metadataOptions?: { readonly instanceMetadataTags?: string };
  readonly networkInterfaces?: readonly {
    readonly deviceIndex: number;
    readonly networkInterfaceId: string;
  }[];
  readonly primaryNetworkInterface?: { readonly networkInterfaceId: string };
  readonly privateIp?: string;
  readonly rootBlockDevice?: JsonObject;
  readonly securityGroups?: readonly string[];
  readonly subnetId?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly vpcSecurityGroupIds?: readonly string[];
}

const VOLUME_TYPES = oneOf("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard");

const FORMATS: Formats = {
  ami: matches(/^ami-/, 'Invalid id (expecting "ami-...")'),
  privateIp: ipv4,
  "secondaryPrivateIps[]": ipv4,
  tenancy: oneOf("default", "dedicated", "host"),
  instanceInitiatedShutdownBehavior: oneOf("stop", "terminate"),
  userData: length(0, 16384),
  userDataBase64: base64,
  "creditSpecification.cpuCredits": oneOf("standard", "unlimited"),
  "metadataOptions.httpEndpoint": oneOf("enabled", "disabled"),
  "metadataOptions.httpProtocolIpv6": oneOf("enabled", "disabled"),
  "metadataOptions.httpPutResponseHopLimit": between(1, 64),
  "metadataOptions.httpTokens": oneOf("optional", "required"),
  "metadataOptions.instanceMetadataTags": oneOf("enabled", "disabled"),
  "rootBlockDevice.volumeType": VOLUME_TYPES,
  "rootBlockDevice.volumeSize": between(1, 65536),
  "ebsBlockDevices[].volumeType": VOLUME_TYPES,
  "ebsBlockDevices[].volumeSize": between(1, 65536),
  "vpcSecurityGroupIds[]": all(matches(/^sg-/, 'Invalid id (expecting "sg-...")')),
};

/** Where a change needs another instance. The type, the tags and the metadata options change in place. */
const FORCES_NEW = [
  "ami",
  "associatePublicIpAddress",
  "availabilityZone",
  "cpuOptions",
  "ebsBlockDevices",
  "ebsOptimized",
  "enclaveOptions",
  "ephemeralBlockDevices",
  "hibernation",
  "hostId",
  "instanceMarketOptions",
  "ipv6AddressCount",
  "ipv6Addresses",
  "keyName",
  "launchTemplate",
  "networkInterfaces",
  "placementGroup",
  "placementPartitionNumber",
  "primaryNetworkInterface",
  "privateDnsNameOptions",
  "privateIp",
  "rootBlockDevice.encrypted",
  "rootBlockDevice.kmsKeyId",
  "secondaryNetworkInterfaces",
  "securityGroups",
  "subnetId",
  "tenancy",
];

const USER_DATA = ["userData", "userDataBase64"];

/** aws:ec2/instance:Instance, a virtual machine. */
export function instance(account: Account): ResourceDefinition {
  return awsResource<InstanceInputs>(account, {
    type: AWS_TYPES.instance,
    label: "EC2 Instance",
    formats: FORMATS,
    defaults: { getPasswordData: false, sourceDestCheck: true, userDataReplaceOnChange: false },
    forcesNew: FORCES_NEW,
    replacedBy: (differences, { userDataReplaceOnChange }) =>
      userDataReplaceOnChange === true
        ? differences.filter(({ place }) => USER_DATA.includes(place.pattern))
        : [],
    equivalences: {
      vpcSecurityGroupIds: sameElements,
      securityGroups: sameElements,
      secondaryPrivateIps: sameElements,
    },
    // A stop and start gives the instance another address, unless it has an Elastic IP.
    recomputes: (changed) =>
      ["instanceType", ...USER_DATA].some((name) => changed.has(name)) ? ["publicDns", "publicIp"] : [],
    check: checkTogether,

    create: (cloud, inputs, { inputs: given }) => {
      assertUserDataSize(RUN, given);
      assertLaunchable(account, cloud, RUN, inputs);
      return {
        id: newId("i"),
        outputs: { ...placeInstance(account, cloud, RUN, inputs), rootVolumeId: newId("vol") },
      };
    },

    update: (cloud, record, inputs) => {
      const after = inputs as JsonObject;
      assertUserDataSize(MODIFY, after);
      assertLaunchable(account, cloud, MODIFY, inputs);
      return { ...keepFirstBoot(record, after), ...stateAfterChange(record, after) };
    },

    view: (cloud, record, inputs) => instanceView(account, cloud, record, inputs),

    delete: (cloud, { id, outputs }, { disableApiTermination, forceDestroy }) => {
      if (disableApiTermination === true && forceDestroy !== true) {
        const message =
          `The instance '${id}' may not be terminated. ` +
          "Modify its 'disableApiTermination' instance attribute and try again.";
        throw new ApiError(TERMINATE, "OperationNotPermitted", message);
      }
      // The instance's own network interface goes with it. One that the program brought along stays, with its Elastic IP.
      const networkInterfaceId = asText(outputs.primaryNetworkInterfaceId);
      if (cloud.find(AWS_TYPES.networkInterface, networkInterfaceId) === undefined) {
        disassociateInterface(cloud, networkInterfaceId);
      }
      detachInstanceVolumes(cloud, id);
    },
  });
}

function checkTogether(inputs: Properties): readonly Fault[] {
  const missing = ["ami", "instanceType"]
    .filter((name) => inputs[name] === undefined && inputs.launchTemplate === undefined)
    .map((name) =>
      faultOf(name, `Missing required argument: one of ${name}, launchTemplate must be specified`),
    );
  const conflicts = [
    ["userData", "userDataBase64"],
    ["securityGroups", "vpcSecurityGroupIds"],
    ["ipv6AddressCount", "ipv6Addresses"],
    ["primaryNetworkInterface", "networkInterfaces"],
    ["primaryNetworkInterface", "subnetId"],
    ["primaryNetworkInterface", "privateIp"],
    ["primaryNetworkInterface", "vpcSecurityGroupIds"],
    ["networkInterfaces", "subnetId"],
    ["networkInterfaces", "privateIp"],
    ["networkInterfaces", "vpcSecurityGroupIds"],
  ]
    .filter((pair) => pair.every((name) => inputs[name] !== undefined))
    .map(([first = "", second = ""]) =>
      faultOf(first, `Conflicting configuration arguments: conflicts with ${second}`),
    );
  return [...missing, ...conflicts];
}
