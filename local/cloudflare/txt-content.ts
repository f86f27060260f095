/** Octets of a character-string (RFC 1035 section 3.3). */
const STRING_LENGTH = 255;

/**
 * The character-strings of a TXT record's content: quoted strings parted by blanks, with `\"`, `\\` and `\DDD`
 * (RFC 1035 section 5.1), or plain text, which is one string. Strings over 255 octets are split, as Cloudflare does.
 * Undefined if the quotes don't match.
 */
export function txtStrings(content: string): readonly Buffer[] | undefined {
  const text = content.trim();
  if (!text.includes('"')) return split(Buffer.from(text));
  if (!/^"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*$/s.test(text)) return undefined;
  const strings = text.match(/"(?:[^"\\]|\\.)*"/gs) ?? [];
  return strings.flatMap((string) => split(unescape(string.slice(1, -1))));
}

/**
 * The content as Cloudflare gives it back: as it was sent if none of its strings is too long, else split and quoted, which
 * then differs from what was asked for.
 */
export function storedTxtContent(content: string): string {
  const strings = txtStrings(content);
  if (strings === undefined || !needsSplitting(content)) return content;
  return strings.map(quote).join(" ");
}

function needsSplitting(content: string): boolean {
  const given = content
    .trim()
    .match(/"(?:[^"\\]|\\.)*"/gs)
    ?.map((string) => unescape(string.slice(1, -1)));
  return (given ?? [Buffer.from(content.trim())]).some((string) => string.length > STRING_LENGTH);
}

/** Pieces of at most 255 octets; one empty piece for nothing, as a TXT record has at least one string. */
function split(octets: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < octets.length; start += STRING_LENGTH)
    pieces.push(octets.subarray(start, start + STRING_LENGTH));
  return pieces.length === 0 ? [octets] : pieces;
}

function unescape(text: string): Buffer {
  const octets = Buffer.from(text).toString("latin1");
  const plain = octets.replace(/\\(?:(\d{3})|(.))/gs, (_, code: string | undefined, character: string) =>
    code === undefined ? character : String.fromCharCode(Number(code) & 0xff),
  );
  return Buffer.from(plain, "latin1");
}

function quote(octets: Buffer): string {
  return `"${octets.toString().replace(/["\\]/g, "\\$&")}"`;
}
