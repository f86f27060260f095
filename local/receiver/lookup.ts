/** A look-up with the contract of Node's `dns.promises.resolve`: what isn't there is an error with a `code`. */
export type Resolve = (name: string, type: string) => Promise<unknown>;

/** What each type's answer is made of. */
interface AnswerOf {
  A: string;
  AAAA: string;
  PTR: string;
  MX: { readonly exchange: string; readonly priority: number };
  TXT: readonly string[];
}

/** What came of a look-up. */
export type Found<T> =
  | { readonly status: "found"; readonly values: readonly T[] }
  /** The name doesn't exist (ENOTFOUND) or has no such record (ENODATA), and both are final. */
  | { readonly status: "absent"; readonly code: string }
  /** Nobody can say at present. */
  | { readonly status: "failed"; readonly code: string };

/** A name that can't exist is as absent as one that doesn't. */
const ABSENT = new Set(["ENOTFOUND", "ENODATA", "EBADNAME"]);

/** Looks up one type of a name. Never rejects. */
export async function lookUp<T extends keyof AnswerOf>(
  resolve: Resolve,
  name: string,
  type: T,
): Promise<Found<AnswerOf[T]>> {
  try {
    const values = (await resolve(name, type)) as readonly AnswerOf[T][];
    return values.length === 0 ? { status: "absent", code: "ENODATA" } : { status: "found", values };
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const text = typeof code === "string" ? code : "EUNKNOWN";
    return { status: ABSENT.has(text) ? "absent" : "failed", code: text };
  }
}

/** The values, none if there are none. */
export function valuesOf<T>(found: Found<T>): readonly T[] {
  return found.status === "found" ? found.values : [];
}

/** One verdict on several look-ups: there is something, or there could be, or there is nothing. */
export function presence(...lookUps: readonly Found<unknown>[]): "present" | "absent" | "failed" {
  if (lookUps.some((found) => found.status === "found")) return "present";
  return lookUps.some((found) => found.status === "failed") ? "failed" : "absent";
}
