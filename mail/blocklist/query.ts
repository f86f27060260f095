import { timeLimited, type Resolver } from "../resolver.ts";
import { limiter, type Limiter } from "./limits.ts";
import type { QueryZone } from "./query-zone.ts";

/** What the DNS says to one question, without any key in it. */
export type Answered =
  | { readonly kind: "answers"; readonly answers: readonly string[] }
  /** `why` is a clause that doesn't name the zone. */
  | { readonly kind: "failed"; readonly why: string };

export interface QueryOptions {
  /** Limit of one look-up in milliseconds. */
  readonly timeLimit: number;
  /** How many look-ups are under way at the same time. */
  readonly atOnce: number;
}

/** Longest name as text in octets (RFC 1035 2.3.4). */
const maxName = 253;

/**
 * Asks a resolver for names in blocklists: each question once, with its limits, and never rejects. The names of the
 * memory are those without keys.
 */
export class Queries {
  readonly #resolver: Resolver;
  readonly #limiter: Limiter;
  readonly #asked = new Map<string, Promise<Answered>>();

  constructor(resolver: Resolver, { timeLimit, atOnce }: QueryOptions) {
    this.#resolver = timeLimited(resolver, timeLimit);
    this.#limiter = limiter(atOnce);
  }

  /** A records, or the texts of TXT records. No such name is an empty answer. */
  ask(zone: QueryZone, labels: string, type: "A" | "TXT", deadline: AbortSignal): Promise<Answered> {
    const key = `${type} ${labels}.${zone.name}`;
    const known = this.#asked.get(key);
    if (known !== undefined) return known;
    const answer = this.#ask(zone, labels, type, deadline).finally(() => {
      // One that never had its turn may have it another time.
      if (deadline.aborted) this.#asked.delete(key);
    });
    this.#asked.set(key, answer);
    return answer;
  }

  async #ask(zone: QueryZone, labels: string, type: "A" | "TXT", deadline: AbortSignal): Promise<Answered> {
    const name = zone.ownerOf(labels);
    if (name.length > maxName) return { kind: "failed", why: "the name to look up is too long for the DNS" };
    try {
      const answers = await this.#limiter(() => this.#resolver.resolve(name, type), deadline);
      const texts = answers.map((answer) => (typeof answer === "string" ? answer : answer.join("")));
      return { kind: "answers", answers: texts.map((text) => zone.hidden(text)) };
    } catch (error) {
      return failed(error, zone);
    }
  }
}

/** Of the error only what is known to hold no key. */
function failed(error: unknown, zone: QueryZone): Answered {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOTFOUND":
    case "ENODATA":
      return { kind: "answers", answers: [] };
    case "ETIMEOUT":
      return { kind: "failed", why: "the look-up timed out" };
    case "ESERVFAIL":
      return { kind: "failed", why: "its name servers fail (SERVFAIL)" };
    case "EREFUSED":
      return { kind: "failed", why: "the name server refused the query (REFUSED)" };
  }
  const message = error instanceof Error ? error.message : String(error);
  const reason = typeof code === "string" && /^E[A-Z]+$/.test(code) ? code : zone.hidden(message);
  return { kind: "failed", why: `the look-up failed (${reason})` };
}
