// Reports: the JSON and its schema, the exit code, and what strangers' text can't do to a terminal, an issue or a page.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import { WriteStream } from "node:tty";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { projectFolder } from "../../local/stack.ts";
import {
  exitCodeOf,
  reportJsonSchema,
  reportSchema,
  verdictOf,
  type Report,
  type ReportedFinding,
} from "../../verify/report.ts";
import { htmlReport } from "../../verify/report/html.ts";
import { markdownReport } from "../../verify/report/markdown.ts";
import { terminalReport } from "../../verify/report/terminal.ts";
import { summary } from "../../verify/report/words.ts";
import { elementsOf } from "./html-elements.ts";
import { goodSubject, World } from "./world.ts";

const world = new World();
afterEach(() => world.close());

const hostile = `"><script>alert(1)</script>|@everyone [x](https://evil.example)\u001b[31m\u202e\r\n`;

function finding(changes: Partial<ReportedFinding> = {}): ReportedFinding {
  return {
    rule: "ptr-matches-helo",
    outcome: "disagrees",
    severity: "mandatory",
    subject: { helo: "okmail.example.com", address: "192.0.2.10" },
    message: "The PTR record of 192.0.2.10 names elsewhere.example.com, not okmail.example.com.",
    expected: "okmail.example.com",
    found: "elsewhere.example.com",
    fix: "Set the reverse name of 192.0.2.10 to okmail.example.com.",
    source: "RFC 8601 3 (iprev)",
    ...changes,
  };
}

function reportOf(
  findings: readonly ReportedFinding[],
  unchecked: readonly string[] = [],
  ofDomain: readonly ReportedFinding[] = [],
): Report {
  return {
    version: 1,
    time: "2026-11-24T12:00:00.000Z",
    verdict: verdictOf(findings),
    resolvers: ["9.9.9.9"],
    unchecked: [...unchecked],
    domain: {
      name: "example.com",
      mx: [{ name: "okmail.example.com", addresses: ["192.0.2.10"] }],
      findings: [...ofDomain],
    },
    senders: [
      {
        helo: "okmail.example.com",
        addresses: ["192.0.2.10"],
        names: {
          a: ["192.0.2.10"],
          ptr: [{ address: "192.0.2.10", names: ["elsewhere.example.com"] }],
        },
        findings: [...findings],
      },
    ],
  };
}

const agreement = withoutFix(finding({ outcome: "agrees", rule: "mx-resolves", message: "It resolves." }));
const remark = finding({ severity: "advisory", rule: "caa-published" });
const unclear = finding({ outcome: "undetermined", rule: "mx-answers" });
const unclearRemark = finding({ outcome: "undetermined", severity: "advisory", rule: "dnssec-validates" });

/** What agrees needs no fix. */
function withoutFix(one: ReportedFinding): ReportedFinding {
  return Object.fromEntries(Object.entries(one).filter(([key]) => key !== "fix")) as ReportedFinding;
}

describe("the verdict", () => {
  test.each<[string, ReportedFinding[], number]>([
    ["nothing but agreement", [agreement], 0],
    ["remarks", [agreement, remark, unclearRemark], 0],
    ["something mandatory that disagrees, whatever else", [agreement, unclear, finding()], 1],
    ["something mandatory that can't be told", [agreement, unclear, remark], 2],
  ])("of %s ends with its code", (_, findings, code) => {
    expect(exitCodeOf(verdictOf(findings))).toBe(code);
  });

  test("is summed up with all four counts", () => {
    expect(summary(reportOf([agreement, remark, unclear, finding()]))).toBe(
      "A strict receiver refuses this mail. 1 disagrees, 1 can't be told, 1 remark, 1 agrees.",
    );
  });
});

describe("the JSON", () => {
  test("of a real verification is as its schema says", async () => {
    const report = await world.verify({ subject: goodSubject });
    expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  test("schema in the project is that of the code", () => {
    const file = path.join(projectFolder, "verify", "report.schema.json");
    const current = `${JSON.stringify(reportJsonSchema(), undefined, 2)}\n`;
    if (process.env.OKMAIL_WRITE_SCHEMA !== undefined) writeFileSync(file, current);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(JSON.parse(current));
  });

  test("schema describes every field", () => {
    const undescribed: string[] = [];
    const look = (schema: unknown, where: string) => {
      if (typeof schema !== "object" || schema === null) return;
      const { properties, items, description } = schema as {
        properties?: Record<string, unknown>;
        items?: unknown;
        description?: string;
      };
      const isLeaf = properties === undefined && items === undefined;
      if (isLeaf && description === undefined) undescribed.push(where);
      for (const [name, field] of Object.entries(properties ?? {})) look(field, `${where}.${name}`);
      if (items !== undefined && description === undefined) look(items, `${where}[]`);
    };
    look(reportJsonSchema(), "report");
    expect(undescribed).toEqual([]);
  });
});

describe("the table for a terminal", () => {
  const stream = (isTTY: boolean) =>
    Object.assign(new PassThrough(), {
      isTTY,
      columns: 80,
      // Not the environment of whoever runs the tests: a CI makes Node answer "no colours".
      getColorDepth: () =>
        WriteStream.prototype.getColorDepth({ TERM: "xterm-256color", NO_COLOR: process.env.NO_COLOR }),
    }) as unknown as NodeJS.WriteStream;
  beforeEach(() => {
    vi.stubEnv("FORCE_COLOR", undefined);
    vi.stubEnv("NO_COLOR", undefined);
  });
  afterEach(() => vi.unstubAllEnvs());

  test("has colours in a terminal, and none elsewhere or where NO_COLOR says so", () => {
    const report = reportOf([finding()]);
    expect(terminalReport(report, stream(true))).toContain("\u001b[31m");
    expect(terminalReport(report, stream(false))).not.toContain("\u001b");
    vi.stubEnv("NO_COLOR", "1");
    expect(terminalReport(report, stream(true))).not.toContain("\u001b");
  });

  test("has the worst first, with its fix and its source", () => {
    const text = terminalReport(reportOf([agreement, remark, finding()], ["a"]), stream(false));
    expect(text).toBe(
      [
        "okmail.example.com (192.0.2.10)",
        "  ✗ ptr-matches-helo  The PTR record of 192.0.2.10 names elsewhere.example.com, not okmail.example.com.",
        "                      -> Set the reverse name of 192.0.2.10 to okmail.example.com.",
        "                      [RFC 8601 3 (iprev)]",
        "  ! caa-published     The PTR record of 192.0.2.10 names elsewhere.example.com, not okmail.example.com.",
        "                      -> Set the reverse name of 192.0.2.10 to okmail.example.com.",
        "                      [RFC 8601 3 (iprev)]",
        "  ✓ mx-resolves       It resolves.",
        "",
        "Not checked: a.",
        "",
        "A strict receiver refuses this mail. 1 disagrees, 1 remark, 1 agrees.",
      ].join("\n"),
    );
  });

  test("moves no cursor and rings no bell, whatever a record holds", () => {
    const text = terminalReport(reportOf([finding({ message: hostile, fix: hostile })]), stream(false));
    // eslint-disable-next-line no-control-regex -- They must not be there.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain("\\u001b[31m\\u202e\\u000d\\u000a");
  });

  test("keeps within the width of a terminal", () => {
    const plain = terminalReport(reportOf([finding()]), stream(true));
    // eslint-disable-next-line no-control-regex -- Colours.
    const lines = plain.replace(/\u001b\[\d+m/g, "").split("\n");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });
});

describe("the Markdown", () => {
  test("is one row for each finding", () => {
    const rows = markdownReport(reportOf([finding(), agreement]))
      .split("\n")
      .filter((line) => line.startsWith("| "));
    expect(rows).toHaveLength(4);
    expect(rows[2]).toMatch(/^\| ✗ \| `ptr-matches-helo` \|/);
  });

  test("has no link, no mention, no tag and no cell of a stranger's making", () => {
    const text = markdownReport(reportOf([finding({ message: hostile, fix: hostile })]));
    const row = text.split("\n").find((line) => line.includes("ptr-matches-helo")) ?? "";
    expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
    expect(row).not.toMatch(/<script|@everyone|https:\/\/|(?<!\\)\[x/);
  });
});

describe("the page", () => {
  test("is well formed, names nothing outside itself, and has the picture", () => {
    const elements = elementsOf(htmlReport(reportOf([finding(), remark, unclear, agreement])));
    const names = elements.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["svg", "table", "title", "style", "h1"]));
    expect(names).not.toEqual(expect.arrayContaining(["script", "link", "img", "iframe", "object"]));
    const outside = elements.flatMap(({ attributes }) =>
      Object.entries(attributes).filter(([name]) =>
        /^(src|href|xlink:href|action|data|srcset|on.*)$/.test(name),
      ),
    );
    expect(outside).toEqual([]);
    expect(htmlReport(reportOf([finding()]))).not.toMatch(/@import|url\(/);
  });

  test("has strangers' text as text", () => {
    const page = htmlReport(reportOf([finding({ message: hostile, fix: hostile, source: hostile })]));
    expect(elementsOf(page).map(({ name }) => name)).not.toContain("script");
    expect(page).not.toContain("<script");
  });

  test.each([
    [finding(), "refused"],
    [unclear, "unclear"],
    [agreement, "good"],
  ] as const)("says how it stands by class, mark and word: %#", (one, standing) => {
    const heading = elementsOf(htmlReport(reportOf([one]))).find(({ name }) => name === "h1");
    expect(heading?.attributes.class).toBe(standing);
  });

  test("draws boxes that lie in the picture and on no other", () => {
    const elements = elementsOf(htmlReport(reportOf([finding()])));
    const start = elements.findIndex(({ name }) => name === "svg");
    const [, , width, height] = (elements[start]?.attributes.viewbox ?? "").split(" ").map(Number);
    const boxes = elements
      .slice(start)
      .filter(({ name }) => name === "rect")
      .map(
        ({ attributes: { x, y, width: w, height: h } }) =>
          [x, y, w, h].map(Number) as [number, number, number, number],
      );
    expect(boxes).toHaveLength(5);
    for (const [x, y, w, h] of boxes) {
      expect(x + w).toBeLessThanOrEqual(width ?? 0);
      expect(y + h).toBeLessThanOrEqual(height ?? 0);
    }
    const overlapping = boxes.filter(([x, y], index) =>
      boxes.some(
        ([x2, y2, w, h], other) => other !== index && x < x2 + w && x2 <= x && y < y2 + h && y2 <= y,
      ),
    );
    expect(overlapping).toEqual([]);
  });

  test("draws what is said of the domain between its boxes as well", () => {
    const unpublished = finding({ rule: "dmarc-published" });
    const page = htmlReport(reportOf([agreement], [], [unpublished]));
    const links = elementsOf(page).filter(({ attributes }) => attributes.class === "link refused");
    expect(links).toHaveLength(1);
    expect(page.match(/<h2>.*<\/h2>/g)).toEqual([
      "<h2>example.com</h2>",
      "<h2>okmail.example.com (192.0.2.10)</h2>",
    ]);
  });

  test("shows by the line between two boxes that they don't agree", () => {
    const elements = elementsOf(htmlReport(reportOf([finding()])));
    const links = elements.filter(({ attributes }) => attributes.class?.startsWith("link "));
    expect(links.filter(({ attributes }) => attributes.class === "link refused")).toHaveLength(2);
    expect(links.filter(({ attributes }) => attributes.class === "link unjudged")).toHaveLength(3);
  });
});
