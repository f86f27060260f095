import { hasHole } from "./hole.ts";
import { mainCfPath, masterCfPath, type Host } from "./host.ts";
import { withSetting } from "./main-cf-file.ts";
import { overrideLine } from "./master-cf.ts";

/**
 * Does to `host` what `postconf` with these arguments does (postconf(1)): `-e name=value` and `name=value` set,
 * `-X name` and `-# name` remove; with `-P` the same for a service of master.cf. `-o name=value` only changes what
 * postconf prints, not main.cf. Perhaps, if the command runs under a condition.
 */
export function postconf(host: Host, args: readonly string[], perhaps: boolean): void {
  const { flags, directory, rest } = readArguments(args);
  if (directory !== undefined && directory !== "/etc/postfix") {
    host.note(`postconf -c ${directory} configures another instance of Postfix, which is not looked at`);
    return;
  }
  if (flags.has("M") || flags.has("F")) masterEntries(host, rest, flags);
  else if (flags.has("P")) masterParameters(host, rest);
  else mainParameters(host, rest, flags.has("X") || flags.has("#"), perhaps);
}

function mainParameters(host: Host, args: readonly string[], removes: boolean, perhaps: boolean): void {
  for (const argument of args) {
    const name = nameIn(argument);
    if (name === undefined) host.setUnknownParameter();
    else if (removes) {
      if (!perhaps) host.removeParameter(name);
    } else if (argument.includes("=")) {
      const value = argument.slice(argument.indexOf("=") + 1);
      if (perhaps) host.appendPerhaps(mainCfPath, withSetting("", name, value));
      else host.setParameter(name, value);
    }
  }
}

/** Options may stand together, as in `-ev`. `-c` and `-o` take a value. */
function readArguments(args: readonly string[]) {
  const flags = new Set<string>();
  let directory: string | undefined;
  const rest: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    if (!argument.startsWith("-") || argument === "-") rest.push(argument);
    else
      for (const [position, letter] of Array.from(argument).entries()) {
        if (position === 0) continue;
        flags.add(letter);
        if (!"cCot".includes(letter)) continue;
        const value = argument.slice(position + 1) || args[++index];
        if (letter === "c") directory = value;
        break;
      }
  }
  return { flags, directory: directory?.replace(/\/+$/, ""), rest };
}

/** The parameter that `name = value` or `name` is about, undefined if that can't be known. */
function nameIn(argument: string): string | undefined {
  const [name = ""] = argument.split("=", 1);
  return hasHole(name) || name.trim() === "" ? undefined : name.trim();
}

/** `smtp/unix/smtp_helo_name=mail.example.com` */
function masterParameters(host: Host, args: readonly string[]): void {
  for (const argument of args) {
    const [, service, type, name, value] = /^([^/=]+)\/([^/=]+)\/([^/=]+?)\s*=\s*(.*)$/s.exec(argument) ?? [];
    if (service !== undefined && type !== undefined && name !== undefined && value !== undefined)
      host.append(masterCfPath, overrideLine(service, type, name, value.trim()));
  }
}

/** `smtp/unix=smtp unix - - y - - smtp -o smtp_helo_name=mail.example.com` */
function masterEntries(host: Host, args: readonly string[], flags: ReadonlySet<string>): void {
  if (flags.has("F")) return;
  for (const argument of args) {
    const [, entry] = /^[^/=]+\/[^/=]+\s*=\s*(.+)$/s.exec(argument) ?? [];
    if (entry !== undefined) host.append(masterCfPath, `${entry}\n`);
  }
}
