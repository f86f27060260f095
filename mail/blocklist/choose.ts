import { closest, distance } from "fastest-levenshtein";
import { hostNameFault, normalizeName } from "../host-name.ts";
import { isBelow, type Blocklist, type BlocklistTable, type RefusedList } from "./schema.ts";
import { standardTable } from "./table.ts";

/** Names of keys, and the keys themselves: `{ spamhaus: "…" }`. */
export type Keys = Readonly<Record<string, string | undefined>>;

/** The lists of addresses, or of domains, that are asked where nobody names lists: those that answer without a key not had. */
export function standardLists(
  lists: Blocklist["lists"],
  keys: Keys = {},
  table: BlocklistTable = standardTable(),
): Blocklist[] {
  return table.lists.filter(
    (list) =>
      list.standard &&
      list.lists === lists &&
      (list.access?.required !== true || keyOf(list, keys) !== undefined),
  );
}

/** The key that a list is asked with. */
export function keyOf({ access }: Blocklist, keys: Keys): string | undefined {
  const key = access?.key === undefined ? undefined : keys[access.key];
  return key === "" ? undefined : key;
}

/**
 * The lists that `names` name: by zone, name or id. A zone that the table doesn't have is asked as a list of addresses
 * whose every answer is a listing that blocks.
 *
 * @throws RangeError naming the list that can't be asked, why, and what to write instead
 */
export function chooseLists(names: readonly string[], table: BlocklistTable = standardTable()): Blocklist[] {
  const chosen = names.map((name) => chooseList(name.trim(), table));
  return [...new Map(chosen.map((list) => [list.zone, list])).values()];
}

function chooseList(written: string, table: BlocklistTable): Blocklist {
  const name = normalizeName(written);
  const keyed = table.lists.find(({ access }) => access?.zone !== undefined && isBelow(name, access.zone));
  // It isn't repeated in the message, for there may be a key in it.
  if (keyed?.access?.zone !== undefined && name !== keyed.zone && name !== keyed.access.zone)
    throw new RangeError(
      `a name below ${keyed.access.zone} is no blocklist: write "${keyed.zone}", and put the key into ` +
        `the environment variable ${keyed.access.variable ?? ""}`,
    );
  const found =
    keyed ?? table.lists.find((list) => [list.zone, list.id, normalizeName(list.name)].includes(name));
  if (found !== undefined) return found;
  const dead = refusal(name, table);
  if (dead !== undefined) throw new RangeError(refusalMessage(written, dead));
  if (hostNameFault(name) !== undefined) throw new RangeError(unknownMessage(written, table));
  return unlisted(name);
}

function refusal(name: string, { refused }: BlocklistTable): RefusedList | undefined {
  return refused.find(
    (dead) => normalizeName(dead.name) === name || dead.zones.some((zone) => isBelow(name, zone)),
  );
}

function refusalMessage(written: string, { name, reason, instead }: RefusedList): string {
  const remedy = instead === undefined ? "take it out" : `write "${instead}" instead`;
  return `"${written}" (${name}) is not asked: ${reason}; ${remedy}`;
}

function unknownMessage(written: string, { lists }: BlocklistTable): string {
  const near = closest(
    normalizeName(written),
    lists.flatMap(({ id, zone }) => [id, zone]),
  );
  const hint = distance(normalizeName(written), near) <= 3 ? `; did you mean "${near}"?` : "";
  return `"${written}" is no blocklist: neither a name that is known nor a zone${hint}`;
}

/** A zone that the table doesn't have. */
function unlisted(zone: string): Blocklist {
  return {
    id: zone,
    name: zone,
    zone,
    lists: "addresses",
    ipv6: true,
    registeredDomain: false,
    standard: false,
    weight: "blocking",
    effect: "Not known here.",
    codes: [],
    bitmask: false,
    refusals: [],
    removal: { steps: [`Ask the operators of ${zone} to remove {subject}.`], usualTime: "not known" },
    limits: "Not known",
    sources: ["https://www.rfc-editor.org/rfc/rfc5782"],
  };
}
