/**
 * A text of strangers (records, banners) fit for a terminal or a page: control characters, which could move the cursor, and
 * marks that turn the direction of writing are shown as escapes. Never more than one line.
 */
export function printable(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex -- They are what is looked for.
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
