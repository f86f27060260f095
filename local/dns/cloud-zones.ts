import { dnsSuffix } from "../aws/account.ts";
import { addressNames } from "../aws/reverse-dns.ts";
import { dnsRecordsOf } from "../cloudflare/dns-record.ts";
import type { CloudflareZone } from "../cloudflare/zones.ts";
import type { CloudReader } from "../store.ts";
import { blocklistZone, type Listing } from "./blocklist.ts";
import { servedRecords } from "./cloudflare-records.ts";
import { parentName, reverseName } from "./name.ts";
import type { ResourceRecord } from "./record.ts";
import { NAME_SERVER, type ZoneSource } from "./zone.ts";

/** The domain that the receiver takes mail for. */
export interface Inbox {
  readonly domain: string;
  /** The receiver's host name. */
  readonly hostname: string;
  /** The receiver's address on the local cloud's internet. */
  readonly address: string;
}

/** What the local cloud's DNS is made of. */
export interface CloudDnsSources {
  readonly cloud: CloudReader;
  readonly zones: readonly CloudflareZone[];
  readonly region: string;
  readonly inbox: Inbox;
  readonly blocklist: { readonly zone: string; readonly listings: readonly Listing[] };
}

/** The zone of the local cloud's own names; `.internal` is nobody's on the internet. */
const OWN_ZONE = "okmail.internal";
const NAME_SERVER_ADDRESS = "203.0.113.53";
/** Seconds to live of what AWS serves. */
const AWS_TTL = 60;

/** All zones as they follow from what exists in the cloud. */
export function cloudZones({ cloud, zones, region, inbox, blocklist }: CloudDnsSources): ZoneSource[] {
  const names = addressNames(cloud, region);
  return [
    ...zones.map((zone) => ({
      origin: zone.name,
      records: dnsRecordsOf(cloud, zone).flatMap(servedRecords),
    })),
    {
      origin: dnsSuffix(region),
      records: names.map(({ defaultName, address }) => a(defaultName, address)),
    },
    ...reverseZones([
      ...names.map(({ address, ptr }) => ({ address, name: ptr })),
      { address: inbox.address, name: inbox.hostname },
      { address: NAME_SERVER_ADDRESS, name: NAME_SERVER },
    ]),
    { origin: OWN_ZONE, records: ownRecords(inbox) },
    blocklistZone(blocklist.zone, blocklist.listings),
  ];
}

function ownRecords({ domain, hostname, address }: Inbox): ResourceRecord[] {
  return [
    a(NAME_SERVER, NAME_SERVER_ADDRESS),
    a(hostname, address),
    { name: domain, type: "MX", ttl: AWS_TTL, data: { preference: 10, exchange: hostname } },
  ];
}

/** One reverse zone for each /24 network, as reverse zones are delegated. */
function reverseZones(pointers: readonly { address: string; name: string }[]): ZoneSource[] {
  const zones = new Map<string, ResourceRecord[]>();
  for (const { address, name } of pointers) {
    const owner = reverseName(address);
    const origin = parentName(owner) ?? "";
    const records = zones.get(origin) ?? [];
    records.push({ name: owner, type: "PTR", ttl: AWS_TTL, data: name });
    zones.set(origin, records);
  }
  return [...zones].map(([origin, records]) => ({ origin, records }));
}

function a(name: string, address: string): ResourceRecord {
  return { name, type: "A", ttl: AWS_TTL, data: address };
}
