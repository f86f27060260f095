import { createHash } from "node:crypto";
import type { Autoname } from "./definition.ts";
import type { Properties, Value } from "./values.ts";

/** What the engine says about naming: its setting `pulumi:autonaming`, if there is one. */
export interface NamingOrder {
  readonly mode: "propose" | "enforce" | "disable";
  readonly proposed: string;
}

const SUFFIX = /-[0-9a-f]{7}$/;

/** What a made-up name depends on. */
export interface NamingRequest {
  /** The resource's name in the program. */
  readonly name: string;
  /** Random for each new resource. */
  readonly seed: Uint8Array;
  /** The inputs of the existing resource, if there is one. */
  readonly before: Properties;
  readonly inputs: Properties;
  readonly order: NamingOrder | undefined;
}

/** The input with the made-up name, the same as before if there was one; none where the program names the resource. */
export function autoname({ property, unless, maxLength }: Autoname, request: NamingRequest): Properties {
  const { inputs, before, order } = request;
  if (inputs[property] !== undefined || (unless !== undefined && inputs[unless] !== undefined)) return {};
  if (before[property] !== undefined) return { [property]: before[property] };
  if (order?.mode === "disable") return {};
  if (order !== undefined) return { [property]: order.proposed };
  const suffix = `-${createHash("sha256").update(request.seed).digest("hex").slice(0, 7)}`;
  return { [property]: request.name.slice(0, maxLength - suffix.length) + suffix };
}

/** Whether a provider has made up this name: then a replacement gets another one and both can exist for a while. */
export function isAutoname(value: Value | undefined): boolean {
  return typeof value === "string" && SUFFIX.test(value);
}
