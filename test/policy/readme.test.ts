// policy/README.md says what the pack does: its policies, levels and settings, and what violations say.

import { readFileSync } from "node:fs";
import type { Policy } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { judgeStack, type JudgementOptions } from "../../policy/judgement.ts";
import { mailPolicies } from "../../policy/mail-policies.ts";
import { mailRules } from "../../policy/rules/all.ts";
import type { MailRuleName } from "../../policy/rules/mail-rule.ts";
import { agreeingStack, postfixUserData, type StackOptions } from "../helpers/planned-stack.ts";

const readme = readFileSync(new URL("../../policy/README.md", import.meta.url), "utf8");

/** The text under a heading, up to the next one. */
function section(heading: string): string {
  const [, rest = ""] = readme.split(`\n## ${heading}\n`);
  return rest.split("\n## ")[0] ?? "";
}

/** The rows of a section's table, as texts without their code marks. */
function tableOf(heading: string): string[][] {
  return section(heading)
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")));
}

const policies: readonly Policy[] = mailPolicies({ updating: false });

describe("policy/README.md", () => {
  it("has the pack's policies with their levels", () => {
    const rows = tableOf("The policies").map(([name, level]) => [name, level]);
    expect(rows).toEqual(policies.map(({ name, enforcementLevel }) => [name, enforcementLevel]));
  });

  it("has the pack's settings with their defaults", () => {
    const rows = tableOf("Levels and settings").map(([policy, name, value]) => [policy, name, value]);
    const settings = policies.flatMap(({ name, configSchema }) =>
      Object.entries(configSchema?.properties ?? {}).map(([setting, schema]) => [
        name,
        setting,
        schema.default === undefined ? "none" : JSON.stringify(schema.default),
      ]),
    );
    expect(rows).toEqual(settings);
  });

  it("has in its example of levels and settings only those that there are", () => {
    const text = /```json\n(.*?)```/s.exec(section("Levels and settings"))?.[1] ?? "";
    for (const [name, value] of Object.entries(JSON.parse(text) as Record<string, string | object>)) {
      const policy = policies.find((each) => each.name === name);
      const allowed = ["enforcementLevel", ...Object.keys(policy?.configSchema?.properties ?? {})];
      expect(policy, name).toBeDefined();
      if (typeof value === "object") expect(allowed).toEqual(expect.arrayContaining(Object.keys(value)));
    }
  });

  it("has for each policy a violation as the pack puts it", async () => {
    const text = /```text\n(.*?)```/s.exec(section("What a violation says"))?.[1] ?? "";
    const shown = text.split("\n\n").map((violation) => violation.trim().replaceAll(/\s+/g, " "));
    expect(shown).toEqual(await Promise.all(mailRules.map(({ name }) => violationOf(name))));
  });
});

const address = "192.0.2.10";
const allocated = { addresses: [address] };
const record = (name: string, text: string): StackOptions => ({
  change: { [name]: { content: `"${text}"` } },
});
const host = (properties: Readonly<Record<string, unknown>>): StackOptions => ({
  change: { mail: properties },
});

/** How the host `mail` of example.com comes to violate each policy. */
const faults: Readonly<Record<MailRuleName, StackOptions & JudgementOptions>> = {
  "judged-completely": record("spf", "v=spf1 include:spf.example.org -all"),
  "helo-is-host-name": host({
    userData: postfixUserData("ip-10-0-0-5.ec2.internal"),
    tags: { "mail:domain": "example.com" },
  }),
  "a-matches-address": { change: { "mail-a": { content: "192.0.2.7" } } },
  "mail-name-not-proxied": { change: { "mail-a": { proxied: true } } },
  "ptr-matches-helo": { change: { "mail-ptr": { domainName: "smtp.example.com" } } },
  "spf-is-valid": record("spf", "v=spf1 ip4:192.0.2 -all"),
  "spf-permits-address": { ...allocated, spf: "v=spf1 ip4:192.0.2.7 -all" },
  "spf-permits-helo": { ...allocated, ...record("mail-spf", "v=spf1 -all") },
  "spf-not-too-wide": { ...allocated, spf: "v=spf1 ip4:192.0.2.0/24 -all" },
  "mx-resolves": { change: { "mx-mail": { content: "192.0.2.10" } } },
  "dkim-key-published": host({
    userData: `${postfixUserData("mail.example.com")}write_files:
- path: /etc/opendkim.conf
  content: "Domain example.com\\nSelector k1\\nKeyFile /etc/dkimkeys/k1.pem\\n"
`,
  }),
  "dmarc-published": record("dmarc", "v=DMARC1"),
  "address-not-listed": {
    ...allocated,
    listings: () => Promise.resolve([{ zone: "zen.spamhaus.org", outcome: "listed", detail: "127.0.0.2" }]),
  },
  "spf-not-for-everyone": record("spf", "v=spf1 +all"),
  "relay-closed": host({
    userData: `${postfixUserData("mail.example.com")}- postconf -e 'mynetworks = 0.0.0.0/0'\n`,
  }),
  "address-protected": {},
  remarks: { change: { "mail-spf": undefined } },
};

/** What the engine shows of a policy's violation: its name and the message. */
async function violationOf(policy: MailRuleName): Promise<string> {
  const stack = agreeingStack({ hosts: ["mail"], ...faults[policy] }).map((resource) =>
    policy === "address-protected" ? { ...resource, opts: { ...resource.opts, protect: false } } : resource,
  );
  const { reports } = await judgeStack(stack, faults[policy]);
  const found = reports.find(({ rule }) => rule === policy);
  return `${policy}: ${found?.message ?? "no violation"}`;
}
