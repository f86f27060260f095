import { shellTokens, type Token, type Word } from "./shell-lexer.ts";

/** Where a command's input comes from or its output goes. `text` is a here-document or `<<<`. */
export interface Redirect {
  readonly kind: "write" | "append" | "read" | "text";
  /** The name of the file, or the text itself. */
  readonly word: Word;
}

/** A simple command. */
export interface Command {
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
  /** Whether it runs only if something holds: inside `if`, `case`, a loop or a function, or after `||`. */
  readonly conditional: boolean;
  /** Whether its input is the output of the command before. */
  readonly piped: boolean;
}

/** The simple commands of a shell script in their order, with control structures laid flat. */
export function parseShell(script: string): Command[] {
  const reader = new CommandReader();
  for (const token of shellTokens(script)) reader.read(token);
  reader.end();
  return reader.commands;
}

/** Words that open a structure, whose commands run under a condition. */
const opening = new Set(["if", "while", "until", "for", "select", "case"]);
const closing = new Set(["fi", "done", "esac"]);
/** Words after which a command begins, not an argument. */
const joining = new Set([
  "if",
  "then",
  "elif",
  "else",
  "while",
  "until",
  "do",
  "!",
  "time",
  "{",
  "}",
  "function",
]);

class CommandReader {
  readonly commands: Command[] = [];
  #words: Word[] = [];
  #redirects: Redirect[] = [];
  #awaitsFile: Redirect["kind"] | "none" | undefined;
  #structures = 0;
  /** Depth of braces that hold the body of a function. */
  #functions = 0;
  #functionNext = false;
  #alternative = false;
  #piped = false;
  /** Inside `case`: a pattern up to `)` comes next. */
  #pattern = false;
  /** Behind `for name` and `case word`, up to `do` and `in`. */
  #header: "for" | "case" | undefined;

  read(token: Token): void {
    switch (token.kind) {
      case "word":
        this.#word(token.word, token.bare);
        break;
      case "here-document":
        this.#redirects.push({ kind: "text", word: token.word });
        break;
      case "redirect":
        this.#awaitsFile = redirectKind(token.text, token.output);
        break;
      case "operator":
        this.#operator(token.text);
    }
  }

  end(): void {
    if (this.#words.length > 0 || this.#redirects.length > 0) {
      this.commands.push({
        words: this.#words,
        redirects: this.#redirects,
        conditional: this.#alternative || this.#structures > 0 || this.#functions > 0,
        piped: this.#piped,
      });
    }
    this.#words = [];
    this.#redirects = [];
    this.#awaitsFile = undefined;
    this.#piped = false;
  }

  #word(word: Word, bare: string | undefined): void {
    const redirect = this.#awaitsFile;
    this.#awaitsFile = undefined;
    if (redirect === "none") return;
    if (redirect !== undefined) this.#redirects.push({ kind: redirect, word });
    else if (this.#pattern && bare !== "esac") return;
    else if (this.#header !== undefined) this.#headerWord(bare);
    else if (this.#words.length > 0 || bare === undefined || !this.#reserved(bare)) this.#words.push(word);
  }

  /** `for name in a b` and `case word in` are no commands. */
  #headerWord(bare: string | undefined): void {
    if (this.#header === "for" && bare === "do") this.#header = undefined;
    if (this.#header !== "case" || bare !== "in") return;
    this.#header = undefined;
    this.#pattern = true;
  }

  /** Takes in a reserved word, and says whether it is one. */
  #reserved(bare: string): boolean {
    if (opening.has(bare)) {
      this.#structures++;
      if (bare === "for" || bare === "select") this.#header = "for";
      if (bare === "case") this.#header = "case";
    } else if (closing.has(bare)) {
      this.#structures = Math.max(0, this.#structures - 1);
      this.#pattern = false;
    } else if (bare === "{" && (this.#functionNext || this.#functions > 0)) {
      this.#functions++;
      this.#functionNext = false;
    } else if (bare === "}") this.#functions = Math.max(0, this.#functions - 1);
    return opening.has(bare) || closing.has(bare) || joining.has(bare);
  }

  #operator(text: string): void {
    if (this.#pattern) {
      if (text === ")") this.#pattern = false;
      return;
    }
    // A line break or ";" between `for name in a b` and `do`.
    if (this.#header !== undefined) return;
    if (text === "(" && this.#words.length === 1) {
      this.#functionNext = true; // name ( ) { … }
      this.#words = [];
      return;
    }
    this.end();
    if (text === "|" || text === "|&") this.#piped = true;
    else if (text === "||") this.#alternative = true;
    else if (text === "\n" || text === ";" || text === "&") this.#alternative = false;
    else if (text === ";;") this.#pattern = this.#structures > 0;
  }
}

/** "none" for a redirection that neither writes nor reads a file that matters. */
function redirectKind(text: string, output: boolean): Redirect["kind"] | "none" {
  switch (text) {
    case ">":
    case ">|":
      return output ? "write" : "none";
    case ">>":
      return output ? "append" : "none";
    case "&>":
      return "write";
    case "&>>":
      return "append";
    case "<":
    case "<>":
      return "read";
    case "<<<":
      return "text";
    default:
      return "none";
  }
}
