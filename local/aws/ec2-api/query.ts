import { isJsonObject, type Json, type JsonObject } from "../../store.ts";
import { ApiError } from "../api-error.ts";

/** A call in EC2's Query protocol (EC2 API Reference, "Making requests"). */
export interface Ec2Request {
  readonly action: string;
  readonly parameters: JsonObject;
}

/** The only version of EC2's API. */
export const API_VERSION = "2016-11-15";

/**
 * Reads the form that carries a call. Dots make objects and numbers make lists, so that `Filter.1.Name=x` is
 * `{ Filter: [{ Name: "x" }] }`; every value is a text.
 * @throws ApiError
 */
export function readQuery(form: string): Ec2Request {
  const fields = new URLSearchParams(form);
  const action = fields.get("Action") ?? "";
  const call = { service: "EC2", operation: action } as const;
  if (action === "")
    throw new ApiError(call, "MissingAction", "The request is missing an action or a required parameter");
  if (fields.get("Version") !== API_VERSION)
    throw new ApiError(call, "InvalidAction", `The action ${action} is not valid for this web service.`);
  const root: Tree = new Map<string, Tree | string>();
  for (const [name, value] of fields) {
    if (name === "Action" || name === "Version") continue;
    if (!place(root, name.split("."), value))
      throw new ApiError(call, "InvalidParameterValue", `The parameter ${name} contradicts another`);
  }
  return { action, parameters: objectOf(root) };
}

type Tree = Map<string, Tree | string>;

/** False if the place is taken. */
function place(tree: Tree, [first = "", ...rest]: readonly string[], value: string): boolean {
  const present = tree.get(first);
  if (rest.length === 0) {
    tree.set(first, value);
    return present === undefined;
  }
  if (typeof present === "string") return false;
  const branch: Tree = present ?? new Map<string, Tree | string>();
  tree.set(first, branch);
  return place(branch, rest, value);
}

function jsonOf(node: Tree | string): Json {
  if (typeof node === "string") return node;
  const isList = [...node.keys()].every((key) => /^[1-9]\d{0,3}$/.test(key));
  if (!isList) return objectOf(node);
  return [...node].toSorted(([one], [other]) => Number(one) - Number(other)).map(([, item]) => jsonOf(item));
}

function objectOf(tree: Tree): JsonObject {
  return Object.fromEntries([...tree].map(([key, node]) => [key, jsonOf(node)]));
}

/** The texts of a list parameter; none where it isn't given. */
export function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/** The objects of a list parameter; none where it isn't given. */
export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isJsonObject) : [];
}
