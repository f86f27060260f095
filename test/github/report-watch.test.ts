import { describe, expect, test } from "vitest";
import { reportWatch } from "../../.github/scripts/report-watch.ts";
import { BOT } from "./github-stub.ts";
import { workflowJob } from "./workflow-job.ts";

const MARKER = "<!-- okmail watch prod -->";
const LOG = "<sub>[Log](https://github.example/octo/mail/actions/runs/4711)</sub>";

const job = workflowJob();

/** Reports a run with so many changes after which so much stands. */
const report = (changes: number, open: number, text = `**${changes} new; ${open} stand.**\n`) =>
  reportWatch({
    ...job.github.env,
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_RUN_ID: "4711",
    GITHUB_STEP_SUMMARY: job.folder.path("summary.md"),
    STACK: "prod",
    NEWS: job.folder.write(
      "news.json",
      JSON.stringify({ domain: "example.com", changes: Array(changes).fill({}), open: Array(open).fill({}) }),
    ),
    TEXT: job.folder.write("news.md", text),
  });
const writes = () => job.github.requests.filter((request) => !request.startsWith("GET"));
const comments = () =>
  [...job.github.comments.values()].flatMap((posts) => posts.map(({ body }) => body.split("\n")[0]));

describe("the issue about the live sender", () => {
  test("is opened when something is wrong", async () => {
    await report(1, 1);
    expect(job.github.issues).toEqual([
      expect.objectContaining({
        title: "Mail of example.com (stack prod)",
        state: "open",
        user: { login: BOT },
      }),
    ]);
    expect(job.github.issues[0]?.body).toBe(
      `${MARKER}\n**1 new; 1 stand.**\n\n\nThis issue closes by itself when nothing stands any more.\n\n${LOG}`,
    );
    expect(job.folder.read("summary.md")).toBe("**1 new; 1 stand.**\n");
    expect(job.logged).toEqual([expect.stringMatching(/^::warning::Something has changed for example.com/)]);
  });

  test("says how it is, and has a comment on each change, of which people are told", async () => {
    await report(1, 1);
    await report(1, 2);
    await report(2, 1);
    expect(job.github.issues).toHaveLength(1);
    expect(job.github.issues[0]?.body).toContain("**2 new; 1 stand.**");
    expect(comments()).toEqual(["**1 new; 2 stand.**", "**2 new; 1 stand.**"]);
  });

  test("is left alone while nothing changes", async () => {
    await report(1, 1);
    job.github.requests.length = 0;
    await report(0, 1);
    await report(0, 0);
    expect(job.github.requests).toEqual([]);
  });

  test("is closed when nothing stands any more, and says so", async () => {
    await report(1, 1);
    await report(1, 0);
    expect(job.github.issues[0]).toMatchObject({ state: "closed", state_reason: "completed" });
    expect(comments()).toEqual(["**1 new; 0 stand.**"]);
    await report(1, 1);
    expect(job.github.issues.map(({ state }) => state)).toEqual(["closed", "open"]);
  });

  test("isn't needed for what is over before there is one", async () => {
    await report(1, 0);
    expect(writes()).toEqual([]);
  });

  test("of somebody else with the marker is neither taken over nor closed", async () => {
    job.github.issues.push({ ...job.github.post("octocat", `${MARKER}\nmine`), title: "x", state: "open" });
    await report(1, 0);
    expect(writes()).toEqual([]);
    await report(1, 1);
    expect(job.github.issues.map(({ body }) => body.split("\n")[1])).toEqual(["mine", "**1 new; 1 stand.**"]);
  });

  test("keeps within GitHub's limit", async () => {
    await report(1, 1, "| x |\n".repeat(100_000));
    await report(1, 1, "| x |\n".repeat(100_000));
    const bodies = [...job.github.issues, ...[...job.github.comments.values()].flat()].map(
      ({ body }) => body,
    );
    expect(bodies).toHaveLength(2);
    for (const body of bodies) {
      expect(body.length).toBeGreaterThan(60_000);
      expect(body.endsWith(LOG)).toBe(true);
    }
  });

  test.each([
    ["opened", /^POST \/issues$/, 0],
    ["commented on", /^POST \/issues\/\d+\/comments/, 1],
    ["closed", /^PATCH/, 1],
  ])("that can't be %s is an error, so that the next run finds it new", async (_, forbidden, before) => {
    if (before > 0) await report(1, 1);
    job.github.forbidden = forbidden;
    await expect(report(1, 0 + (forbidden.source.includes("PATCH") ? 0 : 1))).rejects.toThrow("403");
  });

  test("needs what okmail watch writes", async () => {
    const env = { ...job.github.env, STACK: "prod", NEWS: job.folder.path("none"), TEXT: "x" };
    await expect(reportWatch(env)).rejects.toThrow("NEWS names no file: okmail watch has written none");
  });
});
