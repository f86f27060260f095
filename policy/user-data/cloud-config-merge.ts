/** How cloud-init merges one kind of value: `list(append)` -> name `list`, options `append` */
interface Merger {
  readonly name: string;
  readonly options: readonly string[];
}

type Mapping = Readonly<Record<string, unknown>>;

/** What cloud-init does unless told otherwise: a later part replaces the keys of an earlier one. */
const standard = "dict(replace)+list()+str()";

/**
 * A cloud-config merged into those before it, as cloud-init's manual says in "Merging user-data sections": by the part's
 * own `merge_how` or `merge_type`, else by its Merge-Type header, else key by key, the later one winning.
 */
export function mergeCloudConfig(before: Mapping, part: Mapping, header: string | undefined): Mapping {
  const { merge_how: how, merge_type: type, ...config } = part;
  const own = mergersOf(how ?? type);
  const given = own.length > 0 ? own : mergersOf(header);
  return merged(before, config, given.length > 0 ? given : mergersOf(standard)) as Mapping;
}

/** `list(append)+dict(recurse_array)`, or `[{ name: list, settings: [append] }, …]` */
function mergersOf(how: unknown): Merger[] {
  if (typeof how === "string") {
    return Array.from(
      how.toLowerCase().matchAll(/([a-z_]\w*)\(([^()]*)\)/g),
      ([, name = "", options = ""]) => ({
        name,
        options: options.split(",").map((option) => option.trim()),
      }),
    );
  }
  if (!Array.isArray(how)) return [];
  return how.flatMap((each: unknown) => {
    const [name, options] = Array.isArray(each)
      ? [each[0], each.slice(1)]
      : isMapping(each)
        ? [each.name, each.settings]
        : [];
    return typeof name === "string" && Array.isArray(options) ? [{ name, options: options.map(String) }] : [];
  });
}

function merged(before: unknown, after: unknown, mergers: readonly Merger[]): unknown {
  const name = Array.isArray(before)
    ? "list"
    : isMapping(before)
      ? "dict"
      : typeof before === "string"
        ? "str"
        : "";
  const options = mergers.find((merger) => merger.name === name)?.options;
  if (options === undefined) return before;
  if (Array.isArray(before)) return mergedList(before, after, options, mergers);
  if (isMapping(before)) return isMapping(after) ? mergedMapping(before, after, options, mergers) : before;
  if (typeof before === "string" && typeof after === "string")
    return options.includes("append") ? before + after : after;
  return before;
}

function mergedMapping(
  before: Mapping,
  after: Mapping,
  options: readonly string[],
  mergers: readonly Merger[],
): Mapping {
  const result = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(after)) {
    const old = result.get(key);
    if (!result.has(key)) result.set(key, value);
    else if (value === null && options.includes("allow_delete")) result.delete(key);
    else if (options.includes("replace")) result.set(key, value);
    else if (
      isMapping(value) ||
      (Array.isArray(value) &&
        options.some((option) => option === "recurse_array" || option === "recurse_list")) ||
      (typeof value === "string" && options.includes("recurse_str"))
    )
      result.set(key, merged(old, value, mergers));
  }
  return Object.fromEntries(result);
}

function mergedList(
  before: readonly unknown[],
  after: unknown,
  options: readonly string[],
  mergers: readonly Merger[],
): unknown {
  const method =
    ["append", "prepend", "replace", "no_replace"].find((option) => options.includes(option)) ?? "replace";
  if (!Array.isArray(after)) return method === "replace" ? after : before;
  if (method === "append") return [...before, ...(after as unknown[])];
  if (method === "prepend") return [...(after as unknown[]), ...before];
  // The same places are replaced, and what the earlier list has beyond them stays.
  return before.map((old, index) => {
    if (method === "no_replace" || index >= after.length) return old;
    const value: unknown = after[index];
    const recursive =
      (isMapping(value) && options.includes("recurse_dict")) ||
      (Array.isArray(value) &&
        options.some((option) => option === "recurse_array" || option === "recurse_list")) ||
      (typeof value === "string" && options.includes("recurse_str"));
    return recursive ? merged(old, value, mergers) : value;
  });
}

export function isMapping(value: unknown): value is Mapping {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
