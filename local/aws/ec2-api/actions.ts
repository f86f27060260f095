import { asText, isJsonObject, type CloudRecord, type Json, type JsonObject } from "../../store.ts";
import type { Account } from "../account.ts";
import { ApiError } from "../api-error.ts";
import { associationOf } from "../association.ts";
import { elasticIpView, poolOf } from "../eip-view.ts";
import { allocateElasticIp, giveBackElasticIp } from "../elastic-ip.ts";
import { elasticIpProperties } from "../get-elastic-ip.ts";
import { findMatching, type Filter } from "../find-one.ts";
import { fixedId, newId } from "../id.ts";
import { addressPools, freeAddresses } from "../public-addresses.ts";
import { checkTags } from "../tags.ts";
import { AWS_TYPES } from "../types.ts";
import { objectsOf, textsOf, type Ec2Request } from "./query.ts";

/** An operation of EC2's API. */
interface Action {
  /** Parameters that it understands, besides DryRun. */
  readonly parameters: readonly string[];
  /** Its answer. Within a transaction, so that what it throws undoes everything, a dry run's end too. */
  readonly run: (account: Account, parameters: JsonObject, finish: () => void) => JsonObject;
}

/** What the local cloud knows of EC2's API: enough to find Elastic IPs, and to draw them from pools. */
const ACTIONS: Readonly<Record<string, Action>> = {
  AllocateAddress: {
    parameters: ["Domain", "Address", "PublicIpv4Pool", "IpamPoolId", "TagSpecification"],
    run: allocateAddress,
  },
  CreateTags: { parameters: ["ResourceId", "Tag"], run: createTags },
  DescribeAddresses: { parameters: ["AllocationId", "PublicIp", "Filter"], run: describeAddresses },
  DescribePublicIpv4Pools: { parameters: ["PoolId"], run: describePublicIpv4Pools },
  GetIpamPoolAllocations: { parameters: ["IpamPoolId"], run: getIpamPoolAllocations },
  GetIpamPoolCidrs: { parameters: ["IpamPoolId"], run: getIpamPoolCidrs },
  ReleaseAddress: { parameters: ["AllocationId"], run: releaseAddress },
};

/** Answers a call. @throws ApiError in EC2's words, also at the end of a dry run that would have succeeded */
export function callEc2(account: Account, { action, parameters }: Ec2Request): JsonObject {
  const known = ACTIONS[action];
  if (known === undefined)
    throw refusal(action, "InvalidAction", `The action ${action} is not valid for this web service.`);
  const unknown = Object.keys(parameters).find(
    (name) => name !== "DryRun" && !known.parameters.includes(name),
  );
  if (unknown !== undefined)
    throw refusal(action, "UnknownParameter", `The parameter ${unknown} is not recognized`);
  return known.run(account, parameters, () => {
    if (parameters.DryRun === "true")
      throw new ApiError(
        { service: "EC2", operation: action },
        "DryRunOperation",
        "Request would have succeeded, but DryRun flag is set.",
        412,
      );
  });
}

function allocateAddress(account: Account, parameters: JsonObject, finish: () => void): JsonObject {
  const tags = tagSpecification("AllocateAddress", parameters.TagSpecification);
  return account.store.transact((cloud) => {
    const outputs = allocateElasticIp(account, cloud, {
      address: optional(parameters.Address),
      pool: optional(parameters.IpamPoolId) ?? optional(parameters.PublicIpv4Pool),
    });
    const id = newId("eipalloc");
    // No stack has made it.
    cloud.insert({ type: AWS_TYPES.eip, id, urn: "", inputs: { domain: "vpc", tags }, outputs });
    finish();
    return {
      allocationId: id,
      domain: "vpc",
      networkBorderGroup: account.region,
      publicIp: outputs.publicIp ?? "",
      publicIpv4Pool: poolOf(outputs),
    };
  });
}

function describeAddresses(account: Account, parameters: JsonObject, finish: () => void): JsonObject {
  const call = { service: "EC2", operation: "DescribeAddresses" } as const;
  const ids = textsOf(parameters.AllocationId);
  const addresses = textsOf(parameters.PublicIp);
  const candidates = account.store
    .list(AWS_TYPES.eip)
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .filter(({ outputs }) => addresses.length === 0 || addresses.includes(asText(outputs.publicIp)))
    .map((value) => ({
      value,
      properties: elasticIpProperties(account, value),
      tags: value.inputs.tags,
    }));
  for (const id of ids)
    if (!candidates.some(({ value }) => value.id === id)) throw unknownAllocation(call.operation, id);
  const found = findMatching(call, candidates, { filters: filtersOf(parameters.Filter) });
  finish();
  return { addressesSet: found.map((record) => addressOf(account, record)) };
}

function releaseAddress({ store }: Account, { AllocationId }: JsonObject, finish: () => void): JsonObject {
  const id = required("ReleaseAddress", "AllocationId", AllocationId);
  store.transact((cloud) => {
    const record = cloud.find(AWS_TYPES.eip, id);
    if (record === undefined) throw unknownAllocation("ReleaseAddress", id);
    giveBackElasticIp(cloud, record, associationOf(cloud, id) !== undefined);
    cloud.remove(AWS_TYPES.eip, id);
    finish();
  });
  return { return: true };
}

function createTags({ store }: Account, parameters: JsonObject, finish: () => void): JsonObject {
  const added = tagsOf("CreateTags", parameters.Tag);
  store.transact((cloud) => {
    for (const id of textsOf(parameters.ResourceId)) {
      const record = cloud.find(AWS_TYPES.eip, id);
      if (record === undefined) throw refusal("CreateTags", "InvalidID", `The ID '${id}' is not valid`);
      const { tags } = record.inputs;
      const inputs = { ...record.inputs, tags: { ...(isJsonObject(tags) && tags), ...added } };
      cloud.change(AWS_TYPES.eip, id, { inputs });
    }
    finish();
  });
  return { return: true };
}

function getIpamPoolCidrs(account: Account, parameters: JsonObject, finish: () => void): JsonObject {
  const { id, cidr } = ipamPool("GetIpamPoolCidrs", account, parameters);
  finish();
  return {
    ipamPoolCidrSet: [
      {
        cidr,
        state: "provisioned",
        ipamPoolCidrId: fixedId("ipam-pool-cidr", id),
        netmaskLength: cidr.split("/")[1] ?? "",
      },
    ],
  };
}

function getIpamPoolAllocations(account: Account, parameters: JsonObject, finish: () => void): JsonObject {
  const { id } = ipamPool("GetIpamPoolAllocations", account, parameters);
  finish();
  const allocated = account.store.list(AWS_TYPES.eip).filter(({ outputs }) => poolOf(outputs) === id);
  return {
    ipamPoolAllocationSet: allocated.map((record) => ({
      cidr: `${asText(record.outputs.publicIp)}/32`,
      ipamPoolAllocationId: fixedId("ipam-pool-alloc", record.id),
      resourceId: record.id,
      resourceType: "eip",
      resourceRegion: account.region,
      resourceOwner: account.accountId,
    })),
  };
}

function describePublicIpv4Pools(account: Account, parameters: JsonObject, finish: () => void): JsonObject {
  const ids = textsOf(parameters.PoolId);
  const pools = addressPools(account.region).filter(({ kind }) => kind === "byoip");
  for (const id of ids)
    if (!pools.some((pool) => pool.id === id))
      throw refusal(
        "DescribePublicIpv4Pools",
        "InvalidPublicIpv4PoolID.NotFound",
        `The pool ID '${id}' does not exist`,
      );
  finish();
  return {
    publicIpv4PoolSet: pools
      .filter(({ id }) => ids.length === 0 || ids.includes(id))
      .map((pool) => {
        const total = pool.addresses.length;
        const available = freeAddresses(account.store, pool).length;
        return {
          poolId: pool.id,
          poolAddressRangeSet: [
            {
              firstAddress: pool.addresses[0] ?? "",
              lastAddress: pool.addresses.at(-1) ?? "",
              addressCount: total,
              availableAddressCount: available,
            },
          ],
          totalAddressCount: total,
          totalAvailableAddressCount: available,
          networkBorderGroup: account.region,
        };
      }),
  };
}

function addressOf(account: Account, record: CloudRecord): JsonObject {
  const view = elasticIpView(account, account.store, record);
  const { tags } = record.inputs;
  return {
    publicIp: view.publicIp ?? "",
    allocationId: record.id,
    domain: "vpc",
    associationId: view.associationId ?? "",
    instanceId: view.instance ?? "",
    networkInterfaceId: view.networkInterface ?? "",
    networkInterfaceOwnerId: view.networkInterface === "" ? "" : account.accountId,
    privateIpAddress: view.privateIp ?? "",
    networkBorderGroup: view.networkBorderGroup ?? "",
    publicIpv4Pool: view.publicIpv4Pool ?? "",
    tagSet: Object.entries(isJsonObject(tags) ? tags : {}).map(([key, value]) => ({ key, value })),
  };
}

function ipamPool(operation: string, account: Account, parameters: JsonObject) {
  const id = required(operation, "IpamPoolId", parameters.IpamPoolId);
  const pool = addressPools(account.region).find((one) => one.id === id && one.kind === "ipam");
  if (pool !== undefined) return pool;
  throw refusal(operation, "InvalidIpamPoolId.NotFound", `The pool ID '${id}' does not exist`);
}

function tagSpecification(operation: string, value: Json | undefined): JsonObject {
  const specifications = objectsOf(value);
  const other = specifications.find(({ ResourceType }) => ResourceType !== "elastic-ip");
  if (other !== undefined)
    throw refusal(
      operation,
      "InvalidParameterValue",
      `'${asText(other.ResourceType)}' is not a valid taggable resource type for this operation.`,
    );
  return Object.assign({}, ...specifications.map(({ Tag }) => tagsOf(operation, Tag))) as JsonObject;
}

function tagsOf(operation: string, value: Json | undefined): JsonObject {
  const tags = Object.fromEntries(objectsOf(value).map(({ Key, Value }) => [asText(Key), asText(Value)]));
  const [fault] = checkTags({ tags });
  if (fault !== undefined) throw refusal(operation, "InvalidParameterValue", fault.reason);
  return tags;
}

function filtersOf(value: Json | undefined): readonly Filter[] {
  return objectsOf(value).map(({ Name, Value }) => ({ name: asText(Name), values: textsOf(Value) }));
}

function required(operation: string, name: string, value: Json | undefined): string {
  const text = asText(value);
  if (text !== "") return text;
  throw refusal(operation, "MissingParameter", `The request must contain the parameter ${name}`);
}

function optional(value: Json | undefined): string | undefined {
  return asText(value) || undefined;
}

function unknownAllocation(operation: string, id: string): ApiError {
  return refusal(operation, "InvalidAllocationID.NotFound", `The allocation ID '${id}' does not exist`);
}

function refusal(operation: string, code: string, message: string): ApiError {
  return new ApiError({ service: "EC2", operation }, code, message);
}
