import { isWithin, namesUpward, parentName } from "../dns/name.ts";
import { NAME_SERVER, type Zones } from "../dns/zone.ts";
import { presentData, presentName } from "./dns-presentation.ts";

/** Records of one name and type. */
export interface RecordSet {
  /** In presentation form, as all of it. */
  readonly owner: string;
  readonly type: string;
  readonly ttl: number;
  /** In order, so that equal sets compare equal. */
  readonly data: readonly string[];
}

/** A zone's record sets by owner and type, the start of authority among them. */
export type ZoneContent = ReadonlyMap<string, RecordSet>;

const DELEGATION_TTL = 86_400;

/**
 * What a name server is to hold for the zones, by their names in presentation form. Each zone is delegated in the one above
 * it, which says nothing else at and below that name.
 */
export function zoneContents(zones: Zones): Map<string, ZoneContent> {
  const contents = new Map<string, ZoneContent>();
  for (const { origin, nodes } of zones.values()) {
    const delegated = delegationsIn(zones, origin);
    const content = new Map<string, RecordSet>();
    const add = (set: RecordSet) => content.set(`${set.owner} ${set.type}`, set);
    for (const [name, records] of nodes) {
      if (delegated.some((child) => isWithin(name, child))) continue;
      for (const type of new Set(records.map((record) => record.type))) {
        const set = records.filter((record) => record.type === type);
        add({
          owner: presentName(name),
          type,
          // All records of a set live equally long (RFC 2181 section 5.2).
          ttl: Math.min(...set.map(({ ttl }) => ttl)),
          data: set.map(presentData).sort(),
        });
      }
    }
    for (const child of delegated)
      add({ owner: presentName(child), type: "NS", ttl: DELEGATION_TTL, data: [presentName(NAME_SERVER)] });
    contents.set(presentName(origin), content);
  }
  return contents;
}

/** The zones right below a zone. */
function delegationsIn(zones: Zones, origin: string): string[] {
  return [...zones.keys()].filter((child) => zoneAbove(zones, child) === origin);
}

function zoneAbove(zones: Zones, origin: string): string | undefined {
  const parent = parentName(origin);
  return parent === undefined ? undefined : [...namesUpward(parent)].find((name) => zones.has(name));
}
