import { asText } from "../store.ts";
import type { CloudTransaction, JsonObject } from "../store.ts";
import { faultOf } from "../provider/check-shape.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { associate, associationOf, disassociate } from "./association.ts";
import { awsResource } from "./aws-resource.ts";
import { elasticIpView } from "./eip-view.ts";
import { ipv4, oneOf } from "./formats.ts";
import { newId } from "./id.ts";
import { releaseElasticIp, takeElasticIp, takeThisElasticIp } from "./public-addresses.ts";
import { customPtr } from "./reverse-dns.ts";
import { AWS_TYPES } from "./types.ts";

const ALLOCATE = { service: "EC2", operation: "AllocateAddress" } as const;
const RELEASE = { service: "EC2", operation: "ReleaseAddress" } as const;

interface Inputs {
  readonly address?: string;
  readonly associateWithPrivateIp?: string;
  readonly instance?: string;
  readonly networkBorderGroup?: string;
  readonly networkInterface?: string;
}

/** The inputs that associate the address by the way. */
const TARGET_INPUTS = ["associateWithPrivateIp", "instance", "networkInterface"] as const;

/** aws:ec2/eip:Eip, an Elastic IP: a public address of the account's own until it is released. */
export function eip(account: Account): ResourceDefinition {
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.eip,
    label: "EC2 EIP",
    formats: { domain: oneOf("vpc"), address: ipv4, associateWithPrivateIp: ipv4 },
    forcesNew: ["address", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"],
    recomputes: (changed) =>
      TARGET_INPUTS.some((name) => changed.has(name)) ? ["associationId", "privateDns", "privateIp"] : [],
    check: ({ customerOwnedIpv4Pool, ipamPoolId, publicIpv4Pool }) =>
      Object.entries({ customerOwnedIpv4Pool, ipamPoolId, publicIpv4Pool })
        .filter(([, pool]) => pool !== undefined && pool !== "amazon")
        .map(([name]) => faultOf(name, "The local cloud has no address pool besides Amazon's own")),

    create: (cloud, inputs) => {
      const allocationId = newId("eipalloc");
      const publicIp = allocate(account, cloud, inputs.address);
      return { id: allocationId, outputs: { publicIp, ...associationFacts(cloud, allocationId, inputs) } };
    },

    update: (cloud, { id, inputs: before }, inputs) => {
      if (TARGET_INPUTS.every((name) => before[name] === inputs[name])) return {};
      const present = associationOf(cloud, id);
      if (present !== undefined) disassociate(cloud, present);
      return associationFacts(cloud, id, inputs);
    },

    view: (cloud, record) => elasticIpView(account, cloud, record),

    delete: (cloud, { id, outputs }) => {
      const publicIp = asText(outputs.publicIp);
      const association = associationOf(cloud, id);
      // What the address has associated itself it also ends. Another resource's association is not its to end.
      if (association !== undefined && outputs.association === undefined) {
        throw new ApiError(RELEASE, "InvalidIPAddress.InUse", `Address ${publicIp} is in use.`);
      }
      if (customPtr(cloud, id) !== undefined) {
        const message = `The address with allocation id [${id}] cannot be released because it has a PTR record set.`;
        throw new ApiError(RELEASE, "InvalidAddress.PtrSet", message);
      }
      releaseElasticIp(cloud, publicIp);
    },
  });
}

/** Takes an address from the pool, within the quota. */
function allocate(account: Account, cloud: CloudTransaction, wanted: string | undefined): string {
  if (cloud.list(AWS_TYPES.eip).length >= account.elasticIpQuota) {
    throw new ApiError(ALLOCATE, "AddressLimitExceeded", "The maximum number of addresses has been reached.");
  }
  if (wanted !== undefined) {
    if (takeThisElasticIp(cloud, wanted)) return wanted;
    throw new ApiError(ALLOCATE, "InvalidAddress.NotFound", `Address '${wanted}' is not available.`);
  }
  const address = takeElasticIp(cloud);
  if (address !== undefined) return address;
  throw new ApiError(
    ALLOCATE,
    "InsufficientAddressCapacity",
    "Not enough addresses available to fulfill the request.",
  );
}

function associationFacts(cloud: CloudTransaction, allocationId: string, inputs: Inputs): JsonObject {
  const { instance, networkInterface, associateWithPrivateIp } = inputs;
  if (instance === undefined && networkInterface === undefined) return {};
  const target = {
    instanceId: instance,
    networkInterfaceId: networkInterface,
    privateIp: associateWithPrivateIp,
  };
  return { association: { ...associate(cloud, allocationId, target) } };
}
