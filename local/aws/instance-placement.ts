import { asText } from "../store.ts";
import type { CloudReader, JsonObject } from "../store.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import type { ApiCall } from "./api-error.ts";
import { holderOf } from "./association.ts";
import { newId } from "./id.ts";
import type { InstanceInputs } from "./instance.ts";
import { defaultNetwork, freePrivateAddress, isUsable, privateAddresses } from "./network.ts";
import type { Subnet } from "./network.ts";
import { freeAutomaticAddress } from "./public-addresses.ts";
import { AWS_TYPES } from "./types.ts";

/** Where something wants to be in the network. */
interface Wish {
  readonly subnetId?: string;
  readonly availabilityZone?: string;
}

/** Finds a place for a new instance: subnet, private address, network interface, and a public address if it gets one. */
export function placeInstance(
  account: Account,
  cloud: CloudReader,
  call: ApiCall,
  inputs: InstanceInputs,
): JsonObject {
  const networkInterfaceId = givenInterface(inputs);
  if (networkInterfaceId !== undefined) return placeOnInterface(cloud, call, networkInterfaceId);
  const subnet = findSubnet(account, call, inputs);
  const automaticIp = inputs.associatePublicIpAddress === false ? undefined : freeAutomaticAddress(cloud);
  return {
    subnetId: subnet.id,
    availabilityZone: subnet.availabilityZone,
    privateIp: findPrivateAddress(cloud, call, subnet, inputs.privateIp),
    primaryNetworkInterfaceId: newId("eni"),
    ...(automaticIp !== undefined && { automaticIp }),
  };
}

/** The subnet that is wanted, by its id or by its Availability Zone; the first default subnet if none is. */
export function findSubnet(account: Account, call: ApiCall, { subnetId, availabilityZone }: Wish): Subnet {
  const { subnets } = defaultNetwork(account.region);
  if (subnetId !== undefined) {
    const subnet = subnets.find(({ id }) => id === subnetId);
    if (subnet === undefined) {
      throw new ApiError(call, "InvalidSubnetID.NotFound", `The subnet ID '${subnetId}' does not exist`);
    }
    if (availabilityZone === undefined || availabilityZone === subnet.availabilityZone) return subnet;
    const message = `The availability zone '${availabilityZone}' is not the one of the subnet '${subnetId}'`;
    throw new ApiError(call, "InvalidParameterValue", message);
  }
  if (availabilityZone === undefined) return subnets[0];
  const subnet = subnets.find((candidate) => candidate.availabilityZone === availabilityZone);
  if (subnet !== undefined) return subnet;
  throw new ApiError(call, "InvalidParameterValue", `Invalid availability zone: [${availabilityZone}]`);
}

/** The private address that is wanted, if it can be had; the next free one if none is. */
export function findPrivateAddress(
  cloud: CloudReader,
  call: ApiCall,
  subnet: Subnet,
  wanted: string | undefined,
): string {
  if (wanted === undefined) {
    const free = freePrivateAddress(cloud, subnet);
    if (free !== undefined) return free;
    const message = `Insufficient free addresses in subnet '${subnet.id}'`;
    throw new ApiError(call, "InsufficientFreeAddressesInSubnet", message);
  }
  if (!isUsable(subnet, wanted)) {
    const message = `Address ${wanted} does not fall within the subnet's address range`;
    throw new ApiError(call, "InvalidParameterValue", message);
  }
  if (privateAddresses(cloud).has(wanted)) {
    throw new ApiError(call, "InvalidIPAddress.InUse", `Address ${wanted} is in use.`);
  }
  return wanted;
}

/** The network interface that the program brings along, by the new input or the older one. */
function givenInterface({
  primaryNetworkInterface,
  networkInterfaces = [],
}: InstanceInputs): string | undefined {
  const first = networkInterfaces.find(({ deviceIndex }) => deviceIndex === 0);
  return primaryNetworkInterface?.networkInterfaceId ?? first?.networkInterfaceId;
}

function placeOnInterface(cloud: CloudReader, call: ApiCall, id: string): JsonObject {
  const found = cloud.find(AWS_TYPES.networkInterface, id);
  if (found === undefined) {
    throw new ApiError(
      call,
      "InvalidNetworkInterfaceID.NotFound",
      `The networkInterface ID '${id}' does not exist`,
    );
  }
  if (holderOf(cloud, id) !== undefined) {
    throw new ApiError(call, "InvalidNetworkInterface.InUse", `Interface: [${id}] in use.`);
  }
  const { subnetId, availabilityZone, privateIp } = found.outputs;
  return {
    subnetId: asText(subnetId),
    availabilityZone: asText(availabilityZone),
    privateIp: asText(privateIp),
    primaryNetworkInterfaceId: id,
  };
}
