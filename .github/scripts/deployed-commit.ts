import { appendFileSync } from "node:fs";
import { connect, type GitHub } from "./github-api.ts";
import { annotate, required } from "./job.ts";

// node .github/scripts/deployed-commit.ts
//
// Says in the step's output `commit` what the cloud is to be compared with: the last commit of BRANCH that WORKFLOW (a
// file name) deployed. What waits for approval is no drift. Empty while a deployment runs: nothing holds still then.

interface Runs {
  readonly workflow_runs: readonly { readonly head_sha: string }[];
}

export async function deployedCommit(env: NodeJS.ProcessEnv, github: GitHub = connect(env)): Promise<void> {
  const runs = `/actions/workflows/${required(env, "WORKFLOW")}/runs?branch=${required(env, "BRANCH")}&per_page=1`;
  const last = async (status: string) => {
    const { workflow_runs: found } = (await github.request("GET", `${runs}&status=${status}`)) as Runs;
    return found[0]?.head_sha;
  };

  let commit = "";
  if ((await last("in_progress")) !== undefined)
    annotate("notice", "A deployment is under way. The next run looks for drift.");
  // No run to be found: deployed by hand, or so long ago that GitHub has forgotten it. The branch has what is deployed.
  else commit = (await last("success")) ?? required(env, "GITHUB_SHA");
  appendFileSync(required(env, "GITHUB_OUTPUT"), `commit=${commit}\n`);
}

if (import.meta.main) await deployedCommit(process.env);
