import { readFileSync } from "node:fs";

/** Reads a variable that the workflow must have set for this step. */
export function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

/** The text of a file that an earlier step may have written; undefined if it did not. */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The page that shows this run and its logs. */
export function runUrl(env: NodeJS.ProcessEnv): string {
  const [server, repository, run] = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map((name) =>
    required(env, name),
  );
  return `${server}/${repository}/actions/runs/${run}`;
}

/** Shows `message` on the run's page. A line break in a workflow command is written %0A. */
export function annotate(level: "error" | "warning" | "notice", message: string): void {
  const data = message.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  console.log(`::${level}::${data}`);
}
