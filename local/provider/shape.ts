import { isArray, isObject } from "./values.ts";
import type { Value } from "./values.ts";

/**
 * The type of a value, written as TypeScript would: `["string"]` is a list, `{"*": "string"}` a map, any other object has the
 * properties it names, optional ones with a question mark: `{"allocationId": "string", "tags?": {"*": "string"}}`.
 */
export type Shape = "string" | "number" | "boolean" | "any" | readonly [Shape] | ObjectShape;

/** The properties of an object, or of a map under the name `*`. */
export interface ObjectShape {
  readonly [property: string]: Shape;
}

/** A step on the way into a value: a property's name, a map's key or a list's index. */
export type Step = string | number;

/**
 * Where in a value something is: `steps` leads there, `pattern` is the same for all elements of a list or map:
 * `tags.*`, `ebsBlockDevices[].volumeSize`.
 */
export interface Place {
  readonly steps: readonly Step[];
  readonly pattern: string;
}

/** A property of an object shape. */
export interface Property {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
}

/** The place of a resource's properties as a whole. */
export const ROOT: Place = { steps: [], pattern: "" };

/** The place one step further. */
export function within(place: Place, step: Step, shape: Shape): Place {
  const pattern =
    typeof step === "number"
      ? `${place.pattern}[]`
      : [place.pattern, isMap(shape) ? "*" : step].filter((part) => part !== "").join(".");
  return { steps: [...place.steps, step], pattern };
}

/** A place in Pulumi's notation: `tags["a.b"]`, `ebsBlockDevices[0].volumeSize`. */
export function formatPlace(place: Place): string {
  return place.steps
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[A-Za-z_]\w*$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}

/** The properties of `shape` in their order. */
export function propertiesOf(shape: ObjectShape): readonly Property[] {
  return Object.entries(shape).map(([key, type]) => ({
    name: key.replace(/\?$/, ""),
    shape: type,
    required: !key.endsWith("?"),
  }));
}

/** The shape of what lies at `step` in a value of `shape`; undefined if there is no such thing. */
export function shapeAt(shape: Shape, step: Step): Shape | undefined {
  if (shape === "any") return "any";
  if (isList(shape)) return typeof step === "number" ? shape[0] : undefined;
  if (!isObjectShape(shape) || typeof step === "number") return undefined;
  return shape["*"] ?? shape[step] ?? shape[`${step}?`];
}

/** Whether `shape` is a list. */
export function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

/** Whether `shape` is an object or a map. */
export function isObjectShape(shape: Shape): shape is ObjectShape {
  return typeof shape === "object" && !Array.isArray(shape);
}

/** Whether `shape` is a map from any key to values of one shape. */
export function isMap(shape: Shape): shape is { readonly "*": Shape } {
  return isObjectShape(shape) && "*" in shape;
}

/** What a shape is called in a message. */
export function shapeName(shape: Shape): string {
  if (typeof shape === "string") return shape;
  return isList(shape) ? "array" : "object";
}

/** What a value's type is called in a message. */
export function valueName(value: Value): string {
  if (isArray(value)) return "array";
  return isObject(value) ? "object" : typeof value;
}
