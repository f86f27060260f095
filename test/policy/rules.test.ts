import { describe, expect, it } from "vitest";
import { rules } from "../../mail/judge.ts";
import { mailPolicies } from "../../policy/mail-policies.ts";
import { mailRules } from "../../policy/rules/all.ts";
import { agreeingStack } from "../helpers/planned-stack.ts";
import { validateStack } from "./pack-run.ts";

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

  it("refuse what the five first points of the judge, a blocklist and an open relay say, and nothing else", () => {
    expect(mailRules.filter(({ level }) => level === "mandatory").map(({ name }) => name)).toEqual([
      "helo-is-host-name",
      "a-matches-address",
      "mail-name-not-proxied",
      "ptr-matches-helo",
      "spf-is-valid",
      "spf-permits-address",
      "spf-permits-helo",
      "mx-resolves",
      "address-not-listed",
      "spf-not-for-everyone",
      "relay-closed",
    ]);
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
