import { Derived, type Declared, type Input } from "./stack.ts";
import type { SeenResource } from "../policy/property.ts";

const prefix = "urn:pulumi:bench::okmail::";
const stackUrn = `${prefix}pulumi:pulumi:Stack::okmail-bench`;

function urnOf({ type, name }: Declared): string {
  return `${prefix}${type}::${name}`;
}

/** The stack as `pulumi stack export` gives it once it is deployed. */
export function exportedState(stack: readonly Declared[]): object {
  return {
    version: 3,
    deployment: {
      manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" },
      resources: [
        { urn: stackUrn, custom: false, type: "pulumi:pulumi:Stack" },
        ...["aws", "cloudflare"].map((name) => ({
          urn: providerUrn(name),
          custom: true,
          id: providerId,
          type: `pulumi:providers:${name}`,
        })),
        ...stack.map(exportedResource),
      ],
    },
  };
}

function exportedResource(declared: Declared): object {
  const { type, outputs, inputs, protect, dependsOn = [] } = declared;
  const [provider = ""] = type.split(":");
  const known = knownInputs(inputs);
  const references = referencesOf(inputs);
  return {
    urn: urnOf(declared),
    custom: true,
    id: outputs.id,
    type,
    inputs: known,
    outputs: { ...known, ...outputs },
    parent: stackUrn,
    provider: `${providerUrn(provider)}::${providerId}`,
    dependencies: [...references.map(([, urn]) => urn), ...dependsOn.map(urnOf)],
    propertyDependencies: Object.fromEntries(references.map(([name, urn]) => [name, [urn]])),
    ...(protect !== undefined && { protect }),
  };
}

/** The same as a policy pack sees it. */
export function seenResources(stack: readonly Declared[]): SeenResource[] {
  return stack.map((declared) => {
    const { type, name, inputs, outputs, protect = false } = declared;
    return {
      type,
      name,
      urn: urnOf(declared),
      props: { ...knownInputs(inputs), ...outputs },
      opts: { protect },
      propertyDependencies: Object.fromEntries(referencesOf(inputs).map(([key, urn]) => [key, [{ urn }]])),
    };
  });
}

function knownInputs(inputs: Declared["inputs"]): Record<string, Exclude<Input, Derived>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, input instanceof Derived ? input.value : input]),
  );
}

/** Inputs that derive from other resources, and their URNs. */
function referencesOf(inputs: Declared["inputs"]): (readonly [input: string, urn: string])[] {
  return Object.entries(inputs).flatMap(([name, input]) =>
    input instanceof Derived ? [[name, urnOf(input.resource)] as const] : [],
  );
}

const providerId = "04da6b54-80e4-46f7-96ec-b56ff0331ba8";

function providerUrn(name: string): string {
  return `${prefix}pulumi:providers:${name}::default`;
}
