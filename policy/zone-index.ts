import type { Plan } from "./plan.ts";
import type { DnsRecord, Zone } from "./planned-resource.ts";
import { isUnknown, known } from "./property.ts";
import { ApexEvidence, isWithin, ownerOf, registrableDomain } from "./zone-apex.ts";

/** The zone that a name lies in. */
export interface EnclosingZone {
  readonly apex: string;
  /** Whether the plan manages the zone as a whole, not only some records in it. */
  readonly declared: boolean;
}

/** What the plan holds at a name. */
export type Node =
  /** Records of this name, or of the wildcard that stands for it (RFC 4592). */
  | { readonly kind: "records"; readonly records: readonly DnsRecord[] }
  /** No record, but the name exists, since there are names below it (RFC 8020). */
  | { readonly kind: "empty" }
  | { readonly kind: "nothing" };

interface IndexedZone {
  readonly resource: Zone | undefined;
  readonly evidence: ApexEvidence;
  readonly records: Map<string, DnsRecord>;
  /** The apex by which its records were placed. */
  apex: string | undefined;
}

/**
 * The plan's DNS records by their absolute names. It follows the plan as that grows, and only what is new costs time.
 * Zones that only VPCs see are left out, for no receiver sees them.
 */
export class ZoneIndex {
  readonly #plan: Plan;
  readonly #zones = new Map<string, IndexedZone>();
  readonly #zoneOf = new Map<string, IndexedZone>();
  readonly #owners = new Map<string, Map<string, DnsRecord>>();
  /** How many records are at or below each name. */
  readonly #population = new Map<string, number>();
  /** Records whose absolute name isn't known. */
  readonly #unplaced = new Map<string, DnsRecord>();
  readonly #apexes = new Map<string, EnclosingZone>();
  #assumedApex: string | undefined;
  #recordsSeen = 0;
  #zonesSeen = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /**
   * Takes the one zone whose names are all relative, and that nothing else names, for the zone of the senders' one
   * registrable domain. Without this, where its records stand can't be told.
   */
  assumeSenders(domains: Iterable<string>): void {
    const apexes = new Set(Array.from(domains, (domain) => registrableDomain(domain) ?? domain));
    const [only] = apexes;
    this.#assumedApex = apexes.size === 1 ? only : undefined;
    this.#nameZones();
  }

  /** The innermost zone of the plan that `name` lies in; undefined if in none, or in one that the plan delegates. */
  zoneOf(name: string): EnclosingZone | undefined {
    this.#follow();
    for (const ancestor of ancestry(name)) {
      const zone = this.#apexes.get(ancestor);
      if (zone !== undefined) return zone;
      // NS records below an apex cut the zone: the name is somebody else's (RFC 1034 4.2.1).
      const delegated = this.#at(ancestor).some(({ type }) => known(type) === "NS");
      if (delegated) return undefined;
    }
    return undefined;
  }

  /** What the plan holds at `name`, in the zone `apex` around it. */
  node(name: string, apex: string): Node {
    this.#follow();
    const records = this.#at(name);
    if (records.length > 0) return { kind: "records", records };
    if (this.#population.has(name) || name === apex) return { kind: "empty" };
    for (const encloser of ancestry(name).slice(1)) {
      if (!this.#population.has(encloser) && encloser !== apex) continue;
      const wildcard = this.#at(`*.${encloser}`);
      return wildcard.length > 0 ? { kind: "records", records: wildcard } : { kind: "nothing" };
    }
    return { kind: "nothing" };
  }

  /** The records written down for `name` itself. */
  at(name: string): readonly DnsRecord[] {
    this.#follow();
    return this.#at(name);
  }

  /** The absolute name of a record of the plan, undefined if it can't be told. */
  ownerOf(record: DnsRecord): string | undefined {
    this.#follow();
    return ownerOf(record, this.#zoneOf.get(record.urn)?.apex);
  }

  /** A record that may turn out to be of this name and type, though its name or type isn't known yet. */
  maybe(name: string, type: string): DnsRecord | undefined {
    this.#follow();
    const fits = (record: DnsRecord) =>
      isUnknown(record.type) || [type, "CNAME"].includes(known(record.type) ?? "");
    return (
      this.#at(name).find((record) => isUnknown(record.type)) ??
      [...this.#unplaced.values()].find((record) => fits(record) && this.#mayBeNamed(record, name))
    );
  }

  #at(name: string): readonly DnsRecord[] {
    return [...(this.#owners.get(name)?.values() ?? [])];
  }

  #mayBeNamed(record: DnsRecord, name: string): boolean {
    const apex = this.#zoneOf.get(record.urn)?.apex;
    if (apex !== undefined && !isWithin(name, apex)) return false;
    const relative = known(record.recordName);
    return relative === undefined || ["@", ""].includes(relative) || name.startsWith(`${relative}.`);
  }

  #follow(): void {
    if (this.#plan.zones.size !== this.#zonesSeen) this.#startAgain();
    if (this.#recordsSeen === this.#plan.records.length) return;
    for (; this.#recordsSeen < this.#plan.records.length; this.#recordsSeen++) {
      const record = this.#plan.records[this.#recordsSeen];
      if (record !== undefined) this.#add(record);
    }
    this.#nameZones();
  }

  /** A zone of the plan that wasn't there before may name records seen long ago. */
  #startAgain(): void {
    for (const table of [this.#zones, this.#zoneOf, this.#owners, this.#population, this.#unplaced])
      table.clear();
    this.#recordsSeen = 0;
    this.#zonesSeen = this.#plan.zones.size;
    for (const resource of this.#plan.zones) if (!resource.hidden) this.#zone(resource.urn, resource);
    this.#nameZones();
  }

  #zone(key: string, resource?: Zone): IndexedZone {
    const found = this.#zones.get(key);
    if (found !== undefined) return found;
    const zone = { resource, evidence: new ApexEvidence(), records: new Map(), apex: known(resource?.apex) };
    this.#zones.set(key, zone);
    return zone;
  }

  #add(record: DnsRecord): void {
    const before = this.#zoneOf.get(record.urn);
    const replaced = before?.records.get(record.urn);
    if (before !== undefined && replaced !== undefined) {
      before.records.delete(record.urn);
      before.evidence.add(replaced, -1);
      this.#place(replaced, before, -1);
    }
    if (this.#plan.zones.follow(record.zone)?.hidden === true) return;
    const zone = this.#zone(this.#plan.zones.keyOf(record.zone) ?? record.urn);
    zone.records.set(record.urn, record);
    zone.evidence.add(record, 1);
    this.#zoneOf.set(record.urn, zone);
    this.#place(record, zone, 1);
  }

  /** Places the records of each zone whose apex is now known better than before. */
  #nameZones(): void {
    const apexes = new Map(
      [...this.#zones.values()].map((zone) => [zone, zone.evidence.apex(zone.resource)]),
    );
    const unnamed = [...apexes].filter(([, apex]) => apex === undefined);
    for (const [zone, evident] of apexes) {
      const apex = evident ?? (unnamed.length === 1 ? this.#assumedApex : undefined);
      if (apex === zone.apex) continue;
      for (const record of zone.records.values()) this.#place(record, zone, -1);
      zone.apex = apex;
      for (const record of zone.records.values()) this.#place(record, zone, 1);
    }
    this.#apexes.clear();
    for (const { apex, resource } of this.#zones.values()) {
      if (apex === undefined) continue;
      const declared = resource !== undefined || (this.#apexes.get(apex)?.declared ?? false);
      this.#apexes.set(apex, { apex, declared });
    }
  }

  /** Puts a record at its name, or takes it away. */
  #place(record: DnsRecord, zone: IndexedZone, by: 1 | -1): void {
    const owner = ownerOf(record, zone.apex);
    if (owner === undefined) {
      if (by === -1) this.#unplaced.delete(record.urn);
      else if (!record.namedByAws && record.recordName !== undefined) this.#unplaced.set(record.urn, record);
      return;
    }
    const records = this.#owners.get(owner) ?? new Map<string, DnsRecord>();
    if (by === 1) records.set(record.urn, record);
    else records.delete(record.urn);
    if (records.size > 0) this.#owners.set(owner, records);
    else this.#owners.delete(owner);
    for (const name of ancestry(owner)) {
      if (zone.apex !== undefined && !isWithin(name, zone.apex)) break;
      const population = (this.#population.get(name) ?? 0) + by;
      if (population > 0) this.#population.set(name, population);
      else this.#population.delete(name);
    }
  }
}

/** A name and the names above it. `a.b.c` -> `a.b.c`, `b.c`, `c` */
function ancestry(name: string): string[] {
  const labels = name.split(".");
  return labels.map((_, index) => labels.slice(index).join("."));
}
