import type { BlocklistAnswer } from "../blocklists.ts";

/** What has changed since a subject's lists were last asked. */
export type ListingChange =
  | { readonly kind: "listed" | "gone"; readonly answer: BlocklistAnswer }
  /** A list that has the subject says nothing this time. */
  | { readonly kind: "silent"; readonly answer: BlocklistAnswer };

/**
 * Follows a subject's listings from one asking to the next. A listing ends when its list says clear; a list that refuses,
 * fails or can't be believed ends nothing.
 */
export class ListingWatch {
  readonly #open = new Map<string, "listed" | "silent">();

  /** Zones that list the subject, as far as is known. */
  get open(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** What is new in the answers of one asking, in their order. */
  take(answers: readonly BlocklistAnswer[]): ListingChange[] {
    return answers.flatMap((answer) => {
      const kind = this.#changeBy(answer);
      return kind === undefined ? [] : [{ kind, answer }];
    });
  }

  #changeBy({ zone, outcome }: BlocklistAnswer): ListingChange["kind"] | undefined {
    const before = this.#open.get(zone);
    switch (outcome) {
      case "listed":
        this.#open.set(zone, "listed");
        return before === undefined ? "listed" : undefined;
      case "clear":
        this.#open.delete(zone);
        return before === undefined ? undefined : "gone";
      case "unknown":
        if (before === undefined) return undefined;
        this.#open.set(zone, "silent");
        return before === "listed" ? "silent" : undefined;
    }
  }
}
