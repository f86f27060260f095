import type { ProviderDefinition } from "../provider/definition.ts";
import { SCHEMAS } from "../provider/schemas.ts";
import { privateKey } from "./private-key.ts";

/** The stand-in for the tls provider, to be served by `serveProvider`. It makes real keys and keeps nothing. */
export function tlsProvider(): ProviderDefinition {
  return {
    name: "tls",
    version: SCHEMAS.tls.version,
    config: SCHEMAS.tls.config,
    resources: [privateKey()],
    functions: [],
  };
}
