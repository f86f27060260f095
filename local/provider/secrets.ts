import type { ResourceTraits } from "./definition.ts";

/** Names of all properties that are secret: the inputs given, what echoes them, and the outputs that always are. */
export function secretNames(traits: ResourceTraits, inputs: Iterable<string>): readonly string[] {
  const secret = new Set(inputs);
  for (const [output, input] of Object.entries(traits.echoes ?? {}))
    if (secret.has(input)) secret.add(output);
  return [...new Set([...secret, ...(traits.secretOutputs ?? [])])];
}
