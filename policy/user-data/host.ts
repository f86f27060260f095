import { hole } from "./hole.ts";
import { withPossibleAddition, withoutSetting, withSetting } from "./main-cf-file.ts";

export const mainCfPath = "/etc/postfix/main.cf";
export const masterCfPath = "/etc/postfix/master.cf";

/** Longest file that is kept; a longer one is unknown. */
const maxFile = 524_288;

/**
 * What user data has made of a host so far: the files it wrote and the name it gave. Parts that can't be known are holes.
 */
export class Host {
  /** The host name, fully qualified or not; undefined while nothing set it. */
  name: string | undefined;
  /** Whether the short name alone is the kernel's host name, though `name` is fully qualified. */
  shortName = false;
  readonly #files = new Map<string, string>();
  readonly #notes = new Set<string>();
  #unseen = false;

  /** The text of a file, undefined if user data didn't write it. */
  read(path: string): string | undefined {
    return this.#files.get(path);
  }

  write(path: string, text: string): void {
    this.#files.set(path, text.length > maxFile ? `${hole}\n` : text);
  }

  append(path: string, text: string): void {
    const before = this.read(path) ?? "";
    const lineEnd = before === "" || before.endsWith("\n") ? "" : "\n";
    this.write(path, path === mainCfPath ? before + lineEnd + text : before + text);
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  /** Something happened to the file that isn't followed here. */
  forget(path: string): void {
    this.write(path, `${hole}\n`);
  }

  /** A write that may or may not have been carried out. */
  writePerhaps(path: string, text: string): void {
    const before = this.read(path);
    if (before === undefined || before === text) this.write(path, text);
    else if (path === mainCfPath) this.write(path, withPossibleAddition(before, text));
    else this.forget(path);
  }

  appendPerhaps(path: string, text: string): void {
    const before = this.read(path);
    if (path === mainCfPath && before !== undefined) this.write(path, withPossibleAddition(before, text));
    else this.append(path, text);
  }

  /** `postconf -e name=value` */
  setParameter(name: string, value: string): void {
    this.write(mainCfPath, withSetting(this.read(mainCfPath) ?? "", name, value));
  }

  /** `postconf -X name` */
  removeParameter(name: string): void {
    this.write(mainCfPath, withoutSetting(this.read(mainCfPath) ?? "", name));
  }

  /** Any parameter of main.cf may have been set. */
  setUnknownParameter(): void {
    this.append(mainCfPath, `${hole}\n`);
  }

  /**
   * Part of user data can't be followed, so that nothing is certain about Postfix any more. That is no sign of mail by
   * itself, unless the part speaks of Postfix.
   */
  unseen(reason: string, mentionsPostfix: boolean): void {
    this.note(reason);
    this.#unseen = true;
    if (mentionsPostfix) this.setUnknownParameter();
  }

  /** Ends the boot: where part of it was not seen, a main.cf that is there is unknown. */
  settle(): void {
    if (this.#unseen && this.read(mainCfPath) !== undefined) this.setUnknownParameter();
  }

  note(text: string): void {
    this.#notes.add(text);
  }

  get notes(): readonly string[] {
    return [...this.#notes];
  }
}
