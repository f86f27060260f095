import { describe, expect, test } from "vitest";
import { driftReport, judgeDrift, type Drift, type DriftChecks } from "../../.github/scripts/drift-report.ts";
import { reportDrift } from "../../.github/scripts/report-drift.ts";
import { BOT, type StoredPost } from "./github-stub.ts";
import { workflowJob } from "./workflow-job.ts";

/** Of the comparison, of the verdict on the cloud, of the verdict on the state; undefined if not run. */
type Codes = readonly [number | undefined, number | undefined, number | undefined];

const MARKER = "<!-- okmail drift prod -->";

const checksWith = (...[changes, live, recorded]: Codes): DriftChecks => ({
  stack: "prod",
  changes: { code: changes, output: "~ cloudflare:index/dnsRecord:DnsRecord: (update)" },
  live: { code: live, output: "[mandatory] ptr-matches-helo" },
  recorded: { code: recorded, output: "[mandatory] a-matches-address" },
  table: "| host | verdict |\n|---|---|\n| okmail.example.com | agrees |\n",
  log: "https://github.example/log",
});

test.each<[what: string, codes: Codes, verdict: Drift]>([
  ["nothing changed and the pack agrees", [0, 0, 0], "none"],
  ["something changed", [7, 0, 0], "drift"],
  ["the pack refuses the cloud", [0, 1, 0], "drift"],
  ["the pack refuses the state", [0, 0, 1], "drift"],
  ["all at once", [7, 1, 1], "drift"],
  ["the cloud can't be asked", [1, 1, 0], "undetermined"],
  ["the credentials are wrong", [3, 0, 0], "undetermined"],
  ["the engine crashed", [255, 0, 0], "undetermined"],
  ["the comparison was not made", [undefined, 0, 0], "undetermined"],
  ["the verdict was not asked for", [7, undefined, 0], "undetermined"],
  ["the state was not judged", [0, 0, undefined], "undetermined"],
])("%s: %j is %s", (_, codes, verdict) => {
  expect(judgeDrift(checksWith(...codes))).toBe(verdict);
});

describe("the report", () => {
  test("tells what differs, and shows the engine's words on it only", () => {
    const report = driftReport(checksWith(7, 0, 1));
    expect(report).toContain(
      "- The cloud is not as it was deployed.\n- The policy pack does not accept the recorded",
    );
    expect(report).toContain(
      "<summary>Differences</summary>\n\n<pre>\n~ cloudflare:index/dnsRecord:DnsRecord: (update)",
    );
    expect(report).toContain("[mandatory] a-matches-address");
    expect(report).not.toContain("ptr-matches-helo");
    expect(report).toContain("| okmail.example.com | agrees |");
  });

  test("keeps within the limit whatever is long", () => {
    const long = checksWith(7, 1, 1);
    const output = "x <\n".repeat(100_000);
    const report = driftReport({
      ...long,
      changes: { code: 7, output },
      live: { code: 1, output },
      recorded: { code: 1, output },
      table: "| x |\n".repeat(100_000),
    });
    expect(report.length).toBeLessThanOrEqual(65_536);
    expect(report.length).toBeGreaterThan(60_000);
    expect(report.match(/<\/pre>\n\n<\/details>/g)).toHaveLength(3);
  });
});

describe("the issue", () => {
  const job = workflowJob();

  const report = (changes: string, live = "0", recorded = "0") =>
    reportDrift({
      ...job.github.env,
      GITHUB_SERVER_URL: "https://github.example",
      GITHUB_RUN_ID: "4711",
      GITHUB_STEP_SUMMARY: job.folder.path("summary.md"),
      STACK: "prod",
      CHANGES_CODE: changes,
      LIVE_CODE: live,
      RECORDED_CODE: recorded,
      CHANGES_OUTPUT: job.folder.write("changes.txt", "~ (update)\n"),
      LIVE_OUTPUT: job.folder.write("live.txt", "[mandatory] ptr-matches-helo\n"),
      RECORDED_OUTPUT: job.folder.path("never-written.txt"),
      TABLE: job.folder.path("never-written.md"),
    });
  const open = (body: string, login = BOT): StoredPost => {
    const issue = { ...job.github.post(login, body), title: "x", state: "open" };
    job.github.issues.push(issue);
    return issue;
  };
  const writes = () => job.github.requests.filter((request) => !request.startsWith("GET"));

  test("is opened on drift", async () => {
    expect(await report("7")).toBe("drift");
    expect(job.github.issues).toEqual([
      expect.objectContaining({ title: "Drift of stack prod", state: "open", user: { login: BOT } }),
    ]);
    expect(job.github.issues[0]?.body).toMatch(
      /^<!-- okmail drift prod -->\n- The cloud is not as it was deployed\./,
    );
    expect(job.folder.read("summary.md")).toContain("- The cloud is not as it was deployed.");
  });

  test("is updated while the drift goes on", async () => {
    await report("7");
    await report("0", "1");
    expect(job.github.issues).toHaveLength(1);
    expect(job.github.issues[0]?.body).toContain("ptr-matches-helo");
    expect(job.github.issues[0]?.body).not.toContain("not as it was deployed");
  });

  test("is found on a later page", async () => {
    job.github.pageSize = 2;
    for (let count = 0; count < 5; count++) open("Another matter", "octocat");
    const issue = open(`${MARKER}\nold`);
    await report("7");
    expect(issue.body).toContain("- The cloud is not as it was deployed.");
    expect(job.github.issues).toHaveLength(6);
  });

  test("is closed when the drift is gone, and says where that was seen", async () => {
    await report("7");
    expect(await report("0")).toBe("none");
    expect(job.github.issues[0]).toMatchObject({ state: "closed", state_reason: "completed" });
    expect(job.github.comments.get(job.github.issues[0]?.number ?? 0)?.map(({ body }) => body)).toEqual([
      "The drift is gone: https://github.example/octo/mail/actions/runs/4711",
    ]);
  });

  test("is a new one when drift comes back", async () => {
    await report("7");
    await report("0");
    await report("7");
    expect(job.github.issues.map(({ state }) => state)).toEqual(["closed", "open"]);
  });

  test("is not asked for where all is well", async () => {
    expect(await report("0")).toBe("none");
    expect(writes()).toEqual([]);
    expect(job.folder.read("summary.md")).toBe("No drift of prod.\n");
  });

  test("stays as it is when the cloud can't be asked", async () => {
    const issue = open(`${MARKER}\nold`);
    expect(await report("1", "1", "0")).toBe("undetermined");
    expect(await report("", "", "")).toBe("undetermined");
    expect(issue).toMatchObject({ state: "open", body: `${MARKER}\nold` });
    expect(job.github.requests).toEqual([]);
    expect(job.logged).toEqual(
      Array(2).fill(expect.stringMatching(/^::error::Whether prod has drifted could not be told/)),
    );
  });

  test("of somebody else with the marker is neither taken over nor closed", async () => {
    const issue = open(`${MARKER}\nmine`, "octocat");
    await report("0");
    expect(writes()).toEqual([]);
    await report("7");
    expect(issue).toMatchObject({ state: "open", body: `${MARKER}\nmine` });
    expect(job.github.issues).toHaveLength(2);
  });

  test("that may not be written is an error, for nobody would hear of the drift", async () => {
    job.github.forbidden = /^POST/;
    await expect(report("7")).rejects.toThrow("403 Resource not accessible by integration");
  });
});
