import { keyOf, type Keys } from "./choose.ts";
import type { Blocklist } from "./schema.ts";

/** A key is one label of a name, and too long to be part of anything else. */
const keyForm = /^[A-Za-z0-9][A-Za-z0-9-]{6,61}[A-Za-z0-9]$/;

/**
 * The zone that a list is asked at. A key in it is a secret: it is in the name of a query and nowhere else, and whatever
 * comes from outside goes through `hidden` before anybody sees it.
 */
export class QueryZone {
  /** The zone for people, without a key: zen.dq.spamhaus.net. */
  readonly name: string;
  readonly #key: string | undefined;

  /** @throws RangeError if the key is none, in words that don't repeat it */
  constructor(list: Blocklist, keys: Keys) {
    const key = keyOf(list, keys);
    if (key !== undefined && !keyForm.test(key))
      throw new RangeError(
        `the key for ${list.name} is none: ${list.access?.variable ?? "it"} must be letters and digits only, without the zone`,
      );
    this.name = key === undefined ? list.zone : (list.access?.zone ?? list.zone);
    this.#key = key;
  }

  get keyed(): boolean {
    return this.#key !== undefined;
  }

  /** The name to ask for, with the key. For the resolver only. */
  ownerOf(labels: string): string {
    return [labels, ...(this.#key === undefined ? [] : [this.#key]), this.name].join(".");
  }

  /** A text without the key. */
  hidden(text: string): string {
    if (this.#key === undefined) return text;
    return text.replace(
      new RegExp(`${this.#key}(\\.(?=${this.name.replaceAll(".", "\\.")}))?`, "gi"),
      (_, dot) => (dot === undefined ? "[key]" : ""),
    );
  }
}
