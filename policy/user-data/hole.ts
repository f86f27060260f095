/**
 * Stands in a text for a part that can't be known: what a shell command prints, a template's variable, a file fetched
 * from elsewhere. No configuration contains this character (U+FFFC, object replacement) by itself.
 */
export const hole = "\u{FFFC}";

/** Whether part of the text can't be known. */
export function hasHole(text: string): boolean {
  return text.includes(hole);
}
