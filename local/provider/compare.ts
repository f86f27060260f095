import { ROOT, isMap, isObjectShape, shapeAt, within } from "./shape.ts";
import type { ObjectShape, Place, Shape, Step } from "./shape.ts";
import { UNKNOWN, isArray, isObject } from "./values.ts";
import type { Properties, Value } from "./values.ts";

/** One difference between what was asked for before and now. */
export interface Difference {
  readonly place: Place;
  readonly kind: "add" | "delete" | "update";
}

/** Whether two known values mean the same to the cloud, such as a policy with other blanks in it. */
export type Equivalence = (before: Value, after: Value) => boolean;

/**
 * The differences from `before` to `after`, each at the deepest place it can be pinned to. `equivalences` by pattern of the
 * place. An unknown value differs from everything.
 */
export function differences(
  before: Properties,
  after: Properties,
  shape: ObjectShape,
  equivalences: Readonly<Record<string, Equivalence>> = {},
): readonly Difference[] {
  return compare(before, after, shape, ROOT, equivalences);
}

function compare(
  before: Value | undefined,
  after: Value | undefined,
  shape: Shape,
  place: Place,
  equivalences: Readonly<Record<string, Equivalence>>,
): readonly Difference[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined || after === undefined) {
    const kind = before === undefined ? "add" : "delete";
    return parts(before ?? after, shape, place).map((part) => ({ place: part, kind }));
  }
  if (after === UNKNOWN || before === UNKNOWN) return [{ place, kind: "update" }];
  if (equivalences[place.pattern]?.(before, after) === true) return [];
  const steps = commonSteps(before, after);
  if (steps === undefined) return before === after ? [] : [{ place, kind: "update" }];
  return steps.flatMap((step) => {
    const inner = shapeAt(shape, step) ?? "any";
    return compare(at(before, step), at(after, step), inner, within(place, step, shape), equivalences);
  });
}

/** The places of all that `value` holds, down to where shapes name properties: what a nested block adds counts one by one. */
function parts(value: Value | undefined, shape: Shape, place: Place): readonly Place[] {
  if (!isObjectShape(shape) || isMap(shape) || !isObject(value) || Object.keys(value).length === 0)
    return [place];
  return Object.entries(value).flatMap(([name, part]) =>
    parts(part, shapeAt(shape, name) ?? "any", within(place, name, shape)),
  );
}

/** All steps into either of two lists or of two objects; undefined if they can't be compared part by part. */
function commonSteps(before: Value, after: Value): readonly Step[] | undefined {
  if (isArray(before) && isArray(after)) return [...(before.length > after.length ? before : after).keys()];
  if (isObject(before) && isObject(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return undefined;
}

function at(value: Value, step: Step): Value | undefined {
  if (typeof step === "number") return isArray(value) ? value[step] : undefined;
  return isObject(value) ? value[step] : undefined;
}

/** For lists whose order means nothing, as security groups of an instance. */
export function sameElements(before: Value, after: Value): boolean {
  if (!isArray(before) || !isArray(after) || before.length !== after.length) return false;
  const canonical = (list: readonly Value[]): string =>
    JSON.stringify(list.map((element) => JSON.stringify(element)).sort());
  return canonical(before) === canonical(after);
}

/** For texts that hold JSON, as IAM policies: blanks and the order of keys mean nothing. */
export function sameJsonText(before: Value, after: Value): boolean {
  if (typeof before !== "string" || typeof after !== "string") return false;
  try {
    return canonicalJson(JSON.parse(before)) === canonicalJson(JSON.parse(after));
  } catch {
    return false;
  }
}

/** For DNS names: case and the final dot mean nothing (RFC 4343). */
export function sameDnsName(before: Value, after: Value): boolean {
  const normal = (value: Value): Value =>
    typeof value === "string" ? value.toLowerCase().replace(/\.$/, "") : value;
  return normal(before) === normal(after);
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
