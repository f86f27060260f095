/** What the engine asks of a resource type, in terms of plain values: check, diff, create, read, update, delete. */
import { isAutoname, autoname } from "./autoname.ts";
import type { NamingRequest } from "./autoname.ts";
import { checkShape } from "./check-shape.ts";
import type { Fault } from "./check-shape.ts";
import { differences } from "./compare.ts";
import type { Difference } from "./compare.ts";
import type { ResourceTraits } from "./definition.ts";
import { propertiesOf } from "./shape.ts";
import type { ObjectShape } from "./shape.ts";
import { unknowns } from "./values.ts";
import type { Properties, Value } from "./values.ts";

/** A resource's inputs with what the provider adds, and all that is wrong with them. */
export interface Checked {
  readonly inputs: Properties;
  readonly faults: readonly Fault[];
}

/** What a change of inputs means. */
export interface Verdict {
  readonly differences: readonly Difference[];
  /** Those of the differences that need a new resource. */
  readonly replacing: readonly Difference[];
  readonly deleteBeforeReplace: boolean;
}

/** Completes the inputs of a resource, and judges them. */
export function check(traits: ResourceTraits, request: NamingRequest): Checked {
  const name = traits.autoname === undefined ? {} : autoname(traits.autoname, request);
  const given = { ...traits.defaults, ...name, ...request.inputs };
  const inputs = traits.normalize?.(given) ?? given;
  const faults = checkShape(inputs, traits.schema.inputs, traits.formats);
  // Rules across properties may rely on their types.
  return { inputs, faults: faults.length > 0 ? faults : (traits.check?.(inputs) ?? []) };
}

/** Compares the inputs in force with those that are wanted. What `ignored` names counts as unchanged. */
export function diff(
  traits: ResourceTraits,
  before: Properties,
  after: Properties,
  ignored: readonly string[] = [],
): Verdict {
  const all = differences(before, after, traits.schema.inputs, traits.equivalences).filter(
    ({ place }) => !ignored.some((path) => place.steps[0] === path),
  );
  const further = traits.replacedBy?.(all, after) ?? [];
  const replacing = all.filter((one) => further.includes(one) || forcesNew(traits, one));
  const name = traits.autoname && after[traits.autoname.property];
  // Two resources can't have one name at a time. A made-up name changes with the replacement.
  const isTaken = name !== undefined && name === before[traits.autoname?.property ?? ""] && !isAutoname(name);
  const deleteBeforeReplace = replacing.length > 0 && (traits.deleteBeforeReplace === true || isTaken);
  return { differences: all, replacing, deleteBeforeReplace };
}

/** What a preview knows of the outputs of a new resource. */
export function foresee(traits: ResourceTraits, inputs: Properties): Properties {
  return { ...unknownOutputs(traits), ...complete(traits, inputs, {}) };
}

/** What a preview knows of the outputs after an update: those that don't change, the new inputs, and what follows from them. */
export function foreseeUpdate(
  traits: ResourceTraits,
  state: Properties,
  before: Properties,
  after: Properties,
): Properties {
  const changed = new Set(diff(traits, before, after).differences.map(({ place }) => String(place.steps[0])));
  const dropped = Object.keys(before).filter((name) => after[name] === undefined);
  const promised = Object.keys(unknownOutputs(traits));
  const unknown = [
    ...dropped.filter((name) => promised.includes(name)),
    ...(traits.recomputes?.(changed) ?? []),
  ];
  return {
    ...Object.fromEntries(Object.entries(state).filter(([name]) => !dropped.includes(name))),
    ...complete(traits, after, {}),
    ...unknowns(unknown),
  };
}

/** The outputs as the engine gets them: the inputs under the names that outputs have, what the handler says, what follows. */
export function complete(traits: ResourceTraits, inputs: Properties, said: Properties): Properties {
  return declared(traits.schema.outputs, { ...inputs, ...said, ...traits.derive?.(inputs) });
}

/** Those of `properties` that the SDK declares; what else a handler knows stays within. */
export function declared(shape: ObjectShape, properties: Properties): Properties {
  return Object.fromEntries(
    propertiesOf(shape).flatMap(({ name }): [string, Value][] => {
      const value = properties[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The outputs that the SDK says are always there, unknown. */
function unknownOutputs({ schema }: ResourceTraits): Properties {
  const promised = propertiesOf(schema.outputs).filter(({ required }) => required);
  return unknowns(promised.map(({ name }) => name));
}

function forcesNew(traits: ResourceTraits, { place }: Difference): boolean {
  return (traits.forcesNew ?? []).some(
    (pattern) =>
      place.pattern === pattern ||
      place.pattern.startsWith(`${pattern}.`) ||
      place.pattern.startsWith(`${pattern}[`),
  );
}
