import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { rules } from "../../mail/judge.ts";
import { mailPolicies } from "../../policy/mail-policies.ts";
import { mailRules } from "../../policy/rules/all.ts";
import { agreeingStack } from "../helpers/planned-stack.ts";
import { validateStack } from "./pack-run.ts";

const readme = readFileSync(new URL("../../policy/README.md", import.meta.url), "utf8");

describe("the policies", () => {
  it("are the judge's rules in its order, and a few more", () => {
    const ids = rules.map(({ id }) => id as string);
    const names = mailRules.map(({ name }) => name as string);
    expect(names.filter((name) => ids.includes(name))).toEqual(ids);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(mailPolicies({ updating: false }))(
    "$name has a description, a level and remediation steps",
    (policy) => {
      expect(policy.description).toMatch(/^Requires that .*\.$/);
      expect(["mandatory", "advisory"]).toContain(policy.enforcementLevel);
      expect(policy.remediationSteps).toMatch(/\.$/);
    },
  );

  it("refuse what the five first points of the judge and an open relay say, and nothing else", () => {
    expect(mailRules.filter(({ level }) => level === "mandatory").map(({ name }) => name)).toEqual([
      "helo-is-host-name",
      "a-matches-address",
      "mail-name-not-proxied",
      "ptr-matches-helo",
      "spf-is-valid",
      "spf-permits-address",
      "spf-permits-helo",
      "mx-resolves",
      "spf-not-for-everyone",
      "relay-closed",
    ]);
  });

  it.each(mailRules)("$name is in policy/README.md with its level", ({ name, level }) => {
    expect(readme).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${level} `, "m"));
  });
});

describe("address-protected", () => {
  const unprotected = (protect: boolean) =>
    agreeingStack().map((resource) =>
      resource.name === "okmail-eip" ? { ...resource, opts: { ...resource.opts, protect } } : resource,
    );

  it.each([
    [false, ["okmail-eip"]],
    [true, []],
  ])("tells of a sending Elastic IP if protect is %s: %s", async (protect, expected) => {
    const found = await validateStack(mailPolicies({ updating: false }), unprotected(protect));
    const told = found.filter(({ policy }) => policy === "address-protected");
    expect(told.map(({ urn }) => urn?.split("::").at(-1))).toEqual(expected);
  });
});
