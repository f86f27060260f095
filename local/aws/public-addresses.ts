/** Which public addresses there are to give, and who has which. */
import type { CloudReader, CloudTransaction } from "../store.ts";
import { AWS_TYPES } from "./types.ts";

/** The documentation network TEST-NET-1 (RFC 5737): no real host ever has an address in it. */
const PREFIX = "192.0.2.";
const ELASTIC = { first: 10, last: 199 };
const AUTOMATIC = { first: 200, last: 254 };

/** Elastic IPs that were given back, the longest free first: JSON list of addresses. */
const RELEASED = "aws:released-addresses";

/** The next Elastic IP: one that nobody had yet, else the one that has been free for longest. Undefined if all are in use. */
export function takeElasticIp(cloud: CloudTransaction): string | undefined {
  const known = new Set([...elasticIpsInUse(cloud), ...released(cloud)]);
  const fresh = range(ELASTIC).find((address) => !known.has(address));
  const address = fresh ?? released(cloud)[0];
  if (address !== undefined) forget(cloud, address);
  return address;
}

/** Takes a certain Elastic IP, as one does to get a released one back; false if it isn't free or not in the pool. */
export function takeThisElasticIp(cloud: CloudTransaction, address: string): boolean {
  if (!range(ELASTIC).includes(address) || elasticIpsInUse(cloud).has(address)) return false;
  forget(cloud, address);
  return true;
}

/** Gives an Elastic IP back. It will be the last to be given out again. */
export function releaseElasticIp(cloud: CloudTransaction, address: string): void {
  cloud.setFact(RELEASED, [...released(cloud), address]);
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

function range({ first, last }: { first: number; last: number }): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `${PREFIX}${first + index}`);
}
