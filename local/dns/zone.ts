import { isDeepStrictEqual } from "node:util";
import { isWithin, namesUpward, parentName, wireNameFault } from "./name.ts";
import type { RecordOf, ResourceRecord } from "./record.ts";

/** A zone as its owner declares it; start of authority and name server are added. */
export interface ZoneSource {
  /** Canonical name of the apex, "" for the root. */
  readonly origin: string;
  /** Records at or below the apex, names canonical. */
  readonly records: readonly ResourceRecord[];
}

/** A zone ready to be asked. */
export interface Zone {
  readonly origin: string;
  readonly soa: RecordOf<"SOA">;
  /** All names that exist, with their records; an empty non-terminal has none (RFC 4592 section 2.2.2). */
  readonly nodes: ReadonlyMap<string, readonly ResourceRecord[]>;
}

/** All zones by origin; the root is always among them, so that every name lies in one. */
export type Zones = ReadonlyMap<string, Zone>;

/** Host name of the local name server, the NS of every zone. */
export const NAME_SERVER = "ns.okmail.internal";

const SOA_TTL = 3600;
const NS_TTL = 86_400;
/** Seconds that a negative answer may be kept (RFC 2308 section 4); Cloudflare's default. */
const NEGATIVE_TTL = 1800;

/**
 * Indexes the zones, in time linear in their records. The root zone is made if none is given: every unknown name is
 * then NXDOMAIN and never REFUSED, which a receiver would take for a temporary fault. `serial` counts the changes.
 * Throws on two zones of one origin, on a record outside its zone and on a name that can't be put on the wire.
 */
export function indexZones(sources: readonly ZoneSource[], serial = 1): Zones {
  const zones = new Map<string, IndexedZone>();
  for (const source of sources) {
    if (zones.has(source.origin)) throw new Error(`two zones "${source.origin}"`);
    zones.set(source.origin, indexZone(source, serial));
  }
  if (!zones.has("")) zones.set("", indexZone({ origin: "", records: [] }, serial));
  // A zone's name exists in the zone above it too, as if it were delegated there.
  for (const { origin } of zones.values()) {
    const above = parentName(origin);
    if (above !== undefined) addName(closest(zones, above), origin);
  }
  return zones;
}

/** The zone with the longest origin that `name` lies in. */
export function zoneOf(zones: Zones, name: string): Zone {
  return closest(zones, name);
}

interface IndexedZone extends Zone {
  readonly nodes: Map<string, ResourceRecord[]>;
}

function closest<Z extends Zone>(zones: ReadonlyMap<string, Z>, name: string): Z {
  for (const candidate of namesUpward(name)) {
    const zone = zones.get(candidate);
    if (zone !== undefined) return zone;
  }
  throw new Error("there is no root zone");
}

function indexZone({ origin, records }: ZoneSource, serial: number): IndexedZone {
  const soa = startOfAuthority(origin, serial);
  const zone: IndexedZone = { origin, soa, nodes: new Map() };
  const ns: ResourceRecord = { name: origin, type: "NS", ttl: NS_TTL, data: NAME_SERVER };
  for (const record of [soa, ns, ...records]) addRecord(zone, record);
  return zone;
}

function addRecord(zone: IndexedZone, record: ResourceRecord): void {
  const fault = wireNameFault(record.name);
  if (fault !== undefined) throw new Error(`a record of zone "${zone.origin}" has ${fault}`);
  if (!isWithin(record.name, zone.origin))
    throw new Error(`"${record.name}" lies outside the zone "${zone.origin}"`);
  const node = addName(zone, record.name);
  // An RRset has no two records of the same data (RFC 2181 section 5).
  if (!node.some((other) => other.type === record.type && isDeepStrictEqual(other.data, record.data)))
    node.push(record);
}

/** Makes the name exist, and with it every name between it and the apex. */
function addName(zone: IndexedZone, name: string): ResourceRecord[] {
  for (const ancestor of namesUpward(name)) {
    if (zone.nodes.has(ancestor)) break;
    zone.nodes.set(ancestor, []);
    if (ancestor === zone.origin) break;
  }
  return zone.nodes.get(name) ?? [];
}

function startOfAuthority(origin: string, serial: number): RecordOf<"SOA"> {
  return {
    name: origin,
    type: "SOA",
    ttl: SOA_TTL,
    data: {
      mname: NAME_SERVER,
      rname: "hostmaster.okmail.internal",
      serial: serial >>> 0,
      refresh: 10_000,
      retry: 2400,
      expire: 604_800,
      minimum: NEGATIVE_TTL,
    },
  };
}
