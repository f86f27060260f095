import { access, constants, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { replaceDurably } from "../../local/store/durable-file.ts";
import { reportSchema, type ReportedFinding } from "../report.ts";

const finding = reportSchema.shape.domain.shape.findings.element
  // A rule may be gone from a later okmail; what was told of it is not lost by that.
  .extend({ rule: z.string().describe("The rule or check.") });

const known = z
  .object({
    finding: finding.describe(
      "As it was last told, or found in order. Of several values that it is about, one.",
    ),
    told: z.boolean().describe("False until a first doubt has lasted: nothing was said of it yet."),
    since: z.iso.datetime().describe("Since when it stands so, in UTC."),
    doubts: z.int().min(0).describe("Runs in a row, up to the last, in which nobody could tell."),
  })
  .describe("What is known of one matter: a rule, whom it concerns, and what beyond that.");

/** What `okmail watch` knows from run to run, as its state file has it. */
export const stateSchema = z
  .object({
    kind: z.literal("okmail watch").describe("What the file is."),
    version: z.literal(1).describe("Of this format. Fields are added without a new version."),
    domain: z.string().describe("Whose mail is watched."),
    time: z.iso.datetime().describe("When it was last verified, in UTC."),
    changed: z.iso.datetime().optional().describe("When something had changed for the last time, in UTC."),
    findings: z.array(known),
  })
  .describe("okmail watch: what it has told, so that only changes are told.");

export type WatchState = z.infer<typeof stateSchema>;
export type KnownFinding = WatchState["findings"][number];
export type WatchedFinding = Omit<ReportedFinding, "rule"> & { readonly rule: string };

/** The format as JSON Schema, for those who read state files by program. */
export function stateJsonSchema(): unknown {
  return z.toJSONSchema(stateSchema, { target: "draft-2020-12" });
}

/**
 * The state that an earlier run has left, undefined before the first. The file stays as it is.
 * @throws Error if the file can't be used, or its folder can't be written
 */
export async function readState(file: string, domain: string): Promise<WatchState | undefined> {
  let text: string;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    // Found out before anything is told: what can't be remembered would be told each time.
    await access(path.dirname(file), constants.W_OK);
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === "ENOENT") return undefined;
    throw new Error(`--state ${file} can't be used (${code}). Give a file in a folder that can be written.`, {
      cause: error,
    });
  }
  const state = parsed(file, text);
  if (state.domain !== domain)
    throw new Error(
      `--state ${file} is about ${state.domain}, not ${domain}. Give each domain a file of its own.`,
    );
  return state;
}

function parsed(file: string, text: string): WatchState {
  const remedy = "It was left as it is: give another file, or move this one away to begin anew.";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`--state ${file} is no JSON. ${remedy}`);
  }
  const { kind, version } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (kind !== "okmail watch") throw new Error(`--state ${file} is no state of okmail watch. ${remedy}`);
  if (version !== 1)
    throw new Error(
      `--state ${file} is of version ${JSON.stringify(version)}, and this okmail knows version 1. ` +
        "It was left as it is: use the okmail that wrote it, or give another file.",
    );
  const read = stateSchema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new Error(
    `--state ${file} is damaged at "${issue?.path.join(".") ?? ""}" (${issue?.message ?? ""}). ${remedy}`,
  );
}

/** Whole or not at all, and lasting. */
export function writeState(file: string, state: WatchState): void {
  replaceDurably(file, `${JSON.stringify(state, undefined, 2)}\n`);
}
