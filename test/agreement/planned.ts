import type { PolicyResource } from "@pulumi/policy";
import type { ProviderDefinition, ResourceTraits } from "../../local/provider/definition.ts";
import { foresee } from "../../local/provider/resource-service.ts";
import { UNKNOWN, type Value } from "../../local/provider/values.ts";
import type { JsonObject } from "../../local/store.ts";
import { knownFrom, resource, unknown, unknownFrom } from "../helpers/planned-stack.ts";
import {
  inOrder,
  outputsIn,
  settled,
  Text,
  type Declared,
  type Input,
  type Output,
  type Stack,
} from "./declared.ts";
import { spfTemplates } from "./good-stack.ts";

/** Outputs of resources that exist, by logical name. */
export type Outputs = ReadonlyMap<string, JsonObject>;

export interface PlannedOptions {
  /** Whether providers repeat a resource's id among its outputs, as most do. @default true */
  readonly idsAreOutputs?: boolean;
}

/**
 * The stack as the engine shows it to a policy pack. Resources that `outputs` has are known, with all that their providers
 * say of them; of the others only their inputs are, as far as these don't derive from what is unknown.
 *
 * @param providers tell what of a new resource a preview can't know
 */
export function planned(
  stack: Stack,
  outputs: Outputs,
  providers: readonly ProviderDefinition[],
  { idsAreOutputs = true }: PlannedOptions = {},
): PolicyResource[] {
  const traits = new Map<string, ResourceTraits>(
    providers.flatMap(({ resources }) =>
      resources.map((definition) => [definition.type, definition] as const),
    ),
  );
  const seen = new Map<string, PolicyResource>();
  for (const declared of inOrder(stack)) {
    if (declared.outside === true) continue;
    const inputs = isComponent(declared) ? spfTemplates(stack, declared) : declared.inputs;
    const own = outputs.get(declared.name);
    const props: Record<string, unknown> =
      own === undefined
        ? { ...computed(traits.get(declared.type), inputs), ...shown(inputs, outputs, seen) }
        : { ...shown(inputs, outputs, seen), ...withDependencies(own, inputs, seen) };
    if (!idsAreOutputs) delete props.id;
    const parent = declared.parent === undefined ? undefined : seen.get(declared.parent);
    seen.set(
      declared.name,
      resource(declared.type, declared.name, props, {
        ...(declared.protect !== undefined && { protect: declared.protect }),
        ...(parent !== undefined && { parent }),
      }),
    );
  }
  return [...seen.values()];
}

/** The stack's resources one by one as a pack sees them before they are created: the inputs, all known. */
export function aboutToBe(stack: Stack, outputs: Outputs): PolicyResource[] {
  const none: Seen = new Map();
  return inOrder(stack)
    .filter(({ outside }) => outside !== true)
    .map(({ type, name, inputs }) => resource(type, name, shown(inputs, outputs, none)));
}

function isComponent({ type }: Declared): boolean {
  return type.startsWith("okmail:");
}

/** What the provider will say and nobody knows yet. A type that the local cloud lacks has at least an id. */
function computed(traits: ResourceTraits | undefined, inputs: Declared["inputs"]): Record<string, unknown> {
  if (traits === undefined) return { id: unknown };
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, outputsIn(input).length > 0 ? UNKNOWN : input]),
  ) as Record<string, Value>;
  const foreseen = Object.entries(foresee(traits, values)).filter(([name]) => inputs[name] === undefined);
  return { id: unknown, ...Object.fromEntries(foreseen.map(([name, value]) => [name, marked(value)])) };
}

function marked(value: Value): unknown {
  return value === UNKNOWN ? unknown : value;
}

type Seen = ReadonlyMap<string, PolicyResource>;

/** Inputs with known outputs filled in, and the others as unknowns that derive from their resources. */
function shown(inputs: Declared["inputs"], outputs: Outputs, seen: Seen): Record<string, unknown> {
  const show = (input: Input): unknown => {
    if (input instanceof Text) {
      const from = sources(input, seen);
      const isKnown = outputsIn(input).every(({ resource: name }) => outputs.has(name));
      if (!isKnown) return unknownFrom(...from);
      return knownFrom(
        settled(input, (output) => valueOf(output, outputs)),
        ...from,
      );
    }
    if (Array.isArray(input)) return (input as readonly Input[]).map(show);
    if (typeof input !== "object") return input;
    return Object.fromEntries(
      Object.entries(input as Record<string, Input>).map(([name, each]) => [name, show(each)]),
    );
  };
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, show(input)]));
}

/** What a provider said, with what the inputs of the same name derive from. */
function withDependencies(said: JsonObject, inputs: Declared["inputs"], seen: Seen): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(said).map(([name, value]) => {
      const input = inputs[name];
      return [name, input === undefined ? value : knownFrom(value, ...sources(input, seen))];
    }),
  );
}

function sources(input: Input, seen: Seen): PolicyResource[] {
  return outputsIn(input).flatMap(({ resource: name }) => seen.get(name) ?? []);
}

/** The value of an output. Throws if its resource doesn't say it: then the stack is declared wrongly. */
export function valueOf({ resource: name, property }: Output, outputs: Outputs): string {
  const value = outputs.get(name)?.[property];
  if (typeof value !== "string") throw new Error(`${name} has no output ${property}`);
  return value;
}
