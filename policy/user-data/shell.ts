import { posix } from "node:path";
import { hasHole, hole } from "./hole.ts";
import type { Host } from "./host.ts";
import { followedCommands, mentionsOf } from "./shell-commands.ts";
import type { Word } from "./shell-lexer.ts";
import { parseShell, type Command, type Redirect } from "./shell-syntax.ts";

/** Scripts inside scripts (`sh -c`, `eval`) that are followed. */
const maxNesting = 6;

/** Limits of what is followed. Honest user data has 16 KB; a script can make itself grow without end. */
const maxCommands = 2_000;
const maxScripts = 1_048_576;
export const maxText = 65_536;

/** What a command is run with. */
export interface Call {
  readonly name: string;
  readonly args: readonly string[];
  /** What comes in on standard input, undefined if that isn't followed. */
  readonly input: string | undefined;
  /** Whether it may not run at all. */
  readonly perhaps: boolean;
}

/** A shell at work on a host: its variables and where it stands. */
export class Shell {
  readonly host: Host;
  readonly #variables = new Map<string, string>();
  #directory = "/";
  #exited = false;
  #commands = 0;
  /** Characters of the scripts so far, inner ones too. */
  #scripts = 0;
  #nesting = 0;

  constructor(host: Host) {
    this.host = host;
  }

  /** Carries out a script, as far as it writes the files that matter and names the host. */
  run(script: string, perhaps = false): void {
    this.#scripts += script.length;
    if (this.#nesting >= maxNesting || this.#scripts > maxScripts) {
      this.#giveUp(script);
      return;
    }
    this.#nesting++;
    let output: string | undefined;
    for (const command of parseShell(script)) {
      if (this.#exited) break;
      if (++this.#commands > maxCommands) {
        this.#giveUp(script);
        break;
      }
      output = this.#execute(command, command.piped ? output : undefined, perhaps || command.conditional);
    }
    this.#nesting--;
  }

  #giveUp(script: string): void {
    this.host.unseen("a script of the user data does more than is followed", /postfix|postconf/.test(script));
  }

  /** The path that a word stands for. */
  path(word: string): string {
    return posix.resolve(this.#directory, word);
  }

  changeDirectory(path: string): void {
    this.#directory = this.path(path);
  }

  assign(name: string, value: string, perhaps: boolean): void {
    const before = this.#variables.get(name);
    this.#variables.set(name, perhaps && before !== undefined && before !== value ? hole : value);
  }

  exit(): void {
    this.#exited = true;
  }

  /** Writes or appends to a file by its path. */
  store(path: string, text: string, append: boolean, perhaps: boolean): void {
    if (append) {
      if (perhaps) this.host.appendPerhaps(path, text);
      else this.host.append(path, text);
    } else if (perhaps) this.host.writePerhaps(path, text);
    else this.host.write(path, text);
  }

  /** Carries out one command and gives its output back, if it goes nowhere else. */
  #execute(command: Command, piped: string | undefined, perhaps: boolean): string | undefined {
    const words = command.words.map((word) => this.#expand(word));
    while (words[0] !== undefined) {
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(words[0]) ?? [];
      if (name === undefined || value === undefined) break;
      this.assign(name, value, perhaps);
      words.shift();
    }
    const [program = "", ...args] = withoutWrappers(words);
    const name = posix.basename(program);
    const input = this.#input(command.redirects) ?? piped;
    const follow = followedCommands.get(name);
    if (follow === undefined && name !== "")
      for (const path of mentionsOf(
        name,
        args.map((word) => this.path(word)),
      ))
        this.host.forget(path);
    const output = follow === undefined ? undefined : follow(this, { name, args, input, perhaps });
    return this.#redirect(command.redirects, output ?? (name === "" ? "" : undefined), perhaps);
  }

  #input(redirects: readonly Redirect[]): string | undefined {
    const redirect = redirects.findLast(({ kind }) => kind === "text" || kind === "read");
    if (redirect === undefined) return undefined;
    const word = this.#expand(redirect.word);
    return redirect.kind === "text" ? word : (this.host.read(this.path(word)) ?? hole);
  }

  #redirect(
    redirects: readonly Redirect[],
    output: string | undefined,
    perhaps: boolean,
  ): string | undefined {
    const targets = redirects.filter(({ kind }) => kind === "write" || kind === "append");
    for (const { kind, word } of targets) {
      this.store(this.path(this.#expand(word)), output ?? `${hole}\n`, kind === "append", perhaps);
    }
    return targets.length > 0 ? undefined : output;
  }

  #expand(word: Word): string {
    let text = "";
    for (const part of word) {
      if (typeof part === "string") text += part;
      else if ("command" in part) text += this.#outputOf(part.command);
      else text += this.#variables.get(part.variable) ?? part.otherwise ?? hole;
      if (text.length > maxText) return hole;
    }
    return text;
  }

  /** The output of a command inside a word: a host name, or a file that user data wrote. */
  #outputOf(command: string): string {
    const [name, argument, ...others] = command.trim().split(/\s+/);
    if (others.length > 0) return hole;
    const file =
      name === "cat" ? argument : name?.startsWith("<") === true ? name.slice(1) || argument : undefined;
    if (file !== undefined) return this.host.read(this.path(file))?.replace(/\n+$/, "") ?? hole;
    return name === "hostname" ? hostNameOutput(this.host, argument) : hole;
  }
}

/** What `hostname` prints: the kernel's name, or with `-f` the fully qualified one, if user data gave it. */
function hostNameOutput({ name, shortName }: Host, option: string | undefined): string {
  if (name === undefined || hasHole(name)) return hole;
  switch (option) {
    case "-f":
    case "--fqdn":
    case "--long":
      return name.includes(".") ? name : hole;
    case "-s":
    case "--short":
      return name.replace(/\..*/, "");
    case "-d":
    case "--domain":
      return name.includes(".") ? name.replace(/^[^.]*\./, "") : hole;
    case undefined:
      return shortName ? hole : name;
    default:
      return hole;
  }
}

const wrappers = new Set("sudo env command exec nohup nice ionice time stdbuf builtin".split(" "));

/** The command itself, without `sudo -u root`, `env A=b` and the like before it. */
function withoutWrappers(words: readonly string[]): readonly string[] {
  let index = 0;
  while (wrappers.has(posix.basename(words[index] ?? ""))) {
    const takesValue = posix.basename(words[index] ?? "") === "command" ? /^$/ : /^-[ugnCh]$/;
    for (index++; /^-|^[A-Za-z_]\w*=/.test(words[index] ?? ""); index++) {
      if (takesValue.test(words[index] ?? "")) index++;
    }
  }
  return words.slice(index);
}
