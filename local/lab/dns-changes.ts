import { isDeepStrictEqual } from "node:util";
import type { RecordSet, ZoneContent } from "./dns-zone-content.ts";

/** What to tell Knot's control program, knotc(8), line by line, so that a zone comes to hold `wanted`. */
export interface ZoneChange {
  readonly zone: string;
  readonly isNew: boolean;
  /** From `zone-begin` to the last change; the commit comes once all of them have been taken. */
  readonly commands: readonly string[];
}

/** The changes that make the zones equal; zones that are equal already have none. */
export function zoneChanges(
  present: ReadonlyMap<string, ZoneContent>,
  wanted: ReadonlyMap<string, ZoneContent>,
): ZoneChange[] {
  return [...wanted].flatMap(([zone, content]) => {
    const before = present.get(zone);
    const edits = edit(zone, before ?? new Map<string, RecordSet>(), content);
    return edits.length === 0
      ? []
      : [{ zone, isNew: before === undefined, commands: [`zone-begin ${zone}`, ...edits] }];
  });
}

/** What goes is taken out before anything comes in: a CNAME and another record can change places. */
function edit(zone: string, present: ZoneContent, wanted: ZoneContent): string[] {
  const unset: string[] = [];
  const set: string[] = [];
  for (const [key, { owner, type }] of present)
    if (!isKept(type, present.get(key), wanted.get(key))) unset.push(`zone-unset ${zone} ${owner} ${type}`);
  for (const [key, { owner, type, ttl, data }] of wanted)
    if (!isKept(type, present.get(key), wanted.get(key)))
      set.push(...data.map((text) => `zone-set ${zone} ${owner} ${ttl} ${type} ${quote(text)}`));
  return [...unset, ...set];
}

/** A start of authority once set stays: Knot counts its serial number itself. */
function isKept(type: string, present: RecordSet | undefined, wanted: RecordSet | undefined): boolean {
  if (type === "SOA" && present !== undefined) return true;
  return isDeepStrictEqual(present, wanted);
}

/** knotc takes one level of quotes and backslashes off. */
function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
