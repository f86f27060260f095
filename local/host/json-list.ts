import type { Json } from "../store.ts";

/** `value` if it is a list, else the empty list. */
export function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
