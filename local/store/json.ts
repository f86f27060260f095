/** A value as JSON has it: what the store keeps and what the engine sends, once secrets are unwrapped. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Whether `value` is a JSON object, which an array and null are not. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Freezes `value` with all that hangs on it, so that nobody changes a record behind the store's back. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

/** `value` if it is a text, else the empty text. */
export function asText(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** `object` without the property `name`. */
export function omit(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}
