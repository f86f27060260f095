import { expand, parseMainCf, type MainCf } from "../../mail/main-cf.ts";
import { hasHole, hole } from "./hole.ts";

/**
 * What a main.cf says, in which parts may be unknown (`hole`). Where a line is unknown as a whole, it may set anything, so
 * that only what comes after it holds.
 */
export interface ReadMainCf {
  readonly settings: MainCf;
  /** Whether parameters that `settings` lacks may have been set to something unknown. */
  readonly incomplete: boolean;
}

export function readMainCf(text: string): ReadMainCf {
  const lines = text.split("\n");
  const last = lines.findLastIndex((line) => hasHole(line) && !isComment(line) && !unknownInValue(line));
  return { settings: parseMainCf(lines.slice(last + 1).join("\n")), incomplete: last >= 0 };
}

/** A parameter with `$name` expanded; undefined if it isn't there, or depends on what can't be known. */
export function expandParameter(settings: MainCf, name: string): string | undefined {
  const value = expand(settings, name);
  return value === undefined || hasHole(value) ? undefined : value;
}

/** main.cf with a parameter set as `postconf -e` does; later lines win, so that it may stand at the end. */
export function withSetting(text: string, name: string, value: string): string {
  return `${withLineEnd(text)}${name} = ${value.replace(/[\r\n]+/g, " ").trim()}\n`;
}

/** main.cf without a parameter, as after `postconf -X` and `postconf -#`. */
export function withoutSetting(text: string, name: string): string {
  const kept: string[] = [];
  let dropping = false;
  for (const line of text.split("\n")) {
    if (!/^\s*(#|$)/.test(line)) {
      if (!/^\s/.test(line)) dropping = line.split("=", 1)[0]?.trim() === name;
      if (dropping) continue;
    }
    kept.push(line);
  }
  return kept.join("\n");
}

/**
 * main.cf after `addition`, which may or may not have been carried out: a parameter that it would change is unknown
 * from then on. One that nothing sets yet is taken as set, for such conditions mostly ask whether there is a Postfix.
 */
export function withPossibleAddition(text: string, addition: string): string {
  const { settings, incomplete } = readMainCf(text);
  let result = withLineEnd(text);
  for (const [name, value] of readMainCf(addition).settings) {
    const before = settings.get(name) ?? (incomplete ? hole : value);
    result = withSetting(result, name, before === value ? value : hole);
  }
  return readMainCf(addition).incomplete ? `${result}${hole}\n` : result;
}

function withLineEnd(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function isComment(line: string): boolean {
  return /^\s*#/.test(line);
}

/** A setting whose name is known, or a line that continues one. */
function unknownInValue(line: string): boolean {
  const [beforeHole = ""] = line.split(hole, 1);
  return /^\s/.test(line)
    ? !line.includes("=") || /^\s*[^\s=]+\s*=/.test(beforeHole)
    : /^[^\s=]+\s*=/.test(beforeHole);
}
