import { distance } from "fastest-levenshtein";
import {
  ROOT,
  formatPlace,
  isList,
  isMap,
  isObjectShape,
  propertiesOf,
  shapeAt,
  shapeName,
  valueName,
  within,
} from "./shape.ts";
import type { ObjectShape, Place, Shape } from "./shape.ts";
import { UNKNOWN, isArray, isObject } from "./values.ts";
import type { Properties, Value } from "./values.ts";

/** What is wrong with an input. */
export interface Fault {
  readonly place: Place;
  /** A sentence without its full stop. */
  readonly reason: string;
}

/** A fault of one of the resource's own properties. */
export function faultOf(property: string, reason: string): Fault {
  return { place: { steps: [property], pattern: property }, reason };
}

/** Why a value of the right type is wrong, a sentence without full stop; undefined if it isn't. */
export type Format = (value: never) => string | undefined;

/** Formats by the pattern of the place they hold for, see `Place`: `tags.*`, `metadataOptions.httpTokens`. */
export type Formats = Readonly<Record<string, Format>>;

/**
 * All that is wrong with `inputs`, judged property by property: missing and unknown ones, wrong types, wrong formats.
 * An unknown value can't be judged and passes.
 */
export function checkShape(inputs: Properties, shape: ObjectShape, formats: Formats = {}): readonly Fault[] {
  return checkValue(inputs, shape, ROOT, formats);
}

function checkValue(value: Value, shape: Shape, place: Place, formats: Formats): readonly Fault[] {
  if (value === UNKNOWN || shape === "any") return [];
  if (!hasType(value, shape)) {
    return [fault(place, `expected ${shapeName(shape)} type, got ${valueName(value)} type`)];
  }
  const format = formats[place.pattern] as ((value: Value) => string | undefined) | undefined;
  const reason = place === ROOT ? undefined : format?.(value);
  const own = reason === undefined ? [] : [fault(place, reason)];
  return [...own, ...checkParts(value, shape, place, formats)];
}

function checkParts(value: Value, shape: Shape, place: Place, formats: Formats): readonly Fault[] {
  if (isList(shape) && isArray(value)) {
    return value.flatMap((element, index) =>
      checkValue(element, shape[0], within(place, index, shape), formats),
    );
  }
  if (!isObjectShape(shape) || !isObject(value)) return [];
  const present = Object.entries(value).flatMap(([key, element]) => {
    const at = within(place, key, shape);
    const inner = shapeAt(shape, key);
    return inner === undefined ? [unknownProperty(at, key, shape)] : checkValue(element, inner, at, formats);
  });
  return [...missingProperties(value, shape, place), ...present];
}

function missingProperties(value: Properties, shape: ObjectShape, place: Place): readonly Fault[] {
  if (isMap(shape)) return [];
  return propertiesOf(shape)
    .filter(({ name, required }) => required && value[name] === undefined)
    .map(({ name }) => fault(within(place, name, shape), `Missing required property '${name}'`));
}

function unknownProperty(place: Place, key: string, shape: ObjectShape): Fault {
  const near = nearest(
    key,
    propertiesOf(shape).map(({ name }) => name),
  );
  return fault(place, `Invalid or unknown key${near === undefined ? "" : `. Did you mean '${near}'?`}`);
}

/** The name that a typing mistake or another spelling was most likely meant to be. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const normal = (text: string): string => text.toLowerCase().replace(/[-_]/g, "");
  const [best] = names
    .map((name) => ({ name, distance: distance(normal(word), normal(name)) }))
    .filter((candidate) => candidate.distance <= Math.max(2, Math.floor(word.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return best?.name;
}

function hasType(value: Value, shape: Shape): boolean {
  if (isList(shape)) return isArray(value);
  if (isObjectShape(shape)) return isObject(value);
  return typeof value === shape;
}

function fault(place: Place, reason: string): Fault {
  return { place, reason };
}

/** A fault in the words of the bridged providers: `… . Examine values at 'mail-okmail-host.tags["aws:x"]'.` */
export function describeFault({ place, reason }: Fault, resourceName: string): string {
  const mark = /[.?!]$/.test(reason) ? "" : ".";
  return `${reason}${mark} Examine values at '${resourceName}.${formatPlace(place)}'.`;
}
