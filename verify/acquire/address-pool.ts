import {
  DescribeAddressesCommand,
  paginateDescribePublicIpv4Pools,
  paginateGetIpamPoolAllocations,
  paginateGetIpamPoolCidrs,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";

/** Does what `run` does; what it throws is told as that of the API's action. */
type Told = <T>(action: string, run: () => Promise<T>) => Promise<T>;

/**
 * The addresses of a pool that nobody has as far as this account can see, lowest first: of an IPAM pool what is provisioned
 * and not allocated; of a brought network what isn't among the account's Elastic IPs.
 */
export async function freeAddresses(ec2: EC2Client, pool: string, told: Told): Promise<readonly string[]> {
  const [ranges, taken] = pool.startsWith("ipam-pool-")
    ? await Promise.all([provisioned(ec2, pool, told), allocated(ec2, pool, told)])
    : await Promise.all([brought(ec2, pool, told), ownAddresses(ec2, told)]);
  return freeOf(ranges, taken);
}

/** First and last address, as numbers. */
export type AddressRange = readonly [first: number, last: number];

/** The addresses in `ranges` and not in `taken`, lowest first, each once. */
export function freeOf(ranges: readonly AddressRange[], taken: readonly AddressRange[]): string[] {
  const ascending = ([one]: AddressRange, [other]: AddressRange) => one - other;
  const used = taken.toSorted(ascending);
  const free: string[] = [];
  let next = 0;
  let index = 0;
  for (const [first, last] of ranges.toSorted(ascending)) {
    for (let address = Math.max(first, next); address <= last; address++) {
      while ((used[index]?.[1] ?? Infinity) < address) index++;
      if ((used[index]?.[0] ?? Infinity) > address) free.push(addressOf(address));
    }
    next = Math.max(next, last + 1);
  }
  return free;
}

/** `192.0.2.10` -> 3221225994, so that addresses that follow one another differ by one. */
export function numberOf(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((number, octet) => number * 256 + octet, 0);
}

function addressOf(number: number): string {
  return new ipaddr.IPv4([24, 16, 8, 0].map((bits) => (number >>> bits) & 255)).toString();
}

function rangeOf(cidr: string): AddressRange {
  const first = numberOf(ipaddr.IPv4.networkAddressFromCIDR(cidr).toString());
  return [first, numberOf(ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString())];
}

async function provisioned(ec2: EC2Client, pool: string, told: Told): Promise<AddressRange[]> {
  const cidrs = await told("GetIpamPoolCidrs", async () => {
    const pages = await all(paginateGetIpamPoolCidrs({ client: ec2 }, { IpamPoolId: pool }));
    return pages.flatMap(({ IpamPoolCidrs = [] }) => IpamPoolCidrs);
  });
  return cidrs.flatMap(({ Cidr, State }) => (State === "provisioned" ? ranges(Cidr) : []));
}

async function allocated(ec2: EC2Client, pool: string, told: Told): Promise<AddressRange[]> {
  const allocations = await told("GetIpamPoolAllocations", async () => {
    const pages = await all(paginateGetIpamPoolAllocations({ client: ec2 }, { IpamPoolId: pool }));
    return pages.flatMap(({ IpamPoolAllocations = [] }) => IpamPoolAllocations);
  });
  return allocations.flatMap(({ Cidr }) => ranges(Cidr));
}

async function brought(ec2: EC2Client, pool: string, told: Told): Promise<AddressRange[]> {
  const pools = await told("DescribePublicIpv4Pools", async () => {
    const pages = await all(paginateDescribePublicIpv4Pools({ client: ec2 }, { PoolIds: [pool] }));
    return pages.flatMap(({ PublicIpv4Pools = [] }) => PublicIpv4Pools);
  });
  return pools
    .flatMap(({ PoolAddressRanges = [] }) => PoolAddressRanges)
    .flatMap(({ FirstAddress, LastAddress, AvailableAddressCount }) =>
      FirstAddress === undefined || LastAddress === undefined || AvailableAddressCount === 0
        ? []
        : [[numberOf(FirstAddress), numberOf(LastAddress)] as const],
    );
}

async function ownAddresses(ec2: EC2Client, told: Told): Promise<AddressRange[]> {
  const { Addresses = [] } = await told("DescribeAddresses", () => ec2.send(new DescribeAddressesCommand()));
  return Addresses.flatMap(({ PublicIp }) => (PublicIp === undefined ? [] : ranges(`${PublicIp}/32`)));
}

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(page);
  return found;
}

/** An IPv4 network as its range; none for what is no such thing. */
function ranges(cidr: string | undefined): AddressRange[] {
  return cidr !== undefined && ipaddr.IPv4.isValidCIDR(cidr) ? [rangeOf(cidr)] : [];
}
