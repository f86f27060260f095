import type { PolicyResource } from "@pulumi/policy";
import { expect, test } from "vitest";
import { mailPolicies } from "../../policy/mail-policies.ts";
import { agreeingStack, declare } from "../helpers/planned-stack.ts";
import { update, validateStack } from "./pack-run.ts";

// Records of the domain that no host is judged by, such as our own components make where the settings ask for them.

const zone = { zoneId: "zone-1", ttl: 300 };
const text = (name: string, content: string) =>
  declare.record(name, { ...zone, name, type: "TXT", content: `"${content}"` });

const beside: readonly (readonly [string, PolicyResource])[] = [
  ["a DKIM key that stands by", text("okmail2._domainkey.example.com", "v=DKIM1; k=rsa; p=")],
  ["an MTA-STS policy", text("_mta-sts.example.com", "v=STSv1; id=1;")],
  ["TLS reports", text("_smtp._tls.example.com", "v=TLSRPTv1; rua=mailto:tls@example.com")],
  [
    "a certification authority's permission",
    declare.record("caa", {
      ...zone,
      name: "okmail.example.com",
      type: "CAA",
      data: { flags: 0, tag: "issue", value: "letsencrypt.org" },
    }),
  ],
  [
    "a host's key for TLS",
    declare.record("tlsa", {
      ...zone,
      name: "_25._tcp.okmail.example.com",
      type: "TLSA",
      data: { usage: 3, selector: 1, matchingType: 1, certificate: "AB".repeat(32) },
    }),
  ],
];

test.each(beside)("%s changes no verdict, in preview and update", async (_, record) => {
  for (const addresses of [[], ["192.0.2.10"]]) {
    const stack = agreeingStack({ addresses });
    const policies = mailPolicies({ updating: addresses.length > 0 });
    const verdicts = await validateStack(policies, stack);
    expect(verdicts.length).toBeGreaterThan(0);
    expect(await validateStack(policies, [record, ...stack])).toEqual(verdicts);
    expect(await validateStack(policies, [...stack, record])).toEqual(verdicts);
  }
  const resources = [...agreeingStack({ addresses: ["192.0.2.10"] }), record];
  expect(await update(mailPolicies({ updating: true }), resources)).toEqual({});
});
