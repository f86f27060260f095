import { hole } from "./hole.ts";
import { withEscapes } from "./shell-escapes.ts";

/** Part of a word: text, a variable with what stands in if it is unset, or the output of a command. */
export type WordPart =
  | string
  | { readonly variable: string; readonly otherwise: string | undefined }
  | { readonly command: string };

export type Word = readonly WordPart[];

export type Token =
  /** `bare` is the word as written if nothing in it is quoted or replaced, so that it may be a reserved one. */
  | { readonly kind: "word"; readonly word: Word; readonly bare: string | undefined }
  | { readonly kind: "operator"; readonly text: string }
  /** `<`, `>`, `>>`, `<<<` and the like; the next word is the file or text. `output` tells standard output from errors. */
  | { readonly kind: "redirect"; readonly text: string; readonly output: boolean }
  | { readonly kind: "here-document"; readonly word: Word };

/**
 * The tokens of a POSIX shell script, with bash's `<<<`, `$'…'` and `&>`; a line break is the operator "\n". What an
 * expansion gives that isn't followed here (`${name%x}`, `$((1 + 1))`, `$1`) is a hole. Takes any text, in time that
 * grows with its length.
 */
export function shellTokens(script: string): Token[] {
  return new Lexer(script).tokens();
}

/** Longest first. */
const operators = ["&&", "||", ";;", "|&", "\n", ";", "&", "|", "(", ")"];
const redirects = ["<<<", "<<-", "&>>", "<<", ">>", ">|", ">&", "<&", "&>", "<>", "<", ">"];

class Lexer {
  readonly #text: string;
  #at = 0;
  readonly #tokens: Token[] = [];
  /** Here-documents whose text begins after the end of this line. */
  #awaited: {
    readonly delimiter: string;
    readonly literal: boolean;
    readonly tabs: boolean;
    readonly index: number;
  }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  tokens(): Token[] {
    while (this.#at < this.#text.length) {
      if (this.#skip(/\\\n|[ \t\r\v\f]+|#[^\n]*/y) !== undefined) continue;
      if (!this.#redirect() && !this.#operator()) this.#wordToken();
    }
    return this.#tokens;
  }

  #operator(): boolean {
    const text = operators.find((candidate) => this.#text.startsWith(candidate, this.#at));
    if (text === undefined) return false;
    this.#at += text.length;
    this.#tokens.push({ kind: "operator", text });
    if (text === "\n") this.#hereDocuments();
    return true;
  }

  #redirect(): boolean {
    const start = this.#at;
    const descriptor = this.#skip(/\d+(?=[<>])/y);
    const text = redirects.find((candidate) => this.#text.startsWith(candidate, this.#at));
    if (text === undefined) {
      this.#at = start;
      return false;
    }
    this.#at += text.length;
    if (text === "<<" || text === "<<-") this.#awaitHereDocument(text === "<<-");
    else
      this.#tokens.push({ kind: "redirect", text, output: descriptor === undefined || descriptor === "1" });
    return true;
  }

  #awaitHereDocument(tabs: boolean): void {
    this.#skip(/[ \t]+/y);
    const written = this.#skip(/(?:\\.|'[^']*'|"[^"]*"|[^ \t\r\n\v\f;&|<>()'"\\])+/y) ?? "";
    const delimiter = written.replace(/\\(.)|['"]/g, "$1");
    this.#awaited.push({ delimiter, literal: delimiter !== written, tabs, index: this.#tokens.length });
    this.#tokens.push({ kind: "here-document", word: [hole] });
  }

  #hereDocuments(): void {
    const awaited = this.#awaited;
    this.#awaited = [];
    for (const { delimiter, literal, tabs, index } of awaited) {
      const text = this.#hereDocument(delimiter, tabs);
      this.#tokens[index] = {
        kind: "here-document",
        word: literal ? [text] : new Lexer(text).#expandable(undefined),
      };
    }
  }

  #hereDocument(delimiter: string, tabs: boolean): string {
    const lines: string[] = [];
    while (this.#at < this.#text.length) {
      const line = this.#skip(/[^\n]*/y) ?? "";
      this.#skip(/\n/y);
      const text = tabs ? line.replace(/^\t+/, "") : line;
      if (text === delimiter) break;
      lines.push(`${text}\n`);
    }
    return lines.join("");
  }

  #wordToken(): void {
    const start = this.#at;
    const word: WordPart[] = [];
    let plain = true;
    while (this.#at < this.#text.length) {
      const bare = this.#skip(/[^ \t\r\n\v\f;&|<>()'"\\$`]+/y);
      if (bare !== undefined) word.push(bare);
      else if (/[ \t\r\n\v\f;&|<>()]/.test(this.#text.charAt(this.#at))) break;
      else {
        plain = false;
        word.push(...this.#special());
      }
    }
    this.#tokens.push({ kind: "word", word, bare: plain ? this.#text.slice(start, this.#at) : undefined });
  }

  /** Something quoted or to be replaced. */
  #special(): Word {
    const literal = this.#skip(/'[^']*(?:'|$)/y);
    if (literal !== undefined) return [literal.slice(1).replace(/'$/, "")];
    const ansi = this.#skip(/\$'(?:\\[\s\S]|[^'\\])*(?:'|$)/y);
    if (ansi !== undefined) return [withEscapes(ansi.slice(2).replace(/'$/, ""))];
    if (this.#skip(/\$?"/y) !== undefined) return this.#expandable('"');
    const escaped = this.#skip(/\\(?:[\s\S]|$)/y);
    if (escaped !== undefined) return escaped === "\\\n" ? [] : [escaped.slice(1)];
    return [this.#expansion() ?? this.#character()];
  }

  /** Text in which only `$`, a backquote and `\` mean something, up to `end`. */
  #expandable(end: string | undefined): Word {
    const word: WordPart[] = [];
    while (this.#at < this.#text.length) {
      const bare = this.#skip(/[^"\\$`]+/y);
      const escaped = bare === undefined ? this.#skip(/\\[$`"\\\n]/y) : undefined;
      if (bare !== undefined) word.push(bare);
      else if (escaped !== undefined) word.push(escaped === "\\\n" ? "" : escaped.slice(1));
      else if (end !== undefined && this.#text.startsWith(end, this.#at)) {
        this.#at++;
        break;
      } else word.push(this.#expansion() ?? this.#character());
    }
    return word;
  }

  #expansion(): WordPart | undefined {
    const command = this.#skip(/`(?:\\[\s\S]|[^`\\])*(?:`|$)/y);
    if (command !== undefined)
      return {
        command: command
          .slice(1)
          .replace(/`$/, "")
          .replace(/\\([$`\\])/g, "$1"),
      };
    const variable = this.#skip(/\$[A-Za-z_]\w*/y);
    if (variable !== undefined) return { variable: variable.slice(1), otherwise: undefined };
    if (this.#text.startsWith("$(", this.#at)) {
      const inside = this.#until(")", 2);
      return inside.startsWith("(") ? hole : { command: inside };
    }
    if (this.#text.startsWith("${", this.#at)) return parameter(this.#until("}", 2));
    return this.#skip(/\$[\d@*#?$!-]/y) === undefined ? undefined : hole;
  }

  /** The text from `skip` characters on up to the bracket that closes it, which is passed. */
  #until(close: string, skip: number): string {
    const open = close === ")" ? "(" : "{";
    const start = this.#at + skip;
    let depth = 1;
    this.#at = start;
    while (this.#at < this.#text.length && depth > 0) {
      if (this.#skip(/\\[\s\S]|'[^']*'|[^\\'(){}]+/y) !== undefined) continue;
      const character = this.#character();
      if (character === open) depth++;
      else if (character === close) depth--;
    }
    return this.#text.slice(start, depth === 0 ? this.#at - 1 : this.#at);
  }

  #character(): string {
    return this.#text.charAt(this.#at++);
  }

  /** Passes what the sticky expression matches here, and returns it. */
  #skip(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const [match] = expression.exec(this.#text) ?? [];
    this.#at += match?.length ?? 0;
    return match;
  }
}

/** `name`, `name:-text`, `name-text`, `name:=text`; of anything else only the shell knows the result. */
function parameter(text: string): WordPart {
  const [, variable, otherwise] = /^([A-Za-z_]\w*)(?::?[-=]([^$`"'\\]*))?$/.exec(text) ?? [];
  return variable === undefined ? hole : { variable, otherwise };
}
