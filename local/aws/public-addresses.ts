/** Which public addresses there are to give, and who has which. */
import type { CloudReader, CloudTransaction } from "../store.ts";
import { fixedId } from "./id.ts";
import { AWS_TYPES } from "./types.ts";

/** The documentation network TEST-NET-1 (RFC 5737): no real host ever has an address in it. */
const PREFIX = "192.0.2.";
const ELASTIC = { first: 10, last: 199 };
const AUTOMATIC = { first: 200, last: 254 };

/** A pool of public addresses of the account's own. */
export interface AddressPool {
  readonly id: string;
  /** "ipam": a block of Amazon's that IPAM manages. "byoip": a network that was brought along. */
  readonly kind: "ipam" | "byoip";
  readonly cidr: string;
  readonly addresses: readonly string[];
}

/** The pools that the account has from the start: a block as large as AWS gives, /29, and a brought one. Apart from Amazon's. */
export function addressPools(region: string): readonly AddressPool[] {
  return [
    pool(fixedId("ipam-pool", region), "ipam", { first: 128, length: 29 }),
    pool(fixedId("ipv4pool-ec2", region), "byoip", { first: 144, length: 28 }),
  ];
}

function pool(
  id: string,
  kind: AddressPool["kind"],
  { first, length }: { first: number; length: number },
): AddressPool {
  const cidr = `${PREFIX}${first}/${length}`;
  return { id, kind, cidr, addresses: range({ first, last: first + 2 ** (32 - length) - 1 }) };
}

/** The addresses of all pools, whatever the Region. */
const POOLED: ReadonlySet<string> = new Set(addressPools("").flatMap(({ addresses }) => addresses));

/** Elastic IPs that were given back, the longest free first: JSON list of addresses. */
const RELEASED = "aws:released-addresses";

/** The next Elastic IP: one that nobody had yet, else the one that has been free for longest. Undefined if all are in use. */
export function takeElasticIp(cloud: CloudTransaction): string | undefined {
  const known = new Set([...elasticIpsInUse(cloud), ...released(cloud)]);
  const fresh = amazons().find((address) => !known.has(address));
  const address = fresh ?? released(cloud)[0];
  if (address !== undefined) forget(cloud, address);
  return address;
}

/** Takes a certain Elastic IP, as one does to get a released one back; false if it isn't free or not in the pool. */
export function takeThisElasticIp(cloud: CloudTransaction, address: string): boolean {
  if (!amazons().includes(address) || elasticIpsInUse(cloud).has(address)) return false;
  forget(cloud, address);
  return true;
}

/** The addresses of a pool that nobody has, in order. */
export function freeAddresses(cloud: CloudReader, { addresses }: AddressPool): readonly string[] {
  const used = elasticIpsInUse(cloud);
  return addresses.filter((address) => !used.has(address));
}

/** Gives an Elastic IP back. It will be the last of Amazon's to be given out again; one of a pool is simply free. */
export function releaseElasticIp(cloud: CloudTransaction, address: string): void {
  if (!POOLED.has(address)) cloud.setFact(RELEASED, [...released(cloud), address]);
}

/** An address for an instance without Elastic IP; undefined if all are in use. */
export function freeAutomaticAddress(cloud: CloudReader): string | undefined {
  const used = new Set(cloud.list(AWS_TYPES.instance).map(({ outputs }) => outputs.automaticIp));
  return range(AUTOMATIC).find((address) => !used.has(address));
}

function elasticIpsInUse(cloud: CloudReader): ReadonlySet<unknown> {
  return new Set(cloud.list(AWS_TYPES.eip).map(({ outputs }) => outputs.publicIp));
}

function released(cloud: CloudReader): readonly string[] {
  return (cloud.fact(RELEASED) ?? []) as readonly string[];
}

function forget(cloud: CloudTransaction, address: string): void {
  const rest = released(cloud).filter((other) => other !== address);
  if (rest.length < released(cloud).length) cloud.setFact(RELEASED, rest);
}

/** Amazon's addresses, which belong to no pool of the account. */
function amazons(): readonly string[] {
  return range(ELASTIC).filter((address) => !POOLED.has(address));
}

function range({ first, last }: { first: number; last: number }): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `${PREFIX}${first + index}`);
}
