import type { RecordType, Resolver } from "../../mail/resolver.ts";

/** What a look-up answers, or the code of its error: `ENOTFOUND`, `ENODATA`, `EUNDETERMINED`. */
export async function answerOf(resolver: Resolver, name: string, type: RecordType): Promise<unknown> {
  try {
    return await resolver.resolve(name, type);
  } catch (error) {
    if (error instanceof Error && "code" in error) return error.code;
    throw error;
  }
}
