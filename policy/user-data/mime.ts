/** A part of a MIME message that is no container itself. */
export interface MimePart {
  /** In lower case, without parameters. */
  readonly contentType: string;
  readonly fileName: string | undefined;
  /** Header fields by name in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Containers inside containers, and parts, that are looked at; user data of 16 KB has no honest use for more. */
const maxDepth = 5;
const maxParts = 200;

/** Longest header field that is looked at (RFC 5322 2.1.1). */
const maxField = 998;

/** The parts of a MIME message (RFC 2045, 2046), transfer encodings undone. Any text is a message of some sort. */
export function mimeParts(message: Buffer): MimePart[] {
  const parts: MimePart[] = [];
  collect(message.toString("latin1"), 0, parts);
  return parts;
}

/** `entity` holds one octet a character. */
function collect(entity: string, depth: number, parts: MimePart[]): void {
  if (parts.length >= maxParts) return;
  const { fields, body } = readEntity(entity);
  const contentType = fields.get("content-type") ?? "text/plain";
  const type = contentType.replace(/;.*$/s, "").trim().toLowerCase();
  const boundary = parameter(contentType, "boundary");
  if (type.startsWith("multipart/") && boundary !== undefined && depth < maxDepth) {
    for (const part of split(body, boundary)) collect(part, depth + 1, parts);
    return;
  }
  parts.push({
    contentType: type,
    fileName:
      parameter(fields.get("content-disposition") ?? "", "filename") ?? parameter(contentType, "name"),
    fields,
    body: decoded(body, fields.get("content-transfer-encoding")?.trim().toLowerCase()),
  });
}

/** Header fields up to the first empty line, folded lines joined (RFC 5322 2.2.3), and the body after it. */
function readEntity(entity: string): { readonly fields: ReadonlyMap<string, string>; readonly body: string } {
  const end = /^\r?\n|\r?\n\r?\n/.exec(entity);
  const header = end === null ? entity : entity.slice(0, end.index);
  const fields = new Map<string, string>();
  for (const line of header.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0)
      fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1, maxField).trim());
  }
  return { fields, body: end === null ? "" : entity.slice(end.index + end[0].length) };
}

/** `boundary="==x=="` of `multipart/mixed; boundary="==x=="` (RFC 2045 5.1) */
function parameter(value: string, name: string): string | undefined {
  for (const [, key = "", quoted, plain] of value.matchAll(
    /;\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/g,
  )) {
    if (key.toLowerCase() === name) return quoted?.replace(/\\(.)/g, "$1") ?? plain;
  }
  return undefined;
}

/** The texts between lines `--boundary`, up to `--boundary--` (RFC 2046 5.1.1). */
function split(body: string, boundary: string): string[] {
  const parts: string[][] = [];
  for (const line of body.split("\n")) {
    const text = line.trimEnd();
    if (text === `--${boundary}--`) break;
    if (text === `--${boundary}`) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  // The line break before a boundary belongs to the boundary.
  return parts.map((lines) => lines.join("\n").replace(/\r$/, ""));
}

function decoded(body: string, encoding: string | undefined): Buffer {
  switch (encoding) {
    case "base64":
      return Buffer.from(body, "base64");
    case "quoted-printable": {
      const text = body
        .replace(/[ \t]*=\r?\n/g, "")
        .replace(/=([0-9A-Fa-f]{2})/g, (_, octet: string) => String.fromCharCode(Number.parseInt(octet, 16)));
      return Buffer.from(text, "latin1");
    }
    default:
      return Buffer.from(body, "latin1");
  }
}
