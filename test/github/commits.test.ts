import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { deployedCommit } from "../../.github/scripts/deployed-commit.ts";
import { isNewestCommit } from "../../.github/scripts/require-newest-commit.ts";
import { startGitHub, type GitHubStub } from "./github-stub.ts";
import { jobFolder, type JobFolder } from "./job-folder.ts";

let github: GitHubStub;
let folder: JobFolder;
let logged: string[];
beforeEach(async () => {
  github = await startGitHub();
  folder = jobFolder();
  logged = [];
  vi.spyOn(console, "log").mockImplementation((line) => void logged.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("what the cloud is compared with", () => {
  const deployed = async () => {
    await deployedCommit({
      ...github.env,
      WORKFLOW: "deploy.yml",
      BRANCH: "main",
      GITHUB_SHA: "head",
      GITHUB_OUTPUT: folder.path("output"),
    });
    return folder.read("output");
  };

  test("is the newest commit that was deployed, not one that waits or failed", async () => {
    github.runs.push(
      { status: "waiting", head_sha: "waits" },
      { status: "failure", head_sha: "failed" },
      { status: "success", head_sha: "newest" },
      { status: "success", head_sha: "older" },
    );
    expect(await deployed()).toBe("commit=newest\n");
    expect(github.requests[0]).toBe(
      "GET /actions/workflows/deploy.yml/runs?branch=main&per_page=1&status=in_progress",
    );
  });

  test("is nothing while a deployment runs", async () => {
    github.runs.push({ status: "in_progress", head_sha: "new" }, { status: "success", head_sha: "old" });
    expect(await deployed()).toBe("commit=\n");
    expect(logged).toEqual([expect.stringMatching(/^::notice::A deployment is under way/)]);
  });

  test("is the branch itself if no deployment is known", async () => {
    expect(await deployed()).toBe("commit=head\n");
  });
});

describe("an approval", () => {
  const newest = (sha: string) => isNewestCommit({ ...github.env, GITHUB_REF_NAME: "main", GITHUB_SHA: sha });

  test("counts for the commit that main is at", async () => {
    github.heads.set("main", "aaaa");
    expect(await newest("aaaa")).toBe(true);
    expect(logged).toEqual([]);
  });

  test("that comes after main has moved on is refused, and says what to approve", async () => {
    github.heads.set("main", "bbbb");
    expect(await newest("aaaa")).toBe(false);
    expect(logged).toEqual(["::error::main has moved on from aaaa to bbbb. Approve the run of that commit."]);
  });
});
