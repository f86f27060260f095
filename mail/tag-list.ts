import { lately } from "./lately.ts";
import { trimWhiteSpace } from "./white-space.ts";

/** What a tag list says: `name=value` pairs apart by semicolons (RFC 6376 3.2, also the form of DMARC records). */
export interface TagList {
  /** Values by tag name, in the order written. Names keep their case, white space around both is gone. */
  readonly tags: ReadonlyMap<string, string>;
  /** Names written more than once. */
  readonly duplicates: readonly string[];
  /** Pieces that are no tag, trimmed; "" for nothing between two semicolons. */
  readonly malformed: readonly string[];
}

/**
 * tag-spec: a name of letters, digits and underscores, "=", and a value of printing characters with white space only
 * inside it; lines may be folded. ` k = rsa ` -> k, rsa
 */
const tagSpec =
  /^([A-Za-z][A-Za-z0-9_]*)[ \t\r\n]*=[ \t\r\n]*((?:[\x21-\x3a\x3c-\x7e][\x21-\x3a\x3c-\x7e \t\r\n]*)?)$/;

/** Reads any text; what is no tag list shows in `malformed` and `duplicates`. One final semicolon is allowed. */
export const readTagList = lately((text: string): TagList => {
  const pieces = text.split(";").map(trimWhiteSpace);
  if (pieces.length > 1 && pieces.at(-1) === "") pieces.pop();

  const tags = new Map<string, string>();
  const duplicates: string[] = [];
  const malformed: string[] = [];
  for (const piece of pieces) {
    const [, name, value] = tagSpec.exec(piece) ?? [];
    if (name === undefined || value === undefined) malformed.push(piece);
    else if (tags.has(name)) duplicates.push(name);
    else tags.set(name, value);
  }
  return { tags, duplicates, malformed };
});
