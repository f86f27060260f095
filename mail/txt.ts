/** Most octets in one character-string of a TXT record (RFC 1035 3.3). */
const maxString = 255;

const quotedStrings = /^(?:\s*"(?:[^"\\]|\\[\s\S])*")+\s*$/;
const quotedString = /"((?:[^"\\]|\\[\s\S])*)"/g;

/**
 * A TXT record's text in presentation form (RFC 1035 5.1): quoted character-strings of at most 255 octets of UTF-8,
 * joined by a space, `\` and `"` escaped. This is the form that Cloudflare stores, so a record written so never
 * drifts. `a "b"` -> `"a \"b\""`
 */
export function quoteTxt(text: string): string {
  return characterStrings(text)
    .map((string) => `"${string.replace(/[\\"]/g, "\\$&")}"`)
    .join(" ");
}

/**
 * The text of a TXT record's `content`, which is quoted character-strings or one bare string. The strings are joined
 * without a space (RFC 7208 3.3, RFC 6376 3.6.2.2). Content that is not quoted from end to end is taken as it stands.
 * `"v=spf1 " "-all"` -> `v=spf1 -all`
 */
export function joinTxt(content: string): string {
  if (!quotedStrings.test(content)) return content;
  return Array.from(content.matchAll(quotedString), ([, string = ""]) => withoutEscapes(string)).join("");
}

/** Cuts between characters, never inside one, so that each string is valid UTF-8 by itself. */
function characterStrings(text: string): string[] {
  const strings: string[] = [];
  let current = "";
  let octets = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character);
    if (octets + size > maxString) {
      strings.push(current);
      current = "";
      octets = 0;
    }
    current += character;
    octets += size;
  }
  return [...strings, current];
}

/** `\DDD` is an octet, any other `\X` is X (RFC 1035 5.1). Octets in a row are one piece of UTF-8. */
function withoutEscapes(string: string): string {
  return string.replace(
    /((?:\\(?:[01]\d\d|2[0-4]\d|25[0-5]))+)|\\([\s\S])/g,
    (_, octets?: string, other?: string) =>
      octets === undefined ? (other ?? "") : Buffer.from(octets.slice(1).split("\\").map(Number)).toString(),
  );
}
