import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import { startGitHub, type GitHubStub } from "./github-stub.ts";
import { jobFolder } from "./job-folder.ts";
import { projectFile } from "./workflow.ts";

// The scripts as the workflows start them: with Node alone, before any dependency is there, and judged by exit code.

async function exitCode(
  script: string,
  github: GitHubStub,
  variables: Record<string, string>,
): Promise<number> {
  const folder = jobFolder();
  folder.write("news.json", '{ "domain": "example.com", "changes": [], "open": [] }');
  folder.write("news.md", "Nothing has changed.\n");
  const env = {
    PATH: process.env.PATH,
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_RUN_ID: "4711",
    GITHUB_STEP_SUMMARY: folder.path("summary.md"),
    GITHUB_OUTPUT: folder.path("output"),
    STACK: "prod",
    TABLE: folder.path("agreement.md"),
    ...github.env,
    ...variables,
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [projectFile(`.github/scripts/${script}`)], {
      env,
      cwd: folder.path(""),
    });
    child.on("close", (code) => {
      resolve(code ?? -1);
    });
  });
}

const drift = (changes: string) => ({
  CHANGES_CODE: changes,
  LIVE_CODE: "0",
  RECORDED_CODE: "0",
  CHANGES_OUTPUT: "changes.txt",
  LIVE_OUTPUT: "live.txt",
  RECORDED_OUTPUT: "recorded.txt",
});
const watch = { NEWS: "news.json", TEXT: "news.md" };
const commit = { GITHUB_REF_NAME: "main", GITHUB_SHA: "aaaa", BRANCH: "main", WORKFLOW: "deploy.yml" };
const preview = { OUTCOME: "failure", OUTPUT: "preview.txt", COMMIT: "aaaa", PULL_REQUEST: "7" };

test.each<[what: string, code: number, script: string, variables: Record<string, string>]>([
  ["no drift", 0, "report-drift.ts", drift("0")],
  ["drift", 1, "report-drift.ts", drift("7")],
  ["a cloud that can't be asked", 1, "report-drift.ts", drift("1")],
  ["the newest commit", 0, "require-newest-commit.ts", commit],
  ["a commit left behind", 1, "require-newest-commit.ts", { ...commit, GITHUB_SHA: "bbbb" }],
  ["what is deployed", 0, "deployed-commit.ts", commit],
  ["a refused preview, which its own step has failed", 0, "report-preview.ts", preview],
  ["no news of the live sender", 0, "report-watch.ts", watch],
  ["a watch that has written nothing", 1, "report-watch.ts", { ...watch, NEWS: "none.json" }],
  ["a missing variable", 1, "report-preview.ts", { ...preview, OUTCOME: "" }],
])("%s ends with %i (%s)", async (_, code, script, variables) => {
  const github = await startGitHub();
  github.heads.set("main", "aaaa");
  expect(await exitCode(script, github, variables)).toBe(code);
});
