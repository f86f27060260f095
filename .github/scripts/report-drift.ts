import { appendFileSync } from "node:fs";
import { driftReport, judgeDrift, type Check, type Drift, type DriftChecks } from "./drift-report.ts";
import { connect, type GitHub } from "./github-api.ts";
import { annotate, required, runUrl, textOf } from "./job.ts";
import { bodyLimit, summaryLimit } from "./markdown.ts";
import { findOwn, markerOf, type Post } from "./own-post.ts";

// node .github/scripts/report-drift.ts
//
// Keeps one issue open as long as there is drift: opens it, updates it, closes it. Reads STACK, the exit codes
// CHANGES_CODE, LIVE_CODE and RECORDED_CODE ("" if not run), and the files that CHANGES_OUTPUT, LIVE_OUTPUT,
// RECORDED_OUTPUT and TABLE name. Ends with 1 unless there is no drift, so that the run is red until somebody acts.

interface Issue extends Post {
  readonly number: number;
}

export async function reportDrift(env: NodeJS.ProcessEnv, github: GitHub = connect(env)): Promise<Drift> {
  const checks: DriftChecks = {
    stack: required(env, "STACK"),
    changes: check(env, "CHANGES"),
    live: check(env, "LIVE"),
    recorded: check(env, "RECORDED"),
    table: textOf(required(env, "TABLE")),
    log: runUrl(env),
  };
  const drift = judgeDrift(checks);
  if (drift === "undetermined") {
    // A cloud that can't be asked neither drifts nor agrees: whatever the issue says stays.
    annotate(
      "error",
      `Whether ${checks.stack} has drifted could not be told: see the log of the check that failed.`,
    );
    return drift;
  }

  const summary = drift === "none" ? `No drift of ${checks.stack}.\n` : driftReport(checks, summaryLimit);
  appendFileSync(required(env, "GITHUB_STEP_SUMMARY"), summary);

  const marker = markerOf(`drift ${checks.stack}`);
  const open = await findOwn(github.pages<Issue>("/issues?state=open&per_page=100"), marker);
  if (drift === "drift") {
    const body = `${marker}\n${driftReport(checks, bodyLimit - marker.length - 1)}`;
    if (open) await github.request("PATCH", `/issues/${open.number}`, { body });
    else await github.request("POST", "/issues", { title: `Drift of stack ${checks.stack}`, body });
    annotate("error", `${checks.stack} has drifted: see the issue.`);
  } else if (open) {
    // Closed first: if the comment fails, the state is right all the same.
    await github.request("PATCH", `/issues/${open.number}`, { state: "closed", state_reason: "completed" });
    await github.request("POST", `/issues/${open.number}/comments`, {
      body: `The drift is gone: ${checks.log}`,
    });
  }
  return drift;
}

function check(env: NodeJS.ProcessEnv, name: string): Check {
  const code = env[`${name}_CODE`] ?? "";
  return {
    code: /^\d+$/.test(code) ? Number(code) : undefined,
    output: textOf(required(env, `${name}_OUTPUT`)) ?? "",
  };
}

if (import.meta.main) process.exitCode = (await reportDrift(process.env)) === "none" ? 0 : 1;
