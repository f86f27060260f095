import { expect, test } from "vitest";
import { isForTheUser, parseEvent } from "../../toolchain/engine-event.ts";

function diagnostic(severity: string, message: string): string {
  return JSON.stringify({
    sequence: 3,
    timestamp: 1,
    diagnosticEvent: { message, color: "never", severity },
  });
}

test("an event is read from its line", () => {
  const line =
    '{"sequence":28,"timestamp":1795520492,"summaryEvent":{"isPreview":false,"result":"succeeded"}}';
  expect(parseEvent(line)?.summaryEvent).toMatchObject({ isPreview: false, result: "succeeded" });
});

test.each(["", "error: no stack", "{half", "[1]", '{"config":{}}', "{}", '"text"'])(
  "%j is no event",
  (line) => {
    expect(parseEvent(line)).toBeUndefined();
  },
);

test("a message comes without the colours of its stack trace", () => {
  const message = parseEvent(
    diagnostic("error", "Error: no\n\u001b[90m    at node:internal\u001b[39m"),
  )?.diagnosticEvent;
  expect(message?.message).toBe("Error: no\n    at node:internal");
});

test.each([
  ["error", "it failed", true],
  ["warning", "take care", true],
  ["info", "hello from the program", true],
  ["info#err", "hello from the program", true],
  ["debug", "Registering resource: t=pulumi:pulumi:Stack", false],
  ["warning", "using pulumi-language-nodejs from $PATH at /project/toolchain/language-host/x\n", false],
])("whether %s: %s is for the user: %s", (severity, message, expected) => {
  const event = parseEvent(diagnostic(severity, message));
  expect(event && isForTheUser(event)).toBe(expected);
});

test("an event without a message is for the user", () => {
  expect(isForTheUser({ sequence: 1, timestamp: 1, cancelEvent: {} })).toBe(true);
});
