import { expect, test } from "vitest";
import { caaIssue } from "../../mail/caa.ts";

test("the authority may issue, after a challenge over HTTP", () => {
  expect(caaIssue("letsencrypt.org")).toEqual({
    flags: 0,
    tag: "issue",
    value: "letsencrypt.org; validationmethods=http-01",
  });
});

test.each([
  ["", 'the certification authority "" is empty'],
  [";", "the certification authority"],
  ["letsencrypt.org; accounturi=x", "the certification authority"],
])("refuses the authority %j", (issuer, message) => {
  expect(() => caaIssue(issuer)).toThrow(message);
});
