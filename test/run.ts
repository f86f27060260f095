import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { styleText } from "node:util";
import { reportLines } from "../toolchain/engine-step.ts";
import { ensureEngine } from "../toolchain/engine.ts";
import { browser, ensureBrowser } from "./helpers/browser.ts";

// `npm test`: formatter, linter, types, then every test with coverage. All of them run even if one fails, so that one
// run shows everything there is to mend. Ends in one line of counts, which CI reads.

const bin = path.join(import.meta.dirname, "..", "node_modules");
const onlyStatic = process.argv.includes("--static");

const failed: string[] = [];
await step("format", `${bin}/prettier/bin/prettier.cjs`, "--check", ".");
await step("lint", `${bin}/eslint/bin/eslint.js`, ".");
await step("types", `${bin}/typescript/bin/tsc`);
if (!onlyStatic) await tests();
if (failed.length > 0) console.error(`\nFailed: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;

async function step(name: string, script: string, ...args: string[]): Promise<void> {
  console.log(styleText("bold", `\n> ${name}`));
  const child = spawn(process.execPath, [script, ...args], { stdio: "inherit" });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  if (code !== 0) failed.push(name);
}

async function tests(): Promise<void> {
  // Before the tests, so that none of them waits for a build; the engine says what it does and why.
  console.log(styleText("bold", "\n> engine"));
  const engine = await ensureEngine({ report: reportLines((line) => console.log(line)) });
  console.log(`Pulumi ${engine.version}, ${engine.source}`);

  console.log(styleText("bold", "\n> browser"));
  await ensureBrowser((line) => console.log(line));
  console.log(browser() ?? "none");

  const folder = await mkdtemp(path.join(tmpdir(), "okmail-test-"));
  try {
    const report = path.join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const projects = ["--project=unit", "--project=integration"];
    await step("tests", `${bin}/vitest/vitest.mjs`, "run", "--coverage", ...projects, ...reporters);
    const counts = JSON.parse(await readFile(report, "utf8")) as VitestReport;
    const skipped = counts.numPendingTests + counts.numTodoTests;
    const all = [`${counts.numPassedTests} passed`, `${counts.numFailedTests} failed`];
    if (skipped > 0) all.push(`${skipped} skipped`);
    console.log(`\n${all.join(", ")}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}
