import { appendFileSync } from "node:fs";
import { connect, type GitHub } from "./github-api.ts";
import { annotate, required, runUrl, textOf } from "./job.ts";
import { bodyLimit, clip, summaryLimit } from "./markdown.ts";
import { findOwn, markerOf, type Post } from "./own-post.ts";

// node .github/scripts/report-watch.ts
//
// Keeps one issue open as long as something is wrong with the live sender: opens it, updates it with a comment on each
// change, closes it. Reads STACK and the files that okmail watch has written: NEWS, its JSON, and TEXT, its Markdown.
// Ends with 0 once it is told: the issue stays until all is well, so no run has to be red besides.

interface Issue extends Post {
  readonly number: number;
}

/** What it takes of the JSON. */
interface News {
  readonly domain: string;
  readonly changes: readonly unknown[];
  readonly open: readonly unknown[];
}

export async function reportWatch(env: NodeJS.ProcessEnv, github: GitHub = connect(env)): Promise<void> {
  const stack = required(env, "STACK");
  const { domain, changes, open } = JSON.parse(written(env, "NEWS")) as News;
  const text = written(env, "TEXT");
  appendFileSync(required(env, "GITHUB_STEP_SUMMARY"), clip(text, summaryLimit));
  if (changes.length === 0) return;

  const marker = markerOf(`watch ${stack}`);
  const log = `\n\n<sub>[Log](${runUrl(env)})</sub>`;
  const issue = await findOwn(github.pages<Issue>("/issues?state=open&per_page=100"), marker);
  const body = `${marker}\n${clip(text, bodyLimit - marker.length - closing.length - log.length - 1)}${closing}${log}`;
  const comment = async ({ number }: Issue) => {
    const news = clip(text, bodyLimit - log.length) + log;
    await github.request("POST", `/issues/${number}/comments`, { body: news });
  };
  if (open.length > 0) {
    if (issue === undefined)
      await github.request("POST", "/issues", { title: `Mail of ${domain} (stack ${stack})`, body });
    else {
      await github.request("PATCH", `/issues/${issue.number}`, { body });
      // Nobody is told of an edit.
      await comment(issue);
    }
    annotate("warning", `Something has changed for ${domain}: see the issue.`);
  } else if (issue !== undefined) {
    // Closed first: if the comment fails, the state is right all the same.
    await github.request("PATCH", `/issues/${issue.number}`, { state: "closed", state_reason: "completed" });
    await comment(issue);
  }
}

const closing = "\n\nThis issue closes by itself when nothing stands any more.";

function written(env: NodeJS.ProcessEnv, name: string): string {
  const text = textOf(required(env, name));
  if (text === undefined) throw new Error(`${name} names no file: okmail watch has written none`);
  return text;
}

if (import.meta.main) await reportWatch(process.env);
