import type { PackageSchema, Schema } from "./definition.ts";
import aws from "./schemas/aws.json" with { type: "json" };
import cloudflare from "./schemas/cloudflare.json" with { type: "json" };
import random from "./schemas/random.json" with { type: "json" };
import tls from "./schemas/tls.json" with { type: "json" };

/** What the installed SDKs say of the types that the local cloud knows; made by `generate-schemas.ts`. */
export const SCHEMAS = {
  aws: aws as unknown as PackageSchema,
  cloudflare: cloudflare as unknown as PackageSchema,
  random: random as unknown as PackageSchema,
  tls: tls as unknown as PackageSchema,
};

/** The schema of a resource type. */
export function resourceSchema(type: string): Schema {
  return schemaOf("resources", type);
}

/** The schema of a function. */
export function functionSchema(token: string): Schema {
  return schemaOf("functions", token);
}

function schemaOf(kind: "resources" | "functions", token: string): Schema {
  const found = Object.values(SCHEMAS).find((schema) => token in schema[kind])?.[kind][token];
  if (found === undefined) throw new Error(`${token} isn't among the ${kind} in generate-schemas.ts`);
  return found;
}
