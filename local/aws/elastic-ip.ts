/** How Elastic IPs come and go, whether the engine asks for it through the provider or a client through EC2's own API. */
import { asText } from "../store.ts";
import type { CloudRecord, CloudTransaction, JsonObject } from "../store.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { poolOf } from "./eip-view.ts";
import {
  addressPools,
  freeAddresses,
  releaseElasticIp,
  takeElasticIp,
  takeThisElasticIp,
  type AddressPool,
} from "./public-addresses.ts";
import { customPtr } from "./reverse-dns.ts";
import { AWS_TYPES } from "./types.ts";

const ALLOCATE = { service: "EC2", operation: "AllocateAddress" } as const;
const RELEASE = { service: "EC2", operation: "ReleaseAddress" } as const;

/** Which Elastic IP is wished for. */
export interface WantedAddress {
  /** This one: of Amazon's, a released one that is got back; or one of a pool. */
  readonly address?: string | undefined;
  /** The id of a pool of the account's own. @default Amazon's */
  readonly pool?: string | undefined;
}

/** Takes an address. What comes back is recorded of it. @throws ApiError */
export function allocateElasticIp(
  account: Account,
  cloud: CloudTransaction,
  { address, pool: poolId }: WantedAddress,
): JsonObject {
  const pools = addressPools(account.region);
  // A brought network needs no naming where an address of it is.
  const pool =
    poolId === undefined || poolId === "amazon"
      ? pools.find(({ kind, addresses }) => kind === "byoip" && addresses.includes(address ?? ""))
      : pools.find(({ id }) => id === poolId);
  if (pool !== undefined) return { publicIp: takeFromPool(cloud, pool, address), pool: pool.id };
  if (poolId !== undefined && poolId !== "amazon") throw unknownPool(poolId);
  const ofAmazon = cloud.list(AWS_TYPES.eip).filter(({ outputs }) => poolOf(outputs) === "amazon");
  if (ofAmazon.length >= account.elasticIpQuota)
    throw new ApiError(ALLOCATE, "AddressLimitExceeded", "The maximum number of addresses has been reached.");
  if (address !== undefined) {
    if (takeThisElasticIp(cloud, address)) return { publicIp: address };
    throw notAvailable(address);
  }
  const drawn = takeElasticIp(cloud);
  if (drawn !== undefined) return { publicIp: drawn };
  throw exhausted();
}

/**
 * Gives the address of `record` back; the record itself is the caller's.
 * @param associated whether something uses it that doesn't end with it
 * @throws ApiError
 */
export function giveBackElasticIp(
  cloud: CloudTransaction,
  { id, outputs }: CloudRecord,
  associated: boolean,
): void {
  const publicIp = asText(outputs.publicIp);
  if (associated) throw new ApiError(RELEASE, "InvalidIPAddress.InUse", `Address ${publicIp} is in use.`);
  if (customPtr(cloud, id) !== undefined)
    throw new ApiError(
      RELEASE,
      "InvalidAddress.PtrSet",
      `The address with allocation id [${id}] cannot be released because it has a PTR record set.`,
    );
  releaseElasticIp(cloud, publicIp);
}

function takeFromPool(cloud: CloudTransaction, pool: AddressPool, wanted: string | undefined): string {
  const free = freeAddresses(cloud, pool);
  if (wanted !== undefined && !free.includes(wanted)) throw notAvailable(wanted);
  const address = wanted ?? free[0];
  if (address === undefined) throw exhausted();
  return address;
}

function unknownPool(id: string): ApiError {
  const code = id.startsWith("ipam-pool-")
    ? "InvalidIpamPoolId.NotFound"
    : "InvalidPublicIpv4PoolID.NotFound";
  return new ApiError(ALLOCATE, code, `The pool ID '${id}' does not exist`);
}

function notAvailable(address: string): ApiError {
  return new ApiError(ALLOCATE, "InvalidAddress.NotFound", `Address '${address}' is not available.`);
}

function exhausted(): ApiError {
  return new ApiError(
    ALLOCATE,
    "InsufficientAddressCapacity",
    "Not enough addresses available to fulfill the request.",
  );
}
