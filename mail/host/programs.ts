import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostFile } from "../host-part.ts";

const folder = import.meta.dirname;

/** The program `okmail` of every host, in Python, and where it lies there. */
export const program: readonly HostFile[] = readdirSync(join(folder, "okmail"))
  .filter((name) => name.endsWith(".py"))
  .sort()
  .map((name) => ({
    path: `/usr/local/lib/okmail/${name}`,
    content: shortPython(readFileSync(join(folder, "okmail", name), "utf8")),
  }));

/** Files that are the same on every host: systemd's units, settings, shell scripts. */
export const commonFiles: readonly HostFile[] = readdirSync(join(folder, "files"), {
  recursive: true,
  withFileTypes: true,
})
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .sort()
  .map((source) => {
    // Separated by slashes also where Windows runs this.
    const path = source.slice(join(folder, "files").length).replaceAll("\\", "/");
    return {
      path,
      content: readFileSync(source, "utf8"),
      ...(/^\/usr\/local\/s?bin\//.test(path) && { permissions: "0755" }),
    };
  });

/** A Python program without docstrings but the first, which `--help` prints, and with narrow indents. */
export function shortPython(python: string): string {
  return python
    .replace(/^ *"""[^]*?"""\n/gm, (docstring, offset: number) => (offset === 0 ? docstring : ""))
    .replace(/^(?: {4})+/gm, (indent) => " ".repeat(indent.length / 4));
}
