import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseDocument, visit } from "yaml";

/** A workflow of GitHub Actions, as far as the laws read it. */
export interface Workflow {
  readonly file: string;
  readonly text: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, Job>>;
  /** Each `uses`, with the comment behind it. */
  readonly uses: readonly { readonly action: string; readonly comment: string }[];
}

export interface Job {
  readonly if?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": unknown };
  readonly "timeout-minutes"?: number;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly with?: Readonly<Record<string, unknown>>;
}

const root = path.join(import.meta.dirname, "../..");
const folder = path.join(root, ".github/workflows");

export const workflowFiles = readdirSync(folder).sort();

export function projectFile(name: string): string {
  return path.join(root, name);
}

export function workflowText(file: string): string {
  return readFileSync(path.join(folder, file), "utf8");
}

export function parseWorkflow(file: string, text: string): Workflow {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join("\n")}`);
  const uses: { action: string; comment: string }[] = [];
  visit(document, {
    Pair(_, { key, value }) {
      if (String(key) !== "uses") return;
      const { source = "", comment = "" } = value as { source?: string; comment?: string | null };
      uses.push({ action: source, comment: comment ?? "" });
    },
  });
  return { ...(document.toJS() as Omit<Workflow, "file" | "text" | "uses">), file, text, uses };
}
