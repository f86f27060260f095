import { afterEach, beforeEach, vi } from "vitest";
import { startGitHub, type GitHubStub } from "./github-stub.ts";
import { jobFolder, type JobFolder } from "./job-folder.ts";

/** What a job of a workflow works with. */
export interface WorkflowJob {
  readonly github: GitHubStub;
  readonly folder: JobFolder;
  /** The lines that it has logged. */
  readonly logged: readonly string[];
}

/** A job for each test of the file or of the `describe` that calls this, anew for each. */
export function workflowJob(): WorkflowJob {
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
  return {
    get github() {
      return github;
    },
    get folder() {
      return folder;
    },
    get logged() {
      return logged;
    },
  };
}
