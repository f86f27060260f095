import type { Endpoint } from "../endpoint.ts";
import { readReply, type Said } from "./answers.ts";
import type { Exchange } from "./exchange.ts";
import type { Question, Reply } from "./wire.ts";

/** What one server said. `reply` is missing where none came. */
export interface Heard {
  readonly said: Said;
  readonly reply: Reply | undefined;
}

/** A server that is asked, each question once. */
export interface Asker {
  /** For messages: `9.9.9.9`, `ns1.example.com (192.0.2.53)`. */
  readonly name: string;
  readonly server: Endpoint;
  /** Never rejects. */
  readonly ask: (question: Question) => Promise<Heard>;
}

/** @param recursion whether it is a resolver, and not a server of the zone itself */
export function asker(name: string, server: Endpoint, exchange: Exchange, recursion: boolean): Asker {
  const asked = new Map<string, Promise<Heard>>();
  const ask = async (question: Question): Promise<Heard> => {
    try {
      const reply = await exchange(server, question, recursion);
      return { said: readReply(question, reply), reply };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "EIO";
      return { said: { kind: "failed", code }, reply: undefined };
    }
  };
  return {
    name,
    server,
    ask: (question) => {
      const key = `${question.type} ${question.name}`;
      const known = asked.get(key) ?? ask(question);
      asked.set(key, known);
      return known;
    },
  };
}

/** Whether something was said about the question, be it that there is nothing. */
export function isAnswer({ kind }: Said): boolean {
  return kind === "found" || kind === "absent";
}

/**
 * The first of several that says something of use, without waiting for slower ones; the first of all where nobody does.
 * Undefined where nobody is asked.
 */
export async function firstAnswer(
  heard: readonly Promise<Heard>[],
  isOfUse: (said: Said) => boolean = isAnswer,
): Promise<Heard | undefined> {
  const answers = heard.map(async (promise) => {
    const one = await promise;
    if (isOfUse(one.said)) return one;
    throw new Error("no answer");
  });
  return Promise.any(answers).catch(() => heard[0]);
}
