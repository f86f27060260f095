import { normalizeName } from "./host-name.ts";

/** A mail exchanger: lower priority is tried first. The exchange "" (or ".") is a null MX (RFC 7505). */
export interface MxRecord {
  readonly exchange: string;
  readonly priority: number;
}

/** What a look-up of each record type answers, in the shapes of Node's `dns.promises.resolve`. */
export interface Answers {
  readonly A: readonly string[];
  readonly AAAA: readonly string[];
  readonly CNAME: readonly string[];
  readonly MX: readonly MxRecord[];
  readonly NS: readonly string[];
  readonly PTR: readonly string[];
  /** Each record is the list of its character-strings. */
  readonly TXT: readonly (readonly string[])[];
}

export type RecordType = keyof Answers;

/**
 * The DNS as its questioner sees it, with the contract of Node's `dns.promises.resolve`: aliases are followed (but for
 * the type CNAME), and what is not there is an error, never an empty list: `code` is ENOTFOUND where the name does
 * not exist, ENODATA where it has no record of that type, ETIMEOUT, ESERVFAIL and others where nobody can say.
 * A resolver over a plan rejects with an `UndeterminedError` for a record whose content isn't known yet, and for a
 * name outside the plan that it may not ask the live DNS for.
 */
export interface Resolver {
  resolve<T extends RecordType>(name: string, type: T): Promise<Answers[T]>;
  /**
   * Whether a proxy stands in front of `name`, so that it resolves to somebody else's addresses ("proxied" at
   * Cloudflare), also by way of an alias. A fact of the plan, which DNS answers don't tell: a resolver that can't know
   * has no such method.
   */
  proxied?(name: string): Promise<boolean>;
}

/**
 * An answer that depends on something not known yet, such as an output of a resource not yet created. The message is a
 * clause: `the content of mail-spf is not known before it is created`.
 */
export class UndeterminedError extends Error {
  override readonly name = "UndeterminedError";
  readonly code = "EUNDETERMINED";
}

/** That nobody can say. */
export interface Unknown {
  /** What and why, a clause: `the DNS look-up of example.com MX timed out`. */
  readonly why: string;
  /** Whether it is a value not known yet, rather than a name server that fails. */
  readonly undetermined: boolean;
}

/** The result of a look-up as a value: the records, their absence, or that nobody can say. */
export type Lookup<T extends RecordType> =
  | { readonly kind: "found"; readonly answers: Answers[T] }
  /** `why` follows the name: `does not exist`, `has no MX record`. */
  | { readonly kind: "absent"; readonly why: string }
  | ({ readonly kind: "unknown" } & Unknown);

/** Asks `resolver` and never rejects. Non-existence, missing data, failure and time-out stay apart. */
export function lookUp<T extends RecordType>(resolver: Resolver, name: string, type: T): Promise<Lookup<T>> {
  const lookups = memories.get(resolver);
  if (lookups === undefined) return asLookup(resolver, name, type);
  return once(lookups, `${type} ${name}`, () => asLookup(resolver, name, type));
}

async function asLookup<T extends RecordType>(resolver: Resolver, name: string, type: T): Promise<Lookup<T>> {
  try {
    const answers = await resolver.resolve(name, type);
    return answers.length > 0 ? { kind: "found", answers } : { kind: "absent", why: `has no ${type} record` };
  } catch (error) {
    return failedLookup(error, name, type);
  }
}

/** What a resolver's rejection says. */
export function failedLookup(
  error: unknown,
  name: string,
  type: RecordType,
): Exclude<Lookup<never>, { kind: "found" }> {
  switch (errorCode(error)) {
    case "ENOTFOUND":
      return { kind: "absent", why: "does not exist" };
    case "ENODATA":
      return { kind: "absent", why: `has no ${type} record` };
    case "EBADNAME":
      return { kind: "absent", why: "is a name that the DNS can't hold" };
    case "EUNDETERMINED":
      return { kind: "unknown", why: errorMessage(error), undetermined: true };
    default:
      return {
        kind: "unknown",
        why: `the DNS look-up of ${name} ${type} ${failure(error)}`,
        undetermined: false,
      };
  }
}

/**
 * Asks the same question (name without case and final dot, type) only once; failures are remembered too. For the span
 * of one judgement: every rule sees the same DNS, and nothing is asked twice. It knows no time to live.
 */
export function remembering(resolver: Resolver): Resolver {
  if (memories.has(resolver)) return resolver;
  const asked: Memory = new Map();
  const memory = wrapped(
    resolver,
    (name, type) => once(asked, `${type} ${name}`, () => resolver.resolve(name, type)),
    (proxied) => (name) => once(asked, `proxied ${name}`, () => proxied(name)),
  );
  memories.set(memory, new Map());
  return memory;
}

/** Promises by question. */
type Memory = Map<string, Promise<unknown>>;

/** Resolvers that remember already, and the look-ups made of what they answered. */
const memories = new WeakMap<Resolver, Memory>();

function once<T>(memory: Memory, question: string, ask: () => Promise<T>): Promise<T> {
  const known = memory.get(question) as Promise<T> | undefined;
  if (known !== undefined) return known;
  const answer = ask();
  answer.catch(() => undefined); // Reported to whoever asked; not once more as an unhandled rejection.
  memory.set(question, answer);
  return answer;
}

/** Gives up on a look-up after `milliseconds` with ETIMEOUT. */
export function timeLimited(resolver: Resolver, milliseconds: number): Resolver {
  // No async function and no race: this stands before every look-up, and each costs as much as the look-up itself.
  const limited = <T>(answer: Promise<T>, question: string): Promise<T> =>
    new Promise((settle, reject) => {
      const timer = setTimeout(() => reject(dnsError("ETIMEOUT", question)), milliseconds);
      const inTime =
        <V>(end: (value: V) => void) =>
        (value: V) => {
          clearTimeout(timer);
          end(value);
        };
      answer.then(inTime(settle), inTime(reject));
    });
  return wrapped(
    resolver,
    (name, type) => limited(resolver.resolve(name, type), `${type} ${name}`),
    (proxied) => (name) => limited(proxied(name), `proxied ${name}`),
  );
}

/**
 * An error as the DNS functions of Node give it. `question` is such as `MX example.com`. It has no stack: it is an
 * answer and no bug, and a stack would cost more than the look-up.
 */
export function dnsError(code: string, question: string): NodeJS.ErrnoException {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new Error(`query ${code} ${question}`);
  Error.stackTraceLimit = stackTraceLimit;
  return Object.assign(error, { code });
}

/** A resolver whose names are settled once, and whose failures are all rejections: whatever throws, rejects. */
function wrapped(
  inner: Resolver,
  resolve: Resolver["resolve"],
  proxy: (proxied: (name: string) => Promise<boolean>) => (name: string) => Promise<boolean>,
): Resolver {
  const proxied = inner.proxied?.bind(inner);
  const resolver: Resolver = { resolve: (name, type) => rejecting(() => resolve(normalizeName(name), type)) };
  if (proxied === undefined) return resolver;
  const ask = proxy(proxied);
  return { ...resolver, proxied: (name) => rejecting(() => ask(normalizeName(name))) };
}

/** What an async function would do, at a fraction of its cost for a promise that rejects. */
function rejecting<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return ask();
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failure(error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case "ETIMEOUT":
      return "timed out";
    case "ESERVFAIL":
      return "failed at the name server (SERVFAIL)";
    case "EREFUSED":
      return "was refused by the name server (REFUSED)";
    default:
      return `failed (${code ?? errorMessage(error)})`;
  }
}
