import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseDocument } from "yaml";
import { projectFolder } from "../../local/stack.ts";
import { openSession, type Session, type SessionOptions } from "../../local/session.ts";

/** A local cloud in a folder of its own, with this project's stack on it. */
export interface TestStack {
  readonly folder: string;
  readonly configFile: string;
  /** What was repaired at the start, sentence by sentence. */
  readonly repairs: string[];
  readonly session: Session;
  /** Writes a setting of the stack's configuration; undefined takes it away. */
  set(key: string, value: unknown): void;
  close(): Promise<void>;
}

/** Opens the stack in a new folder, or again in a given one; `base` is the project's file that its configuration begins as. */
export async function openTestStack(
  folder = mkdtempSync(path.join(tmpdir(), "okmail-")),
  base = "Pulumi.local.yaml",
  more: Pick<SessionOptions, "dataPlane"> = {},
): Promise<TestStack> {
  const configFile = path.join(folder, "Pulumi.local.yaml");
  const write = (text: string) => writeFileSync(configFile, text, { flag: "w" });
  const present = readOr(configFile, path.join(projectFolder, base));
  write(present);
  const repairs: string[] = [];
  const session = await openSession({ folder, configFile, report: (line) => repairs.push(line), ...more });
  return {
    folder,
    configFile,
    repairs,
    session,
    set: (key, value) => {
      const document = parseDocument(readFileSync(configFile, "utf8"));
      if (value === undefined) document.deleteIn(["config", key]);
      else document.setIn(["config", key], document.createNode(value));
      write(document.toString());
    },
    close: () => session.close(),
  };
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return readFileSync(otherwise, "utf8");
  }
}
