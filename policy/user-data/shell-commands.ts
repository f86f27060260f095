import { posix } from "node:path";
import { hasHole, hole } from "./hole.ts";
import { mainCfPath, masterCfPath } from "./host.ts";
import { postconf } from "./postconf.ts";
import { sed } from "./sed.ts";
import { withEscapes } from "./shell-escapes.ts";
import { maxText, type Call, type Shell } from "./shell.ts";

/** Carries out a command, and gives its output back if it is known. */
type Follow = (shell: Shell, call: Call) => string | undefined;

/** The commands by which scripts write configuration files and name the host. */
export const followedCommands: ReadonlyMap<string, Follow> = new Map<string, Follow>([
  ["postconf", postconfHere],
  ["cat", (shell, { args, input }) => cat(shell, args, input)],
  ["echo", (_, { args }) => echo(args)],
  ["printf", (_, { args }) => printf(args)],
  ["tee", tee],
  ["sed", sed],
  ["cp", copy],
  ["install", copy],
  ["mv", copy],
  ["rm", remove],
  ["hostnamectl", nameByHostnamectl],
  ["hostname", nameByHostname],
  ["cd", changeDirectory],
  ["export", assignments],
  ["readonly", assignments],
  ["local", assignments],
  ["declare", assignments],
  ["sh", nested],
  ["bash", nested],
  ["dash", nested],
  ["su", nested],
  ["eval", evaluate],
  ["exit", exit],
]);

/** Commands that read a file or see to its owner and mode, and leave what it says alone. */
const harmless = new Set(
  "[ [[ test ls stat file head tail grep egrep fgrep less more diff cmp wc md5sum sha256sum chmod chown chgrp touch restorecon chcon chattr systemctl service postfix postmap newaliases logger awk".split(
    " ",
  ),
);

/** The configuration files that a command not followed here may have changed, since it names them. */
export function mentionsOf(command: string, paths: readonly string[]): string[] {
  if (harmless.has(command)) return [];
  return [mainCfPath, masterCfPath].filter((path) =>
    paths.some((word) => word === path || word.endsWith(`=${path}`)),
  );
}

function postconfHere({ host }: Shell, { args, perhaps }: Call): undefined {
  postconf(host, args, perhaps);
}

function changeDirectory(shell: Shell, { args: [directory = "/root"] }: Call): undefined {
  shell.changeDirectory(directory);
}

function evaluate(shell: Shell, { args, perhaps }: Call): undefined {
  shell.run(args.join(" "), perhaps);
}

function exit(shell: Shell, { perhaps }: Call): undefined {
  if (!perhaps) shell.exit();
}

function cat(shell: Shell, args: readonly string[], input: string | undefined): string | undefined {
  const files = args.filter((argument) => argument === "-" || !argument.startsWith("-"));
  if (files.length === 0) return input;
  let text = "";
  for (const file of files) {
    text += (file === "-" ? input : shell.host.read(shell.path(file))) ?? `${hole}\n`;
    if (text.length > maxText) return `${hole}\n`;
  }
  return text;
}

/** As in dash, the `sh` of Debian and Ubuntu: escapes are interpreted. */
function echo(args: readonly string[]): string {
  const options = args.findIndex((argument) => !/^-[neE]+$/.test(argument));
  const flags = (options < 0 ? args : args.slice(0, options)).join("");
  const text = (options < 0 ? [] : args.slice(options)).join(" ");
  return (flags.includes("E") ? text : withEscapes(text)) + (flags.includes("n") ? "" : "\n");
}

/** Formats with `%s` and `%b`; the format is used again while there are arguments left. */
function printf(args: readonly string[]): string {
  const [format = "", ...values] = args[0] === "--" ? args.slice(1) : args;
  const text = withEscapes(format);
  const places = text.match(/%[sb]/g)?.length ?? 0;
  const rounds = places === 0 ? 1 : Math.max(1, Math.ceil(values.length / places));
  let next = 0;
  return Array.from({ length: rounds }, () =>
    text.replace(/%(.)/g, (_, kind: string) => {
      if (kind === "%") return "%";
      const value = values[next++] ?? "";
      return kind === "s" ? value : kind === "b" ? withEscapes(value) : hole;
    }),
  ).join("");
}

function tee(shell: Shell, { args, input, perhaps }: Call): string | undefined {
  const append = args.some((argument) => argument === "--append" || /^-[a-z]*a/.test(argument));
  for (const file of args.filter((argument) => !argument.startsWith("-"))) {
    shell.store(shell.path(file), input ?? `${hole}\n`, append, perhaps);
  }
  return input;
}

/** cp, mv and install: the source's text becomes the target's. A source that user data didn't write is unknown. */
function copy(shell: Shell, { name, args, perhaps }: Call): undefined {
  const withValue = name === "install" ? /^-[mogt]$/ : /^-[tS]$/;
  const files = args.filter(
    (argument, index) => !argument.startsWith("-") && !withValue.test(args[index - 1] ?? ""),
  );
  const target = files.at(-1);
  if (target === undefined || args.includes("-d")) return;
  for (const source of files.slice(0, -1)) {
    const from = shell.path(source);
    const into = target.endsWith("/") || files.length > 2 || shell.path(target) === posix.dirname(mainCfPath);
    const to = into ? posix.join(shell.path(target), posix.basename(source)) : shell.path(target);
    shell.store(to, shell.host.read(from) ?? `${hole}\n`, false, perhaps);
    if (name === "mv" && !perhaps) shell.host.remove(from);
  }
}

function remove(shell: Shell, { args, perhaps }: Call): undefined {
  if (!perhaps) for (const file of args) shell.host.remove(shell.path(file));
}

/** `hostnamectl set-hostname NAME`, since systemd 249 also `hostnamectl hostname NAME` */
function nameByHostnamectl(shell: Shell, { args, perhaps }: Call): undefined {
  const [verb, name] = args.filter((argument) => !argument.startsWith("-"));
  if (verb === "set-hostname" || verb === "hostname") nameHost(shell, name, perhaps);
}

function nameByHostname(shell: Shell, { args: [name], perhaps }: Call): undefined {
  if (name?.startsWith("-") === false) nameHost(shell, name, perhaps);
}

function nameHost({ host }: Shell, name: string | undefined, perhaps: boolean): void {
  if (name === undefined || name === "") return;
  host.name = perhaps && host.name !== undefined && host.name !== name ? hole : name;
  host.shortName = false;
}

function assignments(shell: Shell, { args, perhaps }: Call): undefined {
  for (const argument of args) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(argument) ?? [];
    if (name !== undefined && value !== undefined) shell.assign(name, value, perhaps);
  }
}

/** `sh -c SCRIPT`, or a script that user data wrote. */
function nested(shell: Shell, { args, input, perhaps }: Call): undefined {
  const command = args.findIndex((argument) => /^-[a-z]*c$/.test(argument));
  const file = args.find((argument) => !argument.startsWith("-"));
  const script =
    command >= 0 ? args[command + 1] : file === undefined ? input : shell.host.read(shell.path(file));
  if (script !== undefined && !hasHole(script)) shell.run(script, perhaps);
}
