import type { Json, JsonObject } from "../store.ts";
import { isJsonObject } from "../store.ts";
import { ApiError } from "./api-error.ts";
import type { ApiCall } from "./api-error.ts";

/** A filter of EC2's Describe calls: a name, and values with the wildcards * and ?. */
export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

/** What a look-up asks for. */
export interface Query {
  readonly filters?: readonly Filter[] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** Something that can be looked up: the properties under the names that filters have, such as `subnet-id`. */
export interface Candidate<T> {
  readonly value: T;
  readonly properties: Readonly<Record<string, string>>;
  readonly tags: Json | undefined;
}

/** Those candidates that all filters and tags agree to. */
export function findMatching<T>(
  call: ApiCall,
  candidates: readonly Candidate<T>[],
  { filters = [], tags = {} }: Query,
): readonly T[] {
  const tagFilters = Object.entries(tags).map(([key, value]) => ({ name: `tag:${key}`, values: [value] }));
  return candidates
    .filter((candidate) => [...filters, ...tagFilters].every((filter) => matches(call, candidate, filter)))
    .map(({ value }) => value);
}

/** The only one of `found`, in the real provider's words if there is none or more than one. */
export function exactlyOne<T>(found: readonly T[], title: string): T {
  const [first] = found;
  if (first === undefined) throw new Error(`no matching ${title} found`);
  if (found.length === 1) return first;
  throw new Error(
    `multiple ${title}s matched; use additional constraints to reduce matches to a single ${title}`,
  );
}

function matches<T>(call: ApiCall, { properties, tags }: Candidate<T>, { name, values }: Filter): boolean {
  const all: JsonObject = isJsonObject(tags) ? tags : {};
  if (name === "tag-key")
    return values.some((value) => Object.keys(all).some((key) => pattern(value).test(key)));
  const property = name.startsWith("tag:") ? all[name.slice("tag:".length)] : properties[name];
  if (property === undefined && !name.startsWith("tag:")) {
    throw new ApiError(call, "InvalidParameterValue", `The filter '${name}' is invalid`);
  }
  return values.some((value) => typeof property === "string" && pattern(value).test(property));
}

/** `debian-13-*` as a regular expression. */
function pattern(value: string): RegExp {
  const escaped = value.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
