import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { projectFile, workflowFiles } from "./workflow.ts";

// actionlint has no npm package of a version that knows today's contexts and runners, so it comes from the Go module
// that actionlint/go.mod pins. Shellcheck and pyflakes are left out: their versions, and so their opinions, depend on
// the machine.
function actionlint(args: readonly string[], input?: string): { status: number | null; output: string } {
  const run = [
    "run",
    "github.com/rhysd/actionlint/cmd/actionlint",
    "-no-color",
    "-shellcheck=",
    "-pyflakes=",
    ...args,
  ];
  const { status, stdout, stderr } = spawnSync("go", run, {
    cwd: projectFile("test/github/actionlint"),
    encoding: "utf8",
    ...(input !== undefined && { input }),
  });
  return { status, output: stdout + stderr };
}

const { error } = spawnSync("go", ["version"]);
// Whoever has no Go gets a skipped test. CI has it, and must not pass without.
const withGo = error === undefined || process.env.CI ? test : test.skip;

withGo("actionlint finds nothing in the workflows", { timeout: 180_000 }, () => {
  const files = workflowFiles.map((file) => projectFile(`.github/workflows/${file}`));
  expect(actionlint(files)).toEqual({ status: 0, output: "" });
});

withGo("actionlint finds an unknown context, so it does look", { timeout: 180_000 }, () => {
  const broken =
    "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps: [{ run: 'echo ${{ unknown.x }}' }]\n";
  const { status, output } = actionlint(["-"], broken);
  expect(output).toContain('undefined variable "unknown"');
  expect(status).not.toBe(0);
});
