import { trimWhiteSpace } from "./white-space.ts";

/** Postfix's main.cf: parameter values by name (postconf(5)). Values are as written, with `$name` not expanded. */
export type MainCf = ReadonlyMap<string, string>;

const lineWidth = 100;

/** Ends the expansion of parameters that refer to each other many times over. Real files have some dozen. */
const maxReferences = 5000;

/**
 * A main.cf with these settings, in their order, each below its reason if one is given. Long values go on in
 * continuation lines. `parseMainCf` gives the same settings back.
 * @throws RangeError for a name or value that main.cf can't hold: a line break, white space at an end of a value
 */
export function renderMainCf(settings: MainCf, reasons: ReadonlyMap<string, string> = new Map()): string {
  const paragraphs = Array.from(settings, ([name, value]) => {
    const reason = reasons.get(name);
    const comment = reason === undefined ? "" : `# ${legalReason(name, reason)}\n`;
    return `${comment}${foldLine(settingLine(name, value))}\n`;
  });
  return paragraphs.join(reasons.size > 0 ? "\n" : "");
}

/**
 * Reads a main.cf as Postfix does (postconf(5), readlline(3)): comments and blank lines don't count, a line that
 * begins with white space continues the one before (also across comments), a later setting wins over an earlier one.
 * A line without "=", at which Postfix would refuse to start, is passed over.
 */
export function parseMainCf(text: string): MainCf {
  const settings = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const [, name, value] = setting.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings.set(name, trimWhiteSpace(value));
  }
  return settings;
}

/**
 * The value of a parameter with `$name`, `${name}` and `$(name)` replaced by their values and `$$` by `$`.
 * Parameters that `settings` leave out have Postfix's default where it follows from other settings: `smtp_helo_name`
 * and `myorigin` are `$myhostname`, `mydomain` is `$myhostname` less its first label.
 * undefined when the value depends on a parameter that isn't there, on itself, or on a conditional (`${name?text}`),
 * or on more than 5,000 references.
 */
export function expand(settings: MainCf, name: string): string | undefined {
  return expandParameter({ settings, open: new Set(), referencesLeft: maxReferences }, name);
}

const setting = /^[ \t\r\v\f]*([^\s=]+)[ \t\r\v\f]*=([\s\S]*)$/;

/** Defaults that only other settings decide (postconf(5)). */
const defaults: MainCf = new Map([
  ["myorigin", "$myhostname"],
  ["smtp_helo_name", "$myhostname"],
  ["mydestination", "$myhostname, localhost.$mydomain, localhost"],
]);

interface Expansion {
  readonly settings: MainCf;
  /** Parameters on the way from the one asked for to the one at hand. */
  readonly open: Set<string>;
  referencesLeft: number;
}

function expandParameter(expansion: Expansion, name: string): string | undefined {
  const { settings, open } = expansion;
  expansion.referencesLeft -= 1;
  if (open.has(name) || expansion.referencesLeft < 0) return undefined;
  open.add(name);
  const value = settings.get(name) ?? defaults.get(name);
  const expanded =
    value === undefined && name === "mydomain"
      ? expandParameter(expansion, "myhostname")?.replace(/^[^.]*\./, "")
      : expandText(expansion, value);
  open.delete(name);
  return expanded;
}

const reference = /\$(?:(\$)|(\w+)|\{\s*(\w+)\s*\}|\(\s*(\w+)\s*\)|)/g;

function expandText(expansion: Expansion, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  let expanded = "";
  let end = 0;
  for (const match of text.matchAll(reference)) {
    const [whole, dollar, bare, braced, parenthesized] = match;
    const name = bare ?? braced ?? parenthesized;
    const value = dollar ?? (name === undefined ? undefined : expandParameter(expansion, name));
    if (value === undefined) return undefined;
    expanded += text.slice(end, match.index) + value;
    end = match.index + whole.length;
  }
  return expanded + text.slice(end);
}

/** Physical lines joined to logical ones. The line break goes, the white space after it stays. */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (/^[ \t\r\v\f]*(#|$)/.test(line)) continue;
    if (/^[ \t\r\v\f]/.test(line)) lines.push(`${lines.pop() ?? ""}${line}`);
    else lines.push(line);
  }
  return lines;
}

function settingLine(name: string, value: string): string {
  if (!/^[^\s=#][^\s=]*$/.test(name)) throw new RangeError(`"${name}" is no name of a Postfix parameter`);
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value) || trimWhiteSpace(value) !== value) {
    throw new RangeError(
      `main.cf can't hold ${name} = ${JSON.stringify(value)}: a control character or outer space`,
    );
  }
  return value === "" ? `${name} =` : `${name} = ${value}`;
}

function legalReason(name: string, reason: string): string {
  if (reason.includes("\n")) throw new RangeError(`the reason for ${name} takes more than one line`);
  return reason;
}

/**
 * Breaks a long line before white space, which stays and marks the continuation. Not before "#": the rest would be
 * a comment.
 */
function foldLine(line: string): string {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(/(?=(?<![ \t])[ \t]+[^ \t#])/)) {
    if (current !== "" && current.length + word.length > lineWidth) {
      lines.push(current);
      current = "";
    }
    current += word;
  }
  return [...lines, current].join("\n");
}
