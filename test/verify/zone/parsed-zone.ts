/** A line of a zone file as octets: what the words mean, escapes undone. */
export interface ParsedRecord {
  readonly owner: string;
  readonly ttl: number;
  readonly type: string;
  /** Octets of each word after the type. */
  readonly words: readonly Buffer[];
}

/** A reader of the master file format by RFC 1035 5.1, for lines without parentheses. It shares nothing with the writer. */
export function parsedZone(text: string): ParsedRecord[] {
  return text
    .split("\n")
    .map(wordsOf)
    .filter((words) => words.length > 0)
    .map(([owner, ttl, , type, ...words]) => ({
      owner: String(owner),
      ttl: Number(String(ttl)),
      type: String(type),
      words,
    }));
}

function wordsOf(line: string): Buffer[] {
  const words: Buffer[] = [];
  let position = 0;
  while (position < line.length) {
    const first = line.charAt(position);
    if (first === ";") break;
    if (first === " " || first === "\t") {
      position++;
      continue;
    }
    const quoted = first === '"';
    if (quoted) position++;
    const octets: number[] = [];
    for (;;) {
      const character = line.charAt(position);
      if (character === "") {
        if (quoted) throw new Error(`a quote is left open in ${line}`);
        break;
      }
      if (quoted ? character === '"' : /[\s;]/.test(character)) break;
      const [escape = character] = /^\\(?:\d{3}|\D)/.exec(line.slice(position)) ?? [];
      if (escape.charCodeAt(0) > 126 || escape.charCodeAt(0) < 32) throw new Error(`not ASCII: ${line}`);
      octets.push(escape.length === 4 ? Number(escape.slice(1)) : escape.charCodeAt(escape.length - 1));
      position += escape.length;
    }
    if (quoted) position++;
    words.push(Buffer.from(octets));
  }
  return words;
}
