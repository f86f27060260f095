import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach } from "vitest";

/** A folder for the files of one job, which goes with the test. */
export interface JobFolder {
  path(name: string): string;
  write(name: string, text: string): string;
  read(name: string): string;
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

export function jobFolder(): JobFolder {
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-job-"));
  folders.push(folder);
  const file = (name: string) => path.join(folder, name);
  return {
    path: file,
    write(name, text) {
      writeFileSync(file(name), text);
      return file(name);
    },
    read: (name) => readFileSync(file(name), "utf8"),
  };
}
