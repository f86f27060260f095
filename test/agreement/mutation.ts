import type { Declared, Input, Stack } from "./declared.ts";

/** What turns a good stack into another. */
export type Mutation = (stack: Stack) => Stack;

/** Several changes that make one misconfiguration. */
export function all(...mutations: readonly Mutation[]): Mutation {
  return (stack) => mutations.reduce((changed, mutate) => mutate(changed), stack);
}

export const unchanged: Mutation = (stack) => stack;

/** Changes inputs of one resource. */
export function set(name: string, inputs: Readonly<Record<string, Input>>): Mutation {
  return change(name, (resource) => ({ ...resource, inputs: { ...resource.inputs, ...inputs } }));
}

/** Changes one resource. Throws if the stack has no such resource, since then the row tests nothing. */
export function change(name: string, mutate: (resource: Declared) => Declared): Mutation {
  return (stack) => {
    assertPresent(stack, name);
    return stack.map((resource) => (resource.name === name ? mutate(resource) : resource));
  };
}

export function without(...names: readonly string[]): Mutation {
  return (stack) => {
    for (const name of names) assertPresent(stack, name);
    return stack.filter(({ name }) => !names.includes(name));
  };
}

/** Leaves inputs of one resource out. */
export function dropping(name: string, ...inputs: readonly string[]): Mutation {
  return change(name, (resource) => ({
    ...resource,
    inputs: Object.fromEntries(Object.entries(resource.inputs).filter(([input]) => !inputs.includes(input))),
  }));
}

/** Resources at the end of the stack. */
export function adding(...resources: readonly Declared[]): Mutation {
  return (stack) => [...stack, ...resources];
}

/** Resources right before another, which may refer to them. */
export function before(name: string, ...resources: readonly Declared[]): Mutation {
  return (stack) => {
    assertPresent(stack, name);
    return stack.flatMap((resource) => (resource.name === name ? [...resources, resource] : [resource]));
  };
}

/** Creates one resource last, as `dependsOn` would. */
export function afterAllOthers(name: string): Mutation {
  return (stack) => {
    assertPresent(stack, name);
    return [...stack].sort((one, other) => Number(one.name === name) - Number(other.name === name));
  };
}

function assertPresent(stack: Stack, name: string): void {
  if (!stack.some((resource) => resource.name === name)) throw new Error(`the stack has no ${name}`);
}
