import type { FunctionDefinition, ProviderDefinition, ResourceDefinition } from "./definition.ts";

/** The definition of a resource type. Throws if the local cloud doesn't have it. */
export function findResource(provider: ProviderDefinition, type: string): ResourceDefinition {
  const found = provider.resources.find((resource) => resource.type === type);
  if (found !== undefined) return found;
  throw new Error(
    unknownToken(
      type,
      "resource type",
      provider.resources.map((resource) => resource.type),
    ),
  );
}

/** The definition of a function. Throws if the local cloud doesn't have it. */
export function findFunction(provider: ProviderDefinition, token: string): FunctionDefinition {
  const found = provider.functions.find((definition) => definition.token === token);
  if (found !== undefined) return found;
  throw new Error(
    unknownToken(
      token,
      "function",
      provider.functions.map((definition) => definition.token),
    ),
  );
}

function unknownToken(token: string, kind: string, tokens: readonly string[]): string {
  return `The local cloud has no ${kind} ${token}. It has: ${[...tokens].sort().join(", ") || "none"}`;
}
