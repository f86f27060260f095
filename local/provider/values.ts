import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { isJsonObject } from "../store/json.ts";
import type { Json, JsonObject } from "../store/json.ts";

/** A value that nobody knows before `up`, as in a preview. */
export const UNKNOWN: unique symbol = Symbol("unknown until up");

/** A property's value, which in a preview may be unknown, in whole or in part. */
export type Value = Json | typeof UNKNOWN | readonly Value[] | ValueObject;

/** An object some of whose values may be unknown. */
export interface ValueObject {
  readonly [key: string]: Value;
}

/** A resource's properties by name. */
export type Properties = ValueObject;

/** Properties from the wire, with the secret ones named instead of wrapped. */
export interface Unwrapped {
  readonly properties: Properties;
  /** Names of the properties that are secret, in whole or in part. */
  readonly secrets: ReadonlySet<string>;
}

/** The engine's marks for values that JSON doesn't have (sdk/go/common/resource/plugin/rpc.go, same in every SDK). */
const WIRE = {
  signature: "4dabf18193072939515e22adb298388d",
  secret: "1b47061264138c4ac30d75fd1eb44270",
  output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  resource: "5cf8f73096256a8f31e491e813e4eb8e",
  /** The SDK sends the first one only, the engine one for each type. */
  unknown: {
    string: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    boolean: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    number: "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    array: "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    asset: "030794c1-ac77-496b-92df-f27374a8bd58",
    archive: "e48ece36-62e2-4504-bad9-02848725956a",
    object: "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
  },
} as const;

const UNKNOWNS: ReadonlySet<unknown> = new Set(Object.values(WIRE.unknown));

/** Reads properties from the wire. A property without a value (null) is as good as absent and left out. */
export function unwrap(struct: Struct | undefined): Unwrapped {
  const properties: Record<string, Value> = {};
  const secrets = new Set<string>();
  for (const [name, wire] of Object.entries(struct?.toJavaScript() ?? {})) {
    const value = fromWire(wire as Json, () => secrets.add(name));
    if (value !== null) properties[name] = value;
  }
  return { properties, secrets };
}

/** Writes properties for the wire, those named in `secrets` as secrets. */
export function wrap(properties: Properties, secrets: Iterable<string> = []): Struct {
  const secret = new Set(secrets);
  const wires = Object.entries(properties).map(([name, value]): [string, Json] => {
    const wire = toWire(value);
    return [name, secret.has(name) ? { [WIRE.signature]: WIRE.secret, value: wire } : wire];
  });
  return structs.Struct.fromJavaScript(Object.fromEntries(wires));
}

/** Properties of these names, all of them unknown. */
export function unknowns(names: readonly string[]): Properties {
  return Object.fromEntries(names.map((name): [string, Value] => [name, UNKNOWN]));
}

/** Whether `value` is unknown or holds something unknown. */
export function containsUnknown(value: Value): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(containsUnknown);
}

/** Whether all of `properties` is known, so that it is plain JSON. */
export function isKnown(properties: Properties): properties is JsonObject {
  return !containsUnknown(properties);
}

/** `properties` as plain JSON. Throws if one is unknown, which the engine doesn't send outside of a preview. */
export function known(properties: Properties): JsonObject {
  if (isKnown(properties)) return properties;
  const names = Object.keys(properties).filter((name) => containsUnknown(properties[name] ?? null));
  throw new Error(`The value of ${names.join(", ")} isn't known yet`);
}

function fromWire(wire: Json, foundSecret: () => void): Value {
  if (UNKNOWNS.has(wire)) return UNKNOWN;
  if (Array.isArray(wire)) return wire.map((element: Json) => fromWire(element, foundSecret));
  if (!isJsonObject(wire)) return wire;
  switch (wire[WIRE.signature]) {
    case WIRE.secret:
      foundSecret();
      return fromWire(wire.value ?? null, foundSecret);
    case WIRE.output:
      if (wire.secret === true) foundSecret();
      return wire.value === undefined ? UNKNOWN : fromWire(wire.value, foundSecret);
    case WIRE.resource:
      return fromWire(wire.id === "" ? WIRE.unknown.string : (wire.id ?? wire.urn ?? null), foundSecret);
    default:
      return Object.fromEntries(
        Object.entries(wire)
          .map(([key, value]): [string, Value] => [key, fromWire(value, foundSecret)])
          .filter(([, value]) => value !== null),
      );
  }
}

function toWire(value: Value): Json {
  if (typeof value === "symbol") return WIRE.unknown.string;
  if (typeof value !== "object" || value === null) return value;
  if (isArray(value)) return value.map(toWire);
  return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, toWire(element)]));
}

/** `Array.isArray` for readonly arrays, which TypeScript's own doesn't recognize. */
export function isArray(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** Whether `value` is an object with properties: no array, not null, not unknown. */
export function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
