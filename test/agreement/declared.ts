import type { Json } from "../../local/store.ts";

/** A resource as a program declares it, whoever interprets it. */
export interface Declared {
  /** Type token, such as `aws:ec2/eip:Eip`. */
  readonly type: string;
  /** Logical name; no two resources of a stack share one. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, Input>>;
  readonly protect?: boolean;
  /** Logical name of the component that it belongs to. */
  readonly parent?: string;
  /** Whether it exists already and is none of the stack's: the program only looks it up. */
  readonly outside?: true;
}

/** Resources; those that others don't wait for are created in this order. */
export type Stack = readonly Declared[];

export type Input = string | number | boolean | Text | readonly Input[] | { readonly [name: string]: Input };

/** An output of another resource of the stack. */
export interface Output {
  readonly resource: string;
  readonly property: string;
}

/** A text made of outputs of other resources. */
export class Text {
  readonly pieces: readonly (string | Output)[];

  constructor(pieces: readonly (string | Output)[]) {
    this.pieces = pieces;
  }

  /** The text with each output written as `write` says. */
  filled(write: (output: Output) => string): string {
    return this.pieces.map((piece) => (typeof piece === "string" ? piece : write(piece))).join("");
  }
}

/** One output, as an input of another resource. */
export function output(resource: string, property: string): Text {
  return new Text([{ resource, property }]);
}

/** The address of the Elastic IP `host-address`. */
export function ip(host: string): Text {
  return output(`${host}-address`, "publicIp");
}

/** A text with outputs in it: text`v=spf1 ip4:${ip("okmail")} -all`. */
export function text(strings: TemplateStringsArray, ...values: readonly (string | Text)[]): Text {
  const between = values.map((value) => (typeof value === "string" ? [value] : value.pieces));
  return new Text(strings.flatMap((string, index) => [string, ...(between[index] ?? [])]));
}

/** All outputs in an input. */
export function outputsIn(input: Input): readonly Output[] {
  if (input instanceof Text) return input.pieces.filter((piece) => typeof piece !== "string");
  return typeof input === "object" ? Object.values(input as Record<string, Input>).flatMap(outputsIn) : [];
}

/** An input whose outputs are all known. */
export function settled(input: Input, write: (output: Output) => string): Json {
  if (input instanceof Text) return input.filled(write);
  if (Array.isArray(input)) return (input as readonly Input[]).map((each) => settled(each, write));
  if (typeof input !== "object") return input;
  return Object.fromEntries(
    Object.entries(input as Record<string, Input>).map(([name, each]) => [name, settled(each, write)]),
  );
}

/** The stack with each resource after those that it refers to, else in its own order. Throws on a loop. */
export function inOrder(stack: Stack): Stack {
  const ordered: Declared[] = [];
  let waiting = stack;
  while (waiting.length > 0) {
    const names = new Set(waiting.map(({ name }) => name));
    const ready = waiting.find(({ inputs }) =>
      outputsIn(inputs).every(({ resource }) => !names.has(resource)),
    );
    if (ready === undefined) throw new Error(`resources refer to each other: ${[...names].join(", ")}`);
    ordered.push(ready);
    waiting = waiting.filter((resource) => resource !== ready);
  }
  return ordered;
}
