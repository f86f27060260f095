import type { CloudTransaction, JsonObject } from "../store.ts";
import { faultOf } from "../provider/check-shape.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { associate, associationOf, disassociate } from "./association.ts";
import { awsResource } from "./aws-resource.ts";
import { elasticIpView } from "./eip-view.ts";
import { allocateElasticIp, giveBackElasticIp } from "./elastic-ip.ts";
import { ipv4, oneOf } from "./formats.ts";
import { newId } from "./id.ts";
import { AWS_TYPES } from "./types.ts";

interface Inputs {
  readonly address?: string;
  readonly associateWithPrivateIp?: string;
  readonly instance?: string;
  readonly ipamPoolId?: string;
  readonly networkBorderGroup?: string;
  readonly networkInterface?: string;
  readonly publicIpv4Pool?: string;
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
    check: ({ customerOwnedIpv4Pool }) =>
      customerOwnedIpv4Pool === undefined
        ? []
        : [faultOf("customerOwnedIpv4Pool", "The local cloud has no Outposts")],

    create: (cloud, inputs) => {
      const allocationId = newId("eipalloc");
      const { address, ipamPoolId, publicIpv4Pool } = inputs;
      const allocated = allocateElasticIp(account, cloud, { address, pool: ipamPoolId ?? publicIpv4Pool });
      return {
        id: allocationId,
        outputs: { ...allocated, ...associationFacts(cloud, allocationId, inputs) },
      };
    },

    update: (cloud, { id, inputs: before }, inputs) => {
      if (TARGET_INPUTS.every((name) => before[name] === inputs[name])) return {};
      const present = associationOf(cloud, id);
      if (present !== undefined) disassociate(cloud, present);
      return associationFacts(cloud, id, inputs);
    },

    view: (cloud, record) => elasticIpView(account, cloud, record),

    delete: (cloud, record) => {
      // What the address has associated itself it also ends. Another resource's association is not its to end.
      const associated =
        associationOf(cloud, record.id) !== undefined && record.outputs.association === undefined;
      giveBackElasticIp(cloud, record, associated);
    },
  });
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
