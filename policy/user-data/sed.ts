import { hasHole } from "./hole.ts";
import { mainCfPath, masterCfPath } from "./host.ts";
import { withSetting } from "./main-cf-file.ts";
import type { Call, Shell } from "./shell.ts";

/**
 * `sed -i` on main.cf, in the forms that people write: `s/^#\?myhostname.*` + `/myhostname = mail.example.com/` sets, and
 * `/^myhostname/d` removes a parameter. Whatever else it does to the file, the file is unknown from then on.
 */
export function sed(shell: Shell, { args, perhaps }: Call): undefined {
  const { scripts, files, inPlace } = readArguments(args);
  if (!inPlace) return;
  for (const path of files.map((file) => shell.path(file))) {
    if (path === masterCfPath || (path !== mainCfPath && shell.host.read(path) !== undefined))
      shell.host.forget(path);
    if (path !== mainCfPath) continue;
    for (const edit of scripts.flatMap(edits)) {
      if (edit === undefined) shell.host.setUnknownParameter();
      else if (edit.value === undefined) {
        if (!perhaps) shell.host.removeParameter(edit.name);
      } else if (perhaps) shell.host.appendPerhaps(path, withSetting("", edit.name, edit.value));
      else shell.host.setParameter(edit.name, edit.value);
    }
  }
}

interface Edit {
  readonly name: string;
  /** Undefined: the parameter is removed. */
  readonly value: string | undefined;
}

function readArguments(args: readonly string[]) {
  const scripts: string[] = [];
  const files: string[] = [];
  let inPlace = false;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    if (argument.startsWith("--expression=")) scripts.push(argument.slice("--expression=".length));
    else if (argument === "-e" || argument === "--expression") scripts.push(args[++index] ?? "");
    else if (/^-[nrEsz]*i|^--in-place/.test(argument)) inPlace = true;
    else if (!argument.startsWith("-")) files.push(argument);
  }
  return { scripts: scripts.length > 0 ? scripts : files.splice(0, 1), files, inPlace };
}

/** What each command of a sed script does, undefined for one that isn't understood. */
function edits(script: string): (Edit | undefined)[] {
  if (hasHole(script.split("=", 1)[0] ?? "")) return [undefined];
  const commands = script.split(/[\n;](?=\s*(?:[s/]|$))/).map((command) => command.trim());
  return commands.filter((command) => command !== "").map(editOf);
}

function editOf(command: string): Edit | undefined {
  const deleted = /^\/\^?(?:#\\\?)?\s*(\w+)\b[^/]*\/d$/.exec(command)?.[1];
  if (deleted !== undefined) return { name: deleted, value: undefined };
  const delimiter = command.charAt(1);
  if (!command.startsWith("s") || !/[^\w\s\\]/.test(delimiter)) return undefined;
  const [pattern = "", replacement = "", flags = "", ...more] = command.slice(2).split(delimiter);
  const [, name, value] = /^(\w+)\s*=\s*([^\\&]*)$/.exec(replacement) ?? [];
  const known = more.length === 0 && /^[gI]*$/.test(flags) && name !== undefined && value !== undefined;
  return known && pattern.includes(name) ? { name, value } : undefined;
}
