import { appendFileSync } from "node:fs";
import { connect, GitHubError, type GitHub } from "./github-api.ts";
import { annotate, required, runUrl, textOf } from "./job.ts";
import { bodyLimit, summaryLimit } from "./markdown.ts";
import { findOwn, markerOf, type Post } from "./own-post.ts";
import { previewReport, type Preview } from "./preview-report.ts";

// node .github/scripts/report-preview.ts
//
// Writes a preview into the job's summary and, if PULL_REQUEST has its number, into one comment of the pull request
// that every later preview updates. Reads STACK, OUTCOME (the preview step's), COMMIT, and the files that TABLE and
// OUTPUT name.

export async function reportPreview(env: NodeJS.ProcessEnv, github?: GitHub): Promise<void> {
  const preview: Preview = {
    stack: required(env, "STACK"),
    accepted: required(env, "OUTCOME") === "success",
    table: textOf(required(env, "TABLE")),
    output: textOf(required(env, "OUTPUT")) ?? "",
    commit: required(env, "COMMIT"),
    log: runUrl(env),
  };
  appendFileSync(required(env, "GITHUB_STEP_SUMMARY"), previewReport(preview, summaryLimit));

  const { PULL_REQUEST: pullRequest = "" } = env;
  if (pullRequest === "") return;
  try {
    await comment(github ?? connect(env), pullRequest, preview);
  } catch (error) {
    // The verdict is the preview step's. A token that may not comment takes nothing from it.
    if (!(error instanceof GitHubError) || ![403, 404].includes(error.status)) throw error;
    annotate(
      "warning",
      `The preview is in the job's summary only, for the token may not comment (${error.message}). ` +
        "The job needs the permission pull-requests: write.",
    );
  }
}

async function comment(github: GitHub, pullRequest: string, preview: Preview): Promise<void> {
  const marker = markerOf(`preview ${preview.stack}`);
  const body = `${marker}\n${previewReport(preview, bodyLimit - marker.length - 1)}`;
  const comments = `/issues/${pullRequest}/comments`;
  const own = await findOwn(github.pages<Post & { id: number }>(`${comments}?per_page=100`), marker);
  if (own === undefined) await github.request("POST", comments, { body });
  else await github.request("PATCH", `/issues/comments/${own.id}`, { body });
}

if (import.meta.main) await reportPreview(process.env);
