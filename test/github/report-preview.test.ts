import { describe, expect, test } from "vitest";
import { previewReport, type Preview } from "../../.github/scripts/preview-report.ts";
import { reportPreview } from "../../.github/scripts/report-preview.ts";
import { BOT } from "./github-stub.ts";
import { workflowJob } from "./workflow-job.ts";

const MARKER = "<!-- okmail preview prod -->";
const TABLE = "| host | verdict |\n|---|---|\n| okmail.example.com | agrees |\n";
const OUTPUT = "Previewing update (prod):\n+ aws:ec2/eip:Eip: (create)\nResources:\n    + 1 to create\n";

const job = workflowJob();

function environment(changes: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    ...job.github.env,
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_RUN_ID: "4711",
    GITHUB_STEP_SUMMARY: job.folder.path("summary.md"),
    STACK: "prod",
    OUTCOME: "success",
    TABLE: job.folder.write("agreement.md", TABLE),
    OUTPUT: job.folder.write("preview.txt", OUTPUT),
    COMMIT: "0d58f69",
    PULL_REQUEST: "7",
    ...changes,
  };
}

const commentsOf = (pullRequest: number) => job.github.comments.get(pullRequest) ?? [];
const writes = () => job.github.requests.filter((request) => !request.startsWith("GET"));

describe("the comment", () => {
  test("has the marker, the verdict, the table, then the diff folded away", async () => {
    await reportPreview(environment());
    expect(commentsOf(7).map(({ body }) => body)).toEqual([
      [
        MARKER,
        "### Preview of prod: accepted",
        "",
        TABLE,
        "<details><summary>Changes</summary>",
        "",
        `<pre>\n${OUTPUT}</pre>`,
        "",
        "</details>",
        "",
        "<sub>Commit 0d58f69, [log](https://github.example/octo/mail/actions/runs/4711)</sub>",
        "",
      ].join("\n"),
    ]);
  });

  test("is updated in place by the next preview", async () => {
    await reportPreview(environment());
    await reportPreview(environment({ OUTCOME: "failure", COMMIT: "fad0837" }));
    expect(commentsOf(7)).toHaveLength(1);
    expect(commentsOf(7)[0]?.body).toContain("### Preview of prod: refused");
    expect(commentsOf(7)[0]?.body).toContain("fad0837");
  });

  test("is found again on a later page", async () => {
    const others = Array.from({ length: 230 }, () => job.github.post("octocat", "I like it"));
    job.github.comments.set(7, [
      ...others,
      job.github.post(BOT, `${MARKER}\nold`),
      job.github.post("octocat", "Me too"),
    ]);
    await reportPreview(environment());
    expect(commentsOf(7)).toHaveLength(232);
    expect(commentsOf(7)[230]?.body).toContain("accepted");
    expect(writes()).toEqual([expect.stringMatching(/^PATCH /)]);
  });

  test.each([
    ["somebody else's with the marker", "octocat", `${MARKER}\n### Preview of prod: accepted`],
    ["the bot's about another stack", BOT, "<!-- okmail preview staging -->\nold"],
    ["the bot's that quotes the marker", BOT, `> ${MARKER}`],
    ["the bot's with no text", BOT, ""],
  ])("never takes over %s", async (_, login, body) => {
    job.github.comments.set(7, [job.github.post(login, body)]);
    await reportPreview(environment());
    expect(commentsOf(7).map((comment) => comment.body)).toEqual([body, expect.stringContaining(MARKER)]);
  });

  test("does not touch the comments of another pull request", async () => {
    job.github.comments.set(8, [job.github.post(BOT, `${MARKER}\nold`)]);
    await reportPreview(environment());
    expect(commentsOf(8)[0]?.body).toBe(`${MARKER}\nold`);
    expect(commentsOf(7)).toHaveLength(1);
  });

  test("of a diff that is too long is cut, closed, and taken by GitHub", async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `+ <resource ${index}>`);
    const text = [...lines, "Policies:", "    [mandatory] ptr-matches-helo"].join("\n");
    await reportPreview(environment({ OUTPUT: job.folder.write("long.txt", text) }));
    const body = commentsOf(7)[0]?.body ?? "";
    expect(body.length).toBeLessThanOrEqual(65_536);
    expect(body.length).toBeGreaterThan(65_000);
    expect(body).toContain("| okmail.example.com | agrees |");
    expect(body).toContain("+ &lt;resource 0&gt;");
    expect(body).toMatch(/… \d+ lines left out …/);
    expect(body).toContain("[mandatory] ptr-matches-helo\n</pre>\n\n</details>");
  });

  test("says why there is no table", async () => {
    await reportPreview(environment({ OUTCOME: "failure", TABLE: job.folder.path("never-written.md") }));
    expect(commentsOf(7)[0]?.body).toContain("There is no agreement table: the preview ended before");
  });
});

describe("a token that may not comment", () => {
  test.each([/^POST/, /^GET/])("leaves the summary and a warning (%s)", async (forbidden) => {
    job.github.forbidden = forbidden;
    await reportPreview(environment());
    expect(job.folder.read("summary.md")).toContain("### Preview of prod: accepted");
    expect(job.logged).toEqual([
      expect.stringMatching(/^::warning::.*403 Resource not accessible.*pull-requests: write/),
    ]);
    expect(commentsOf(7)).toEqual([]);
  });

  test("that is no token at all is an error", async () => {
    await expect(reportPreview(environment({ GITHUB_TOKEN: "wrong" }))).rejects.toThrow(
      "401 Bad credentials",
    );
  });
});

test("without a pull request, the report goes to the summary only", async () => {
  await reportPreview(environment({ PULL_REQUEST: "", GITHUB_TOKEN: "" }));
  expect(job.folder.read("summary.md")).toContain(TABLE);
  expect(job.folder.read("summary.md")).toContain("+ aws:ec2/eip:Eip: (create)");
  expect(job.github.requests).toEqual([]);
});

test("the summary keeps what is in it already", async () => {
  job.folder.write("summary.md", "Before\n");
  await reportPreview(environment({ PULL_REQUEST: "" }));
  expect(job.folder.read("summary.md")).toMatch(/^Before\n### Preview of prod/);
});

test.each(["STACK", "OUTCOME", "TABLE", "OUTPUT", "COMMIT", "GITHUB_RUN_ID"])(
  "a workflow that does not pass %s is told so",
  async (name) => {
    await expect(reportPreview(environment({ [name]: "" }))).rejects.toThrow(`${name} is not set`);
  },
);

describe("the report", () => {
  const preview: Preview = {
    stack: "prod",
    accepted: true,
    table: TABLE,
    output: `${OUTPUT}error: no changes were expected for preview but changes were proposed\n`,
    commit: "0d58f69",
    log: "https://github.example/log",
  };

  test("keeps within the limit whatever is long", () => {
    const rows = TABLE + "| okmail.example.com | agrees |\n".repeat(5_000);
    for (const [table, output] of [
      [rows, "short"],
      ["short", "x\n".repeat(100_000)],
      [rows, "x\n".repeat(100_000)],
      ["x".repeat(100_000), "x".repeat(100_000)],
      [undefined, "<".repeat(100_000)],
    ] as const) {
      const report = previewReport({ ...preview, table, output }, 10_000);
      expect(report.length).toBeLessThanOrEqual(10_000);
      expect(report).toContain("</pre>\n\n</details>\n\n<sub>Commit 0d58f69");
    }
  });

  test("does not call the changes an error if the preview was only asked for them", () => {
    expect(previewReport(preview, 10_000)).not.toContain("no changes were expected");
    expect(previewReport({ ...preview, accepted: false }, 10_000)).toContain("no changes were expected");
  });
});
