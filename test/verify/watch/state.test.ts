import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectFolder } from "../../../local/stack.ts";
import { readState, stateJsonSchema, writeState } from "../../../verify/watch/state.ts";
import { finding, newsOfRuns } from "./histories.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "okmail-watch-"));
  file = path.join(folder, "state.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

const { state } = newsOfRuns([[finding("disagrees")], [finding("undetermined")]]);

describe("a state file", () => {
  test("is read as it was written, and only its owner may read it", async () => {
    writeState(file, state);
    expect(await readState(file, "example.com")).toEqual(state);
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("may be missing, and its folder too", async () => {
    expect(await readState(path.join(folder, "a", "b", "state.json"), "example.com")).toBeUndefined();
    writeState(path.join(folder, "a", "b", "state.json"), state);
  });

  test("may speak of a rule that there is no more, and of what came later", async () => {
    const [first] = state.findings;
    const old = { ...first, finding: { ...first?.finding, rule: "rule-of-old" }, later: true };
    writeFileSync(file, JSON.stringify({ ...state, findings: [old], later: 1 }));
    expect((await readState(file, "example.com"))?.findings[0]?.finding.rule).toBe("rule-of-old");
  });

  test.each<[what: string, content: string, message: string]>([
    ["empty", "", "is no JSON. It was left as it is: give another file, or move this one away"],
    ["cut off", JSON.stringify(state).slice(0, -10), "is no JSON"],
    ["somebody else's", '{"version":1,"findings":[]}', "is no state of okmail watch. It was left as it is"],
    ["null", "null", "is no state of okmail watch"],
    [
      "of a later version",
      JSON.stringify({ ...state, version: 2 }),
      "is of version 2, and this okmail knows version 1",
    ],
    ["damaged", JSON.stringify({ ...state, findings: [{ told: 1 }] }), 'is damaged at "findings.0.finding"'],
    [
      "of another domain",
      JSON.stringify({ ...state, domain: "example.org" }),
      "is about example.org, not example.com",
    ],
  ])("that is %s is refused and left as it is", async (_, content, message) => {
    writeFileSync(file, content);
    await expect(readState(file, "example.com")).rejects.toThrow(`--state ${file} ${message}`);
    expect(readFileSync(file, "utf8")).toBe(content);
  });

  test("that is a folder, or lies in a file, is refused", async () => {
    await expect(readState(folder, "example.com")).rejects.toThrow(
      `--state ${folder} can't be used (EISDIR)`,
    );
    writeFileSync(file, "");
    await expect(readState(path.join(file, "state.json"), "example.com")).rejects.toThrow(
      /can't be used \(E(NOTDIR|EXIST)\)/,
    );
  });

  test("has a documented format", () => {
    const documented = path.join(projectFolder, "verify/watch/state.schema.json");
    const current = `${JSON.stringify(stateJsonSchema(), undefined, 2)}\n`;
    if (process.env.OKMAIL_WRITE_SCHEMA !== undefined) writeFileSync(documented, current);
    expect(JSON.parse(readFileSync(documented, "utf8"))).toEqual(JSON.parse(current));
  });
});
