/** What a pattern's marks stand for. */
export interface WildcardMarks {
  /** Whether `?` is any one character. @default false */
  readonly anyOne?: boolean;
  /** @default false */
  readonly ignoreCase?: boolean;
}

/** A pattern in which `*` is any run of characters, as an expression for the whole of a text. */
export function wildcard(
  pattern: string,
  { anyOne = false, ignoreCase = false }: WildcardMarks = {},
): RegExp {
  const quoted = pattern.replace(/[\\^$.+?()[\]{}|]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${anyOne ? quoted.replaceAll("\\?", ".") : quoted}$`, ignoreCase ? "is" : "s");
}
