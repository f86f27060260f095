import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { laws } from "./workflow-laws.ts";
import { parseWorkflow, projectFile, workflowFiles, workflowText } from "./workflow.ts";

const workflows = workflowFiles.map((file) => parseWorkflow(file, workflowText(file)));
const workflow = (file: string) => parseWorkflow(file, workflowText(file));

test("there are the five workflows", () => {
  expect(workflowFiles).toEqual(["deploy.yml", "drift.yml", "preview.yml", "test.yml", "watch.yml"]);
});

describe.each(workflows)("$file", (each) => {
  test.each(Object.entries(laws))("%s", (_, law) => {
    expect(law(each)).toEqual([]);
  });
});

// One change each to a workflow that keeps all laws.
describe("a workflow that", () => {
  const sha = "3d3c42e5aac5ba805825da76410c181273ba90b1";
  const checkout = `actions/checkout@${sha} # v7.0.1`;
  const update = 'npx --no pulumi up --stack "$STACK" --yes --policy-pack policy';
  const timeout = "    timeout-minutes: 60\n";

  test.each<[what: string, file: string, old: string, changed: string, law: string]>([
    ["names an action by tag", "test.yml", checkout, "actions/checkout@v7 # v7.0.1", "pins each action"],
    [
      "names an action by half a commit",
      "test.yml",
      checkout,
      "actions/checkout@3d3c42e # v7.0.1",
      "pins each action",
    ],
    ["names an action with no version", "test.yml", checkout, `actions/checkout@${sha}`, "pins each action"],
    [
      "names an action with half a version",
      "test.yml",
      checkout,
      `actions/checkout@${sha} # v7`,
      "pins each action",
    ],
    [
      "runs with the target's secrets",
      "preview.yml",
      "pull_request:",
      "pull_request_target:",
      "runs on no trigger",
    ],
    ["follows another workflow", "preview.yml", "pull_request:", "workflow_run:", "runs on no trigger"],
    ["keeps the default permissions", "test.yml", "permissions: {}\n", "", "gives no permission"],
    [
      "may read everywhere",
      "test.yml",
      "permissions: {}\n",
      "permissions: read-all\n",
      "gives no permission",
    ],
    ["may write code", "test.yml", "contents: read", "contents: write", "gives no permission"],
    [
      "lets the fork's job have an identity",
      "preview.yml",
      "      contents: read\n    steps",
      "      contents: read\n      id-token: write\n    steps",
      "gives no permission",
    ],
    ["has a key of AWS", "drift.yml", "  STACK: prod", "  AWS_ACCESS_KEY_ID: x", "knows no long-lived key"],
    [
      "gives a key to the action",
      "drift.yml",
      "role-to-assume:",
      "aws-secret-access-key:",
      "knows no long-lived key",
    ],
    [
      "has a token of Pulumi",
      "drift.yml",
      "  STACK: prod",
      "  PULUMI_ACCESS_TOKEN: x",
      "knows no long-lived key",
    ],
    [
      "reads an unknown secret",
      "drift.yml",
      "secrets.CLOUDFLARE_READ_TOKEN",
      "secrets.OTHER",
      "reads only known secrets",
    ],
    [
      "reads all secrets",
      "drift.yml",
      "${{ secrets.CLOUDFLARE_READ_TOKEN }}",
      "${{ toJSON(secrets) }}",
      "reads only known secrets",
    ],
    [
      "edits DNS on a schedule",
      "drift.yml",
      "secrets.CLOUDFLARE_READ_TOKEN",
      "secrets.CLOUDFLARE_EDIT_TOKEN",
      "reads only known secrets",
    ],
    [
      "edits DNS with no approval",
      "deploy.yml",
      "    environment: production\n",
      "",
      "reads only known secrets",
    ],
    [
      "gives a secret to every job",
      "drift.yml",
      "  STACK: prod",
      "  STACK: ${{ secrets.CLOUDFLARE_READ_TOKEN }}",
      "reads only known secrets",
    ],
    [
      "writes to AWS on a schedule",
      "drift.yml",
      "vars.AWS_PREVIEW_ROLE_ARN }}\n          role",
      "vars.AWS_DEPLOY_ROLE_ARN }}\n          role",
      "takes the role",
    ],
    ["writes to AWS with no approval", "deploy.yml", "    environment: production\n", "", "takes the role"],
    ["may run for six hours", "deploy.yml", timeout, "", "ends each job in time"],
    ["may run for two hours", "deploy.yml", timeout, "    timeout-minutes: 120\n", "ends each job in time"],
    [
      "leaves its token in the checkout",
      "test.yml",
      "          persist-credentials: false\n",
      "",
      "leaves no token",
    ],
    [
      "pastes a title into a script",
      "preview.yml",
      "run: npm run policy:local",
      "run: echo ${{ github.event.pull_request.title }}; npm run policy:local",
      "never pastes",
    ],
    [
      "pastes a commit into a script",
      "drift.yml",
      'export --stack "$STACK"',
      "export --stack ${{ needs.deployed.outputs.commit }}",
      "never pastes",
    ],
    [
      "installs with the packages' scripts",
      "deploy.yml",
      "npm ci --ignore-scripts",
      "npm ci",
      "runs no package's script",
    ],
    [
      "may be killed while it deploys",
      "deploy.yml",
      "cancel-in-progress: false",
      "cancel-in-progress: true",
      "is never killed",
    ],
    [
      "deploys with a cache of packages",
      "deploy.yml",
      "          package-manager-cache: false\n      - name: Refuse",
      "          cache: npm\n      - name: Refuse",
      "is never killed",
    ],
    [
      "deploys with a cache of the engine",
      "deploy.yml",
      "      - name: Update\n",
      "      - uses: actions/cache@x\n      - name: Update\n",
      "is never killed",
    ],
    [
      "updates without the pack",
      "deploy.yml",
      update,
      update.replace(" --policy-pack policy", ""),
      "updates under the policy pack",
    ],
    [
      "updates without a preview",
      "deploy.yml",
      update,
      `${update} --skip-preview`,
      "updates under the policy pack",
    ],
    ["runs any engine", "deploy.yml", update, update.replace("npx --no ", ""), "runs the engine"],
    [
      "downloads any engine",
      "deploy.yml",
      update,
      update.replace("npx --no ", "npx --yes "),
      "runs the engine",
    ],
  ])("%s breaks the law (%s)", (_, file, old, changed, law) => {
    const text = workflowText(file);
    expect(text).toContain(old);
    const broken = Object.entries(laws).filter(
      ([, check]) => check(parseWorkflow(file, text.replace(old, changed))).length > 0,
    );
    expect(broken.map(([name]) => name)).toContainEqual(expect.stringMatching(new RegExp(`^${law}`)));
  });
});

describe("the watch", () => {
  const { steps = [] } = workflow("watch.yml").jobs.watch ?? {};
  const place = (name: string) => steps.findIndex((step) => step.name === name);

  test("keeps what was told only after it was", () => {
    expect(place("Verify")).toBeGreaterThan(place("Get what was told"));
    expect(place("Report")).toBeGreaterThan(place("Verify"));
    expect(place("Keep what was told")).toBeGreaterThan(place("Report"));
    // With no condition of its own a step runs only if all before it went well.
    expect(steps.filter((step) => "if" in step)).toEqual([]);
    expect(workflow("watch.yml").text).not.toContain("continue-on-error");
  });

  test("finds what the newest run has kept, and keeps it under a name of its own", () => {
    const [restore, save] = ["Get what was told", "Keep what was told"].map(
      (name) => steps[place(name)]?.with,
    );
    expect(restore?.path).toBe(save?.path);
    expect(restore?.key).toBe(save?.key);
    expect(save?.key).toContain("${{ github.run_id }}-${{ github.run_attempt }}");
    expect(String(save?.key).startsWith(String(restore?.["restore-keys"]))).toBe(true);
  });
});

describe("a pull request", () => {
  const { prod, local } = workflow("preview.yml").jobs;

  test("gets the preview of prod or the one on the local cloud, never both or none", () => {
    const condition = /^\$\{\{ (.*) \}\}$/.exec(prod?.if ?? "")?.[1];
    expect(condition).toMatch(/head\.repo\.full_name == github\.repository/);
    expect(local?.if).toBe(`\${{ !(${condition ?? ""}) }}`);
  });

  test("of a fork finds neither secret nor variable nor identity in its job", () => {
    expect(JSON.stringify({ ...local, if: undefined })).not.toMatch(/secrets|vars\.|id-token|github\.token/);
  });
});

test("an action has one version everywhere", () => {
  const versions = new Map<string, Set<string>>();
  for (const { action, comment } of workflows.flatMap(({ uses }) => uses)) {
    const [name = ""] = action.split("@");
    versions.set(name, (versions.get(name) ?? new Set()).add(action + comment));
  }
  expect([...versions.values()].filter(({ size }) => size > 1)).toEqual([]);
});

describe("what a workflow runs is there:", () => {
  const scripts = workflows.flatMap(({ jobs }) =>
    Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = "" }) => run)),
  );
  const named = (pattern: RegExp) => [
    ...new Set(scripts.flatMap((run) => Array.from(run.matchAll(pattern), ([, name]) => name ?? ""))),
  ];

  test.each(named(/\bnode (\S+)/g))("%s", (file) => {
    expect(existsSync(projectFile(file))).toBe(true);
  });

  test.each(named(/\bnpm (?:run )?(test|policy:\w+)/g))("npm run %s", (script) => {
    const manifest = JSON.parse(readFileSync(projectFile("package.json"), "utf8")) as { scripts: object };
    expect(Object.keys(manifest.scripts)).toContain(script);
  });
});
