import { describe, expect, test } from "vitest";
import { deployedCommit } from "../../.github/scripts/deployed-commit.ts";
import { isNewestCommit } from "../../.github/scripts/require-newest-commit.ts";
import { workflowJob } from "./workflow-job.ts";

const job = workflowJob();

describe("what the cloud is compared with", () => {
  const deployed = async () => {
    await deployedCommit({
      ...job.github.env,
      WORKFLOW: "deploy.yml",
      BRANCH: "main",
      GITHUB_SHA: "head",
      GITHUB_OUTPUT: job.folder.path("output"),
    });
    return job.folder.read("output");
  };

  test("is the newest commit that was deployed, not one that waits or failed", async () => {
    job.github.runs.push(
      { status: "waiting", head_sha: "waits" },
      { status: "failure", head_sha: "failed" },
      { status: "success", head_sha: "newest" },
      { status: "success", head_sha: "older" },
    );
    expect(await deployed()).toBe("commit=newest\n");
    expect(job.github.requests[0]).toBe(
      "GET /actions/workflows/deploy.yml/runs?branch=main&per_page=1&status=in_progress",
    );
  });

  test("is nothing while a deployment runs", async () => {
    job.github.runs.push({ status: "in_progress", head_sha: "new" }, { status: "success", head_sha: "old" });
    expect(await deployed()).toBe("commit=\n");
    expect(job.logged).toEqual([expect.stringMatching(/^::notice::A deployment is under way/)]);
  });

  test("is the branch itself if no deployment is known", async () => {
    expect(await deployed()).toBe("commit=head\n");
  });
});

describe("an approval", () => {
  const newest = (sha: string) =>
    isNewestCommit({ ...job.github.env, GITHUB_REF_NAME: "main", GITHUB_SHA: sha });

  test("counts for the commit that main is at", async () => {
    job.github.heads.set("main", "aaaa");
    expect(await newest("aaaa")).toBe(true);
    expect(job.logged).toEqual([]);
  });

  test("that comes after main has moved on is refused, and says what to approve", async () => {
    job.github.heads.set("main", "bbbb");
    expect(await newest("aaaa")).toBe(false);
    expect(job.logged).toEqual([
      "::error::main has moved on from aaaa to bbbb. Approve the run of that commit.",
    ]);
  });
});
