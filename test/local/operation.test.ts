import { describe, expect, test } from "vitest";
import type { CommandResult } from "../../toolchain/command.ts";
import type { EngineEvent } from "../../toolchain/engine-event.ts";
import { describeChanges } from "../../local/console.ts";
import { Operation } from "../../local/operation.ts";

const urn = (type: string, name: string) => `urn:pulumi:local::okmail::${type}::${name}`;
const event = (content: object) => ({ sequence: 0, timestamp: 0, ...content }) as unknown as EngineEvent;
const ended = (op: string, name: string, type = "aws:ec2/eip:Eip", outputs = {}) =>
  event({ resOutputsEvent: { metadata: { op, type, urn: urn(type, name), new: { outputs } } } });
const result = (code: number, stderr = ""): CommandResult => ({ code, signal: null, stdout: "", stderr });

function operation(events: readonly EngineEvent[], end = result(0)): Operation {
  const gathered = new Operation();
  for (const each of events) gathered.add(each);
  gathered.end(end);
  return gathered;
}

test("the steps are those of the operation itself, not of the preview before it", () => {
  const { steps, changes, warnings } = operation([
    event({ preludeEvent: { config: {} } }),
    ended("create", "planned"),
    event({ policyEvent: { policyName: "p", message: "not known yet", enforcementLevel: "warning" } }),
    event({ preludeEvent: { config: {} } }),
    ended("create", "made"),
    ended("same", "kept"),
  ]);
  expect(steps.map(({ name }) => name)).toEqual(["made", "kept"]);
  expect(changes).toEqual({ create: 1 });
  expect(warnings).toEqual([]);
});

test("the stack's outputs are at hand", () => {
  const stack = ended("same", "okmail-local", "pulumi:pulumi:Stack", { domain: "example.com" });
  expect(operation([stack]).outputs).toEqual({ domain: "example.com" });
});

describe("what went wrong is told", () => {
  const diagnostic = (severity: string, message: string) =>
    event({ diagnosticEvent: { severity, message, urn: urn("aws:ec2/eip:Eip", "mail-okmail-address") } });

  test("an error names its resource", () => {
    expect(operation([diagnostic("error", "quota\n")], result(1)).errors).toEqual([
      "mail-okmail-address: quota",
    ]);
  });

  test("a warning is no error", () => {
    const { errors, warnings, succeeded } = operation([diagnostic("warning", "old")]);
    expect([errors, warnings, succeeded]).toEqual([[], ["mail-okmail-address: old"], true]);
  });

  test("a policy violation is an error if it is mandatory", () => {
    const violation = (enforcementLevel: string) =>
      event({ policyEvent: { policyName: "spf-is-valid", message: "two records", enforcementLevel } });
    expect(operation([violation("mandatory")], result(1)).errors).toEqual(["spf-is-valid: two records"]);
    expect(operation([violation("warning")]).warnings).toEqual(["spf-is-valid: two records"]);
  });

  test("an engine that fails without an event is quoted", () => {
    expect(operation([], result(255, "error: no such stack\n")).errors).toEqual(["error: no such stack"]);
    expect(operation([], result(255)).errors).toEqual(["the engine ended without a word"]);
  });
});

test.each([
  [{}, "nothing changed"],
  [{ create: 2 }, "2 created"],
  [{ delete: 1, update: 3 }, "3 updated, 1 deleted"],
  [{ "create-replacement": 1, replace: 1, "delete-replaced": 1 }, "1 replaced"],
])("%j reads %s", (changes, text) => {
  expect(describeChanges(changes)).toBe(text);
});
