import { Secret, UnknownValueError } from "@pulumi/policy";

/** A value that can't be known before the resources it derives from exist. */
export interface Unknown {
  readonly unknown: true;
  /** URNs of the resources that the value derives from. */
  readonly dependsOn: readonly string[];
}

/** A property as a plan shows it: known, unknown until `up`, or absent (not given, or of a wrong type). */
export type Value<T> = T | Unknown | undefined;

/** A property that names another resource by its id. */
export interface Link {
  readonly id: Value<string>;
  /** URNs of the resources that the id derives from, also when it is known. */
  readonly dependsOn: readonly string[];
}

/**
 * What of a resource is read. Pulumi's `PolicyResource` (outputs, with dependencies) and `ResourceValidationArgs`
 * (inputs alone) both fit.
 */
export interface SeenResource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly opts?: { readonly protect?: boolean; readonly parent?: string };
  readonly parent?: SeenParent;
  readonly propertyDependencies?: Readonly<Record<string, readonly { readonly urn: string }[]>>;
}

interface SeenParent {
  readonly urn: string;
  readonly parent?: SeenParent;
}

/** What was found odd in a property and left out: `content of okmail-a is no string`. */
export interface Note {
  readonly urn: string;
  readonly text: string;
}

export function isUnknown(value: unknown): value is Unknown {
  return typeof value === "object" && value !== null && "unknown" in value && value.unknown === true;
}

/** The value if it is known, undefined if it is unknown or absent. */
export function known<T>(value: Value<T>): T | undefined {
  return isUnknown(value) ? undefined : value;
}

/**
 * Reads a resource's properties one at a time and only when asked, since reading an unknown one throws: left
 * uncaught, that error turns a mandatory policy into an advisory. Here it becomes an `Unknown`.
 */
export class Properties {
  readonly #resource: SeenResource;
  readonly #notes: Note[];
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: readonly string[];

  constructor(resource: SeenResource, notes: Note[], object = resource.props, path: readonly string[] = []) {
    this.#resource = resource;
    this.#notes = notes;
    this.#object = object;
    this.#path = path;
  }

  text(name: string): Value<string> {
    return this.#typed(name, "string", (value) => (typeof value === "string" ? value : undefined));
  }

  number(name: string): Value<number> {
    return this.#typed(name, "number", (value) => (typeof value === "number" ? value : undefined));
  }

  flag(name: string): Value<boolean> {
    return this.#typed(name, "boolean", (value) => (typeof value === "boolean" ? value : undefined));
  }

  /** A list of strings; each may be unknown by itself. */
  texts(name: string): Value<readonly Value<string>[]> {
    const items = this.#items(name);
    return isUnknown(items) ? items : items?.map(([list, index]) => list.text(index));
  }

  /** A list of objects. One object alone, as for a block that comes at most once, is a list of one. */
  objects(name: string): Value<readonly Properties[]> {
    const single = this.#typed(name, "object", (value) => (isObject(value) ? value : undefined));
    if (isUnknown(single) || single === undefined) return single;
    if (!Array.isArray(single)) return [this.#within(name, single)];
    const items = this.#items(name);
    if (isUnknown(items)) return items;
    return items?.flatMap(([list, index]) => known(list.objects(index)) ?? []);
  }

  /** The object at `name`; its own properties are read in turn. */
  object(name: string): Value<Properties> {
    const objects = this.objects(name);
    return isUnknown(objects) ? objects : objects?.[0];
  }

  /** A property that holds another resource's id. AWS writes the empty string for none. */
  link(name: string): Link {
    const id = this.text(name);
    return { id: id === "" ? undefined : id, dependsOn: this.#dependencies(name) };
  }

  /** A list of ids of other resources. */
  links(name: string): readonly Link[] {
    const ids = this.texts(name);
    const dependsOn = this.#dependencies(name);
    if (ids === undefined) return [];
    return isUnknown(ids) ? [{ id: ids, dependsOn }] : ids.map((id) => ({ id, dependsOn }));
  }

  #typed<T>(name: string, type: string, read: (value: unknown) => T | undefined): Value<T> {
    const found = this.#read(name);
    if ("unknown" in found) return found;
    if (found.value === undefined) return undefined;
    const typed = read(found.value);
    if (typed === undefined) this.#note(name, type);
    return typed;
  }

  /** The elements of a list as (list, index) pairs, so that each is read lazily. */
  #items(name: string): Value<readonly (readonly [Properties, string])[]> {
    const list = this.#typed(name, "list", (value) => (Array.isArray(value) ? value : undefined));
    if (isUnknown(list) || list === undefined) return list;
    const items = this.#within(name, list as unknown as Readonly<Record<string, unknown>>);
    return Array.from({ length: list.length }, (_, index) => [items, String(index)] as const);
  }

  #within(name: string, object: Readonly<Record<string, unknown>>): Properties {
    return new Properties(this.#resource, this.#notes, object, [...this.#path, name]);
  }

  #read(name: string): Unknown | { readonly value: unknown } {
    try {
      const value = this.#object[name];
      const plain: unknown = value instanceof Secret ? (value as { readonly value: unknown }).value : value;
      return { value: plain ?? undefined };
    } catch (error) {
      if (!(error instanceof UnknownValueError)) throw error;
      return { unknown: true, dependsOn: this.#dependencies(name) };
    }
  }

  #dependencies(name: string): readonly string[] {
    const root = this.#path[0] ?? name;
    return this.#resource.propertyDependencies?.[root]?.map(({ urn }) => urn) ?? [];
  }

  #note(name: string, type: string): void {
    const path = [...this.#path, name].join(".");
    this.#notes.push({
      urn: this.#resource.urn,
      text: `${path} of ${this.#resource.name} is no ${type}, so it is left out`,
    });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** The first that is known, else the first that is there at all. */
export function oneOf<T>(...values: readonly Value<T>[]): Value<T> {
  return (
    values.map(known).find((value) => value !== undefined) ?? values.find((value) => value !== undefined)
  );
}

/** A text that is there: providers write the empty string where there is nothing. */
export function given(text: Value<string>): Value<string> {
  return text === "" ? undefined : text;
}
