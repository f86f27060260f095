import type { ProviderDefinition } from "../provider/definition.ts";
import { SCHEMAS } from "../provider/schemas.ts";
import { randomPassword } from "./random-password.ts";

/** The stand-in for the random provider, to be served by `serveProvider`. It makes real passwords and keeps nothing. */
export function randomProvider(): ProviderDefinition {
  return {
    name: "random",
    version: SCHEMAS.random.version,
    config: SCHEMAS.random.config,
    resources: [randomPassword()],
    functions: [],
  };
}
