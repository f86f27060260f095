import { known, type Link, type Value } from "./property.ts";

/** A resource that others may name by its id, if it has one. */
export interface Linked {
  readonly urn: string;
  readonly name: string;
  readonly id?: Value<string>;
}

/** The resources of one kind in a plan, found by URN, by id, or by a link from another resource. */
export class Registry<R extends Linked> implements Iterable<R> {
  readonly #byUrn = new Map<string, R>();
  readonly #byId = new Map<string, R>();
  readonly #byName = new Map<string, Map<string, R>>();

  /** Adds a resource; one of the same URN gives way to it. */
  add(resource: R): void {
    const before = known(this.#byUrn.get(resource.urn)?.id);
    if (before !== undefined) this.#byId.delete(before);
    this.#byUrn.set(resource.urn, resource);
    const id = known(resource.id);
    if (id !== undefined) this.#byId.set(id, resource);
    const namesakes = this.#byName.get(resource.name) ?? new Map<string, R>();
    this.#byName.set(resource.name, namesakes.set(resource.urn, resource));
  }

  get size(): number {
    return this.#byUrn.size;
  }

  [Symbol.iterator](): MapIterator<R> {
    return this.#byUrn.values();
  }

  get(urn: string): R | undefined {
    return this.#byUrn.get(urn);
  }

  /** Those with the logical name `name`; the engine allows several, under different parents. */
  named(name: string): readonly R[] {
    return [...(this.#byName.get(name)?.values() ?? [])];
  }

  /**
   * The resource that `link` leads to: the one with its id; else the only one of this kind that the id derives from,
   * for in a preview ids are unknown, and a provider need not repeat an id among its outputs. Undefined if the link
   * leads out of the plan, or to more than one.
   */
  follow(link: Link): R | undefined {
    const id = known(link.id);
    const named = id === undefined ? undefined : this.#byId.get(id);
    if (named !== undefined) return named;
    const [only, ...others] = this.among(link.dependsOn);
    if (only === undefined || others.length > 0) return undefined;
    const itsId = known(only.id);
    return id === undefined || itsId === undefined || id === itsId ? only : undefined;
  }

  /**
   * A key that is equal for links to one resource, also to one outside the plan that is named by its id alone.
   * Undefined if where the link leads can't be told.
   */
  keyOf(link: Link): string | undefined {
    const target = this.follow(link);
    if (target !== undefined) return target.urn;
    const [only, ...others] = link.dependsOn;
    return known(link.id) ?? (others.length === 0 ? only : undefined);
  }

  /** Those of `urns` that are of this kind, each once. */
  among(urns: readonly string[]): R[] {
    return [...new Set(urns)].flatMap((urn) => this.#byUrn.get(urn) ?? []);
  }
}
