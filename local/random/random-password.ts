import { randomInt } from "node:crypto";
import { faultOf } from "../provider/check-shape.ts";
import type { Fault } from "../provider/check-shape.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import { resourceSchema } from "../provider/schemas.ts";
import type { Properties, Value } from "../provider/values.ts";

const TYPE = "random:index/randomPassword:RandomPassword";

/** Kinds of characters: the input that allows them, the input that asks for some, and what they are. */
const KINDS = [
  { allowed: "upper", least: "minUpper", characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
  { allowed: "lower", least: "minLower", characters: "abcdefghijklmnopqrstuvwxyz" },
  { allowed: "numeric", least: "minNumeric", characters: "0123456789" },
  { allowed: "special", least: "minSpecial", characters: "!@#$%&*()-_=+[]{}<>:?" },
] as const;

/** Every input has a say in what the password is, so each change makes another one. */
const INPUTS = [
  "keepers",
  "length",
  "number",
  "overrideSpecial",
  ...KINDS.flatMap(({ allowed, least }) => [allowed, least]),
];

interface Inputs extends Partial<Record<(typeof KINDS)[number]["allowed"], boolean>> {
  readonly length: number;
  readonly minLower?: number;
  readonly minNumeric?: number;
  readonly minSpecial?: number;
  readonly minUpper?: number;
  readonly overrideSpecial?: string;
}

/**
 * random:index/randomPassword:RandomPassword. A logical resource: the password lives in the engine's state, where it is
 * encrypted, and nowhere else. `bcryptHash` is never given: Node has no bcrypt, and nothing here asks for it.
 */
export function randomPassword(): ResourceDefinition {
  return {
    type: TYPE,
    schema: resourceSchema(TYPE),
    formats: {
      length: atLeast(1),
      ...Object.fromEntries(KINDS.map(({ least }) => [least, atLeast(0)])),
    },
    // `number` is the older name of `numeric`.
    normalize: ({ number, ...inputs }) =>
      number === undefined ? inputs : { ...inputs, numeric: inputs.numeric ?? number },
    forcesNew: INPUTS,
    secretOutputs: ["bcryptHash", "result"],
    check: checkTogether,
    derive: withDefaults,
    create: ({ inputs }) => ({
      id: "none",
      outputs: { result: newPassword(withDefaults(inputs) as unknown as Required<Inputs>) },
    }),
    read: ({ id, inputs, secrets, state }) => {
      if (Object.keys(state).length === 0)
        throw new Error("A password can't be imported here: it lives in the state only");
      return { id, inputs, outputs: state, secrets };
    },
    update: ({ state }) => state,
    delete: () => undefined,
  };
}

function withDefaults(inputs: Properties): Properties {
  const settled = KINDS.flatMap(({ allowed, least }): [string, Value][] => [
    [allowed, inputs[allowed] ?? true],
    [least, inputs[least] ?? 0],
  ]);
  return { ...inputs, ...Object.fromEntries(settled), number: inputs.numeric ?? true };
}

function checkTogether(inputs: Properties): readonly Fault[] {
  const { length } = inputs;
  const settled = withDefaults(inputs);
  if (KINDS.every(({ allowed }) => settled[allowed] === false)) {
    const names = KINDS.map(({ allowed }) => allowed).join(", ");
    return [faultOf("special", `At least one attribute out of [${names}] must be specified as true`)];
  }
  const least = KINDS.reduce((sum, kind) => sum + Number(settled[kind.least]), 0);
  if (typeof length !== "number" || length >= least) return [];
  const names = KINDS.map((kind) => kind.least).join(" + ");
  return [
    faultOf("length", `Attribute length value must be at least sum of ${names}, got: ${String(length)}`),
  ];
}

/** So many of each kind as asked for, the rest of all kinds allowed, in a random order. */
function newPassword(inputs: Required<Inputs>): string {
  const alphabets = KINDS.map(({ allowed, least, characters }) => ({
    isAllowed: inputs[allowed],
    least: inputs[least],
    characters: allowed === "special" ? inputs.overrideSpecial || characters : characters,
  }));
  const asked = alphabets.flatMap(({ least, characters }) => draw(characters, least));
  const all = alphabets.map(({ isAllowed, characters }) => (isAllowed ? characters : "")).join("");
  return shuffled([...asked, ...draw(all, inputs.length - asked.length)]).join("");
}

function draw(characters: string, count: number): string[] {
  return Array.from({ length: count }, () => characters.charAt(randomInt(characters.length)));
}

/** Every order is as likely as any other (Fisher and Yates). */
function shuffled(characters: readonly string[]): string[] {
  const result = [...characters];
  for (let last = result.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [result[last], result[other]] = [result[other] ?? "", result[last] ?? ""];
  }
  return result;
}

function atLeast(least: number): (value: number) => string | undefined {
  return (value) =>
    Number.isInteger(value) && value >= least
      ? undefined
      : `value must be a whole number of at least ${least}, got: ${value}`;
}
