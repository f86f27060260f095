import { isDeepStrictEqual } from "node:util";
import type { Job, Step, Workflow } from "./workflow.ts";

/** What holds of every workflow: a law gives the places where it is broken. */
export type Law = (workflow: Workflow) => string[];

/** What a token may do in a job, and why: whatever isn't here, it may not. */
const permissions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "test.yml test": { contents: "read" },
  "preview.yml prod": { contents: "read", "id-token": "write", "pull-requests": "write" },
  "preview.yml local": { contents: "read" },
  "deploy.yml preview": { contents: "read", "id-token": "write" },
  "deploy.yml up": { contents: "read", "id-token": "write" },
  "drift.yml deployed": { actions: "read", contents: "read" },
  "drift.yml drift": { contents: "read", "id-token": "write", issues: "write" },
  "watch.yml deployed": { actions: "read", contents: "read" },
  "watch.yml watch": { contents: "read", "id-token": "write", issues: "write" },
};

const triggers = new Set(["pull_request", "push", "schedule", "workflow_dispatch"]);

/** Secrets, and the environment that a job must be in to read them. */
const secrets = new Map<string, string | undefined>([
  ["CLOUDFLARE_READ_TOKEN", undefined],
  ["CLOUDFLARE_EDIT_TOKEN", "production"],
]);

const longLived =
  /AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|aws-access-key-id|aws-secret-access-key|PULUMI_ACCESS_TOKEN|PULUMI_CONFIG_PASSPHRASE/gi;

export const laws: Readonly<Record<string, Law>> = {
  "pins each action to a commit, and says its version": ({ uses }) =>
    uses
      .filter(
        ({ action, comment }) =>
          !/^[\w-]+\/[\w./-]+@[0-9a-f]{40}$/.test(action) || !/^ v\d+\.\d+\.\d+$/.test(comment),
      )
      .map(({ action, comment }) => `${action} #${comment}`),

  "runs on no trigger that hands secrets to foreign code": ({ on }) =>
    Object.keys(on).filter((trigger) => !triggers.has(trigger)),

  "gives no permission but those that a job needs": ({ file, jobs, permissions: top }) => [
    ...(isDeepStrictEqual(top, {}) ? [] : ["the workflow"]),
    ...inJobs(jobs, (job, name) =>
      isDeepStrictEqual(job.permissions, permissions[`${file} ${name}`]) ? [] : ["differs"],
    ),
  ],

  "knows no long-lived key": ({ text }) => text.match(longLived) ?? [],

  "reads only known secrets, and the one that edits DNS only after an approval": (workflow) => [
    ...secretsIn({ ...workflow, jobs: {}, text: "" }).map((name) => `the workflow: ${name}`),
    ...inJobs(workflow.jobs, (job) =>
      secretsIn(job).filter(
        (name) => !secrets.has(name) || ![undefined, job.environment].includes(secrets.get(name)),
      ),
    ),
  ],

  "takes the role that may write only after an approval": ({ jobs }) =>
    inSteps(jobs, (step, job) => {
      const role = step.with?.["role-to-assume"];
      const mine = `\${{ vars.AWS_${job.environment === "production" ? "DEPLOY" : "PREVIEW"}_ROLE_ARN }}`;
      return role === undefined || role === mine ? [] : [JSON.stringify(role)];
    }),

  "ends each job in time": ({ jobs }) =>
    inJobs(jobs, (job) =>
      isBetween(job["timeout-minutes"], 1, 60) ? [] : [`${String(job["timeout-minutes"])} minutes`],
    ),

  "leaves no token in the checkout": ({ jobs }) =>
    inSteps(jobs, (step) =>
      isUse(step, "actions/checkout") && step.with?.["persist-credentials"] !== false ? ["persists it"] : [],
    ),

  "never pastes an expression into a script": ({ jobs }) =>
    inSteps(jobs, ({ run = "" }) => (run.includes("${{") ? [run.trim()] : [])),

  "runs no package's script beside rights": ({ jobs }) =>
    inSteps(jobs, ({ run = "" }, job) =>
      hasRights(job) && /\bnpm (ci|i|install|run|test|start)\b(?!.*--ignore-scripts)/.test(run)
        ? [run.trim()]
        : [],
    ),

  "is never killed while it deploys, and uses no cache then": ({ jobs }) =>
    inJobs(jobs, (job) => {
      if (job.environment === undefined) return [];
      const caches = job.steps.some(
        (step) =>
          isUse(step, "actions/cache") ||
          (isUse(step, "actions/setup-node") && step.with?.["package-manager-cache"] !== false),
      );
      return [
        ...(job.concurrency?.["cancel-in-progress"] === false ? [] : ["may be cancelled"]),
        ...(caches ? ["uses a cache"] : []),
      ];
    }),

  "updates under the policy pack, after a preview": ({ jobs }) =>
    inSteps(jobs, ({ run = "" }) =>
      commands(run).filter(
        (line) =>
          line.includes(" pulumi up ") &&
          (!line.includes(" --policy-pack policy ") || /--skip-preview|--target/.test(line)),
      ),
    ),

  "runs the engine that package.json pins": ({ jobs }) =>
    inSteps(jobs, ({ run = "" }) =>
      commands(run).filter((line) => /(?<!npx --no )\bpulumi (?!-)\w/.test(line)),
    ),
};

function inJobs(jobs: Workflow["jobs"], faults: (job: Job, name: string) => string[]): string[] {
  return Object.entries(jobs).flatMap(([name, job]) => faults(job, name).map((fault) => `${name}: ${fault}`));
}

function inSteps(jobs: Workflow["jobs"], faults: (step: Step, job: Job) => string[]): string[] {
  return inJobs(jobs, (job) => job.steps.flatMap((step) => faults(step, job)));
}

function isUse(step: Step, action: string): boolean {
  return step.uses?.startsWith(`${action}@`) ?? false;
}

function secretsIn(part: unknown): string[] {
  return Array.from(
    JSON.stringify(part).matchAll(/secrets(?:\.(\w+)|[^.\w])/g),
    ([all, name]) => name ?? all,
  );
}

/** Whether the job can get at credentials. */
function hasRights(job: Job): boolean {
  return job.permissions?.["id-token"] === "write" || secretsIn(job).length > 0;
}

/** The commands of a script, each on one line, with a space at both ends. */
function commands(script: string): string[] {
  return script
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => ` ${line.trim()} `);
}

function isBetween(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && value >= least && value <= most;
}
