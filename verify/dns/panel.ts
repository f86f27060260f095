import { randomBytes } from "node:crypto";
import { normalizeName } from "../../mail/host-name.ts";
import type { Resolver } from "../../mail/resolver.ts";
import { directly, type Endpoint, type Reach } from "../endpoint.ts";
import { longestChain, settle, type Said } from "./answers.ts";
import { asker, firstAnswer, isAnswer, type Asker, type Heard } from "./asker.ts";
import { Authorities } from "./authority.ts";
import { exchange, type Exchange } from "./exchange.ts";
import { readingAhead } from "./read-ahead.ts";
import type { Question } from "./wire.ts";

export interface PanelOptions {
  /** Resolvers to ask, at least one. */
  readonly resolvers: readonly NamedEndpoint[];
  /** Names at and below which the zones' own servers are asked. */
  readonly ownNames: readonly string[];
  /** How servers are reached whose address the DNS tells. @default directly */
  readonly reach?: Reach | undefined;
  /** @default over the network */
  readonly exchange?: Exchange | undefined;
}

export interface NamedEndpoint extends Endpoint {
  /** @default the address */
  readonly name?: string | undefined;
}

/** What everybody said to one question. */
export interface Hearing {
  readonly question: Question;
  readonly resolvers: readonly Witness[];
  /** The servers of the zone; empty where they are not known, or where the name is somebody else's. */
  readonly authorities: readonly Witness[];
}

export interface Witness {
  readonly asker: Asker;
  readonly said: Said;
}

/**
 * Several resolvers and the zones' own servers, asked the same questions. The truth is what a zone's own servers say of the
 * names that are ours, and what the first resolver says of all others. Nobody is asked the same twice.
 */
export class Panel {
  /** Those that answer honestly; each asks only the one resolver. */
  readonly resolvers: readonly Asker[];
  /** The truth, with the contract of Node's resolver. */
  readonly truth: Resolver;
  readonly #ownNames: ReadonlySet<string>;
  readonly #authorities: Authorities;
  /** What was asked about names that are ours, each by the closest of them. */
  readonly #questions = new Map<string, Map<string, Question>>();
  readonly #inventors = new Map<Asker, Promise<boolean>>();

  constructor(options: PanelOptions) {
    const { resolvers, ownNames, reach = directly, exchange: ask = exchange() } = options;
    this.resolvers = resolvers.map((server) => asker(server.name ?? server.address, server, ask, true));
    this.#ownNames = new Set(ownNames.map(normalizeName));
    this.#authorities = new Authorities({ exchange: ask, reach, ask: (question) => this.ask(question) });
    this.truth = readingAhead({
      resolve: async (name, type) => settle(name, type, await this.tell({ name: normalizeName(name), type })),
    });
    // The zones are needed whatever is asked first.
    for (const name of this.#ownNames) void this.#authorities.of(name);
  }

  /** What the first honest resolver says. Undefined where none is honest. Never rejects. */
  async ask(question: Question): Promise<Heard | undefined> {
    return firstAnswer(this.#honest(question));
  }

  /** The same of the first that has validated the answer (DNSSEC), or else of the first. Waits for all if none has. */
  async askAuthentic(question: Question): Promise<Heard | undefined> {
    const authentic = this.#honest(question).map(async (promise) => {
      const heard = await promise;
      if (isAnswer(heard.said) && heard.reply?.authentic === true) return heard;
      throw new Error("not validated");
    });
    return Promise.any(authentic).catch(() => this.ask(question));
  }

  /** The truth about any type of record. Never rejects. */
  tell(question: Question): Promise<Said> {
    return this.#truth(question, 0);
  }

  /** One resolver's view, with the contract of Node's resolver. */
  view(resolver: Asker): Resolver {
    return {
      resolve: async (name, type) =>
        settle(name, type, (await resolver.ask({ name: normalizeName(name), type })).said),
    };
  }

  /**
   * Whether a resolver answers for a name that can't exist (RFC 6761 6.4): it then answers for everything, as some do to
   * show advertisements, and its word counts for nothing.
   */
  invents(resolver: Asker): Promise<boolean> {
    const known =
      this.#inventors.get(resolver) ??
      resolver
        .ask({ name: `okmail-${randomBytes(6).toString("hex")}.invalid`, type: "A" })
        .then(({ said }) => said.kind === "found");
    this.#inventors.set(resolver, known);
    return known;
  }

  /**
   * What everybody says to the questions that were asked about some of the names that are ours, and names below that are
   * nobody else's. Waits for the slow ones.
   */
  async hearings(names: readonly string[]): Promise<Hearing[]> {
    const own = names.flatMap((name) => [...(this.#questions.get(name)?.values() ?? [])]);
    return Promise.all(
      own.map(async (question) => {
        const servers = await this.#serversFor(question, this.#rootOf(question.name) ?? question.name);
        const [resolvers, authorities] = await Promise.all([
          witnesses(this.resolvers, question),
          witnesses(servers, question),
        ]);
        return { question, resolvers, authorities };
      }),
    );
  }

  /** What each resolver says, a failure where its word counts for nothing. */
  #honest(question: Question): Promise<Heard>[] {
    return this.resolvers.map(async (resolver): Promise<Heard> => {
      const [heard, invents] = await Promise.all([resolver.ask(question), this.invents(resolver)]);
      return invents ? { said: { kind: "failed", code: "EINVENTED" }, reply: undefined } : heard;
    });
  }

  async #truth(question: Question, aliases: number): Promise<Said> {
    const { name, type } = question;
    // Asked in any case, to be compared. What they say comes while the zone's servers are found.
    const heard = this.ask(question);
    const root = this.#rootOf(name);
    if (root === undefined) return said(await heard);
    const questions = this.#questions.get(root) ?? new Map<string, Question>();
    this.#questions.set(root, questions.set(`${type} ${name}`, question));
    const told = await this.#authoritative(question, root);
    if (told === undefined) return said(await heard);
    if (told.kind !== "alias") return told;
    if (aliases === longestChain) return { kind: "failed", code: "ESERVFAIL" };
    return this.#truth({ name: told.target, type }, aliases + 1);
  }

  async #authoritative(question: Question, root: string): Promise<Said | undefined> {
    const servers = await this.#serversFor(question, root);
    const heard = servers.map((server) => authoritative(server.ask(question)));
    const first = await firstAnswer(heard, isOfUse);
    return first !== undefined && isOfUse(first.said) ? first.said : undefined;
  }

  /** The servers that the name is a matter of: those of the zone of `root`, unless they refer to a zone below it. */
  async #serversFor(question: Question, root: string): Promise<readonly Asker[]> {
    const servers = (await this.#authorities.of(root))?.servers ?? [];
    const first = await firstAnswer(
      servers.map((server) => server.ask(question)),
      (told) => isOfUse(told) || told.kind === "referral",
    );
    if (first?.said.kind !== "referral") return servers;
    return (await this.#authorities.of(question.name))?.servers ?? [];
  }

  /** The closest of the names that are ours: the name itself, or one above it. */
  #rootOf(name: string): string | undefined {
    for (let above = name; above !== ""; above = above.slice(above.indexOf(".") + 1 || above.length))
      if (this.#ownNames.has(above)) return above;
    return undefined;
  }
}

/** An alias to a name of another zone is all that a server can say. */
function isOfUse(told: Said): boolean {
  return isAnswer(told) || told.kind === "alias";
}

async function witnesses(askers: readonly Asker[], question: Question): Promise<Witness[]> {
  return Promise.all(askers.map(async (one) => ({ asker: one, said: (await one.ask(question)).said })));
}

/** A server that isn't the zone's own has nothing to say about it, whatever its cache holds. */
async function authoritative(heard: Promise<Heard>): Promise<Heard> {
  const { said, reply } = await heard;
  if (reply === undefined || reply.authoritative || said.kind === "failed") return { said, reply };
  return { said: { kind: "referral" }, reply };
}

function said(heard: Heard | undefined): Said {
  return heard?.said ?? { kind: "failed", code: "ENOSERVER" };
}
