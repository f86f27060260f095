// Verification of this project's own stack on the local cloud: in the process, and as the command on the stack's outputs.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectFolder } from "../../local/stack.ts";
import { verifyStack } from "../../local/verify-stack.ts";
import { runCommand } from "../../toolchain/command.ts";
import { findingsIn, reportSchema, type Report } from "../../verify/report.ts";
import { standingOf } from "../../verify/report/words.ts";
import { openTestStack, removeFolder, type TestStack } from "./local-stack.ts";

let opened: TestStack;
let outputs: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  opened = await openTestStack();
  const up = await opened.session.stack.up({});
  expect([up.errors, up.succeeded]).toEqual([[], true]);
  outputs = up.outputs;
});

afterAll(async () => {
  await opened.close();
  removeFolder(opened.folder);
});

function complaints(report: Report): string[] {
  return findingsIn(report)
    .filter(({ outcome }) => outcome !== "agrees")
    .map((finding) => `${finding.rule} ${standingOf(finding)}: ${finding.message}`);
}

describe("the stack as it is deployed", () => {
  it("is good: nothing that a strict receiver asks for disagrees", async () => {
    const report = await verifyStack(opened.session.cloud.plane, outputs);
    expect(report.verdict).toBe("good");
    expect(complaints(report).filter((text) => !text.includes(" remark: "))).toEqual([]);
    const rules = new Set(findingsIn(report).map(({ rule }) => rule));
    for (const rule of ["ptr-matches-helo", "dkim-key-published", "records-as-declared", "dns-is-consistent"])
      expect(rules).toContain(rule);
  });

  it("is listed once its address is on the local list", async () => {
    const { plane } = opened.session.cloud;
    const [host] = outputs.hosts as { address: string }[];
    plane.list(host?.address ?? "", "A test");
    try {
      const report = await verifyStack(plane, outputs);
      expect(report.verdict).toBe("refused");
      expect(complaints(report).join()).toContain("address-not-listed refused");
    } finally {
      plane.unlist(host?.address ?? "");
    }
  });

  it("has the DKIM key in use compared with the one in the DNS", async () => {
    const records = (outputs.records as { name: string; content?: string }[]).map((record) =>
      record.name.includes("_domainkey")
        ? { ...record, content: record.content?.replace(/p=MIIB.{20}/, (key) => `${key.slice(0, -1)}x`) }
        : record,
    );
    const report = await verifyStack(opened.session.cloud.plane, { ...outputs, records });
    expect(complaints(report).join("\n")).toMatch(/dkim-key-published|records-as-declared/);
  });
});

describe("okmail verify on its outputs", () => {
  const okmail = (...args: string[]) =>
    runCommand(process.execPath, [path.join(projectFolder, "verify", "okmail.ts"), ...args], {
      // The engine is where it always is, not in the stack's own folder.
      env: { ...process.env, ...opened.session.stack.environment(), PULUMI_HOME: process.env.PULUMI_HOME },
    });
  const overLocalDns = () => {
    const { dns } = opened.session.cloud.plane;
    const server = `${dns.address}:${dns.port}`;
    return [
      ...["--resolver", server, "--connect-to", `203.0.113.53:53=${server}`],
      ...["--dns-only", "--no-blocklists", "--json"],
    ];
  };

  it("writes a report as its schema says, and ends with 0", async () => {
    const file = path.join(opened.folder, "outputs.json");
    writeFileSync(file, JSON.stringify(outputs));
    const page = path.join(opened.folder, "report.html");
    const result = await okmail("verify", "--outputs", file, ...overLocalDns(), "--html", page);
    expect([result.code, result.stderr.includes("rror")]).toEqual([0, false]);
    const report = reportSchema.parse(JSON.parse(result.stdout));
    expect(report.verdict).toBe("good");
    expect(findingsIn(report).length).toBeGreaterThan(10);
  });

  it("reads them itself from the stack", async () => {
    const result = await okmail("verify", "--stack", "local", ...overLocalDns());
    expect(reportSchema.parse(JSON.parse(result.stdout)).verdict).toBe("good");
    expect(result.code).toBe(0);
  });

  it("says what the engine says of a stack that is not there", async () => {
    const result = await okmail("verify", "--stack", "nowhere", ...overLocalDns());
    expect([result.code, result.stderr]).toEqual([
      64,
      expect.stringContaining("--stack nowhere: pulumi stack output says: "),
    ]);
  });
});
