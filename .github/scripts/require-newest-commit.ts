import { connect, type GitHub } from "./github-api.ts";
import { annotate, required } from "./job.ts";

// node .github/scripts/require-newest-commit.ts
//
// Ends with 1 if the branch of this run has moved on. An approval given late would otherwise take the cloud back to an
// older commit, after a newer one was deployed.

export async function isNewestCommit(
  env: NodeJS.ProcessEnv,
  github: GitHub = connect(env),
): Promise<boolean> {
  const branch = required(env, "GITHUB_REF_NAME");
  const mine = required(env, "GITHUB_SHA");
  const head = (await github.request("GET", `/git/ref/heads/${branch}`)) as { object: { sha: string } };
  if (head.object.sha === mine) return true;
  annotate(
    "error",
    `${branch} has moved on from ${mine} to ${head.object.sha}. Approve the run of that commit.`,
  );
  return false;
}

if (import.meta.main && !(await isNewestCommit(process.env))) process.exitCode = 1;
