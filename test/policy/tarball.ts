import { execFileSync } from "node:child_process";
import { globSync, mkdirSync } from "node:fs";
import path from "node:path";

/** Unpacks an npm package into a folder, which it makes, and gives the paths of its files in it. */
export function unpack(tarball: string, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", folder, "--strip-components=1"]);
  return filesIn(folder);
}

/** The files of a folder and those below it, by their paths in it, in order. */
export function filesIn(folder: string): string[] {
  return globSync("**/*", { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
    .toSorted();
}
