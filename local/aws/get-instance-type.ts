import type { JsonObject } from "../store.ts";
import type { FunctionDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { awsFunction } from "./aws-function.ts";
import { exactlyOne } from "./find-one.ts";
import { instanceType } from "./instance-types.ts";
import type { InstanceType } from "./instance-types.ts";

interface Arguments {
  readonly instanceType: string;
}

/**
 * aws:ec2/getInstanceType:getInstanceType. Architecture, vCPUs, memory and burstability are those of the real type; the rest is
 * what all the small types have in common, or zero.
 */
export function getInstanceType(account: Account): FunctionDefinition {
  return awsFunction<Arguments>(account, {
    token: "aws:ec2/getInstanceType:getInstanceType",
    call: ({ instanceType: name }) => {
      const type = instanceType(name);
      return view(exactlyOne(type === undefined ? [] : [type], "EC2 Instance Type"));
    },
  });
}

function view({ name, architecture, vcpus, memory, isBurstable }: InstanceType): JsonObject {
  const isArm = architecture === "arm64";
  const threadsPerCore = isArm || vcpus === 1 ? 1 : 2;
  return {
    ...UNIFORM,
    bootModes: isArm ? ["uefi"] : ["legacy-bios", "uefi"],
    burstablePerformanceSupported: isBurstable,
    defaultCores: vcpus / threadsPerCore,
    defaultThreadsPerCore: threadsPerCore,
    defaultVcpus: vcpus,
    freeTierEligible: name === "t3.micro",
    hypervisor: name.startsWith("t2.") ? "xen" : "nitro",
    id: name,
    memorySize: memory,
    supportedArchitectures: [architecture],
    validCores: [vcpus / threadsPerCore],
    validThreadsPerCores: threadsPerCore === 1 ? [1] : [1, 2],
  };
}

const UNIFORM = {
  autoRecoverySupported: true,
  bandwidthWeightings: [],
  bareMetal: false,
  currentGeneration: true,
  dedicatedHostsSupported: false,
  defaultNetworkCardIndex: 0,
  ebsEncryptionSupport: "supported",
  ebsNvmeSupport: "required",
  ebsOptimizedSupport: "default",
  ebsPerformanceBaselineBandwidth: 0,
  ebsPerformanceBaselineIops: 0,
  ebsPerformanceBaselineThroughput: 0,
  ebsPerformanceMaximumBandwidth: 0,
  ebsPerformanceMaximumIops: 0,
  ebsPerformanceMaximumThroughput: 0,
  efaMaximumInterfaces: 0,
  efaSupported: false,
  enaSrdSupported: false,
  enaSupport: "required",
  encryptionInTransitSupported: false,
  fpgas: [],
  gpuses: [],
  hibernationSupported: false,
  inferenceAccelerators: [],
  instanceDisks: [],
  instanceStorageSupported: false,
  ipv6Supported: true,
  maximumIpv4AddressesPerInterface: 2,
  maximumIpv6AddressesPerInterface: 2,
  maximumNetworkCards: 1,
  maximumNetworkInterfaces: 2,
  mediaAccelerators: [],
  networkCards: [],
  networkPerformance: "Up to 5 Gigabit",
  neuronDevices: [],
  nitroEnclavesSupport: "unsupported",
  nitroTpmSupport: "unsupported",
  nitroTpmSupportedVersions: [],
  phcSupport: "unsupported",
  supportedCpuFeatures: [],
  supportedPlacementStrategies: ["partition", "spread"],
  supportedRootDeviceTypes: ["ebs"],
  supportedUsagesClasses: ["on-demand", "spot"],
  supportedVirtualizationTypes: ["hvm"],
  sustainedClockSpeed: 0,
  totalFpgaMemory: 0,
  totalGpuMemory: 0,
  totalInferenceMemory: 0,
  totalInstanceStorage: 0,
  totalMediaMemory: 0,
  totalNeuronDeviceMemory: 0,
};
