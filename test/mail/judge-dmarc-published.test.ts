import { describe, expect, test } from "vitest";
import type { Sender } from "../../mail/judge.ts";
import { UndeterminedError } from "../../mail/resolver.ts";
import type { Failure, Zone, ZoneName } from "../helpers/dns-zone.ts";
import { findingsOf, goodZone, objections, zoneWith } from "./judge-good-sender.ts";

const only = ["dmarc-published"] as const;
const policy = "v=DMARC1; p=reject";
const dmarc = (...records: string[]): Zone => zoneWith({ "_dmarc.example.com": { TXT: records } });
const at = (changes: Readonly<Record<string, ZoneName | Failure | undefined>>): Zone => zoneWith(changes);
const bounces = { mailFrom: "bounce.example.com", selectors: [] };

describe("agrees with", () => {
  test.each<[string, Zone, Partial<Sender>]>([
    ["the domain's own record", goodZone, {}],
    ["p=none, for monitoring", dmarc("v=DMARC1; p=none; rua=mailto:dmarc@example.com"), {}],
    ["a record in two strings", at({ "_dmarc.example.com": { TXT: [["v=DMA", "RC1; p=reject"]] } }), {}],
    ["a record beside other TXT records", dmarc("some-site-verification=1", policy), {}],
    [
      "a record behind an alias",
      at({ "_dmarc.example.com": { CNAME: ["dmarc.example.net"] }, "dmarc.example.net": { TXT: [policy] } }),
      {},
    ],
    ["the record of the domain above the From domain", goodZone, { from: "news.example.com" }],
    ["MAIL FROM in a subdomain, relaxed", goodZone, bounces],
    [
      "MAIL FROM above the From domain, relaxed",
      goodZone,
      { from: "news.example.com", mailFrom: "example.com", selectors: [] },
    ],
    ["a foreign MAIL FROM, by the DKIM domain", goodZone, { from: "example.com", mailFrom: "example.net" }],
    [
      "a foreign MAIL FROM, by a DKIM domain above",
      goodZone,
      {
        from: "news.example.com",
        mailFrom: "example.net",
        selectors: [{ selector: "s1", domain: "example.com" }],
      },
    ],
    [
      "a foreign DKIM domain, by MAIL FROM",
      goodZone,
      { selectors: [{ selector: "s1", domain: "example.net" }] },
    ],
    ["strict alignment with the very domain", dmarc("v=DMARC1; p=reject; adkim=s; aspf=s"), {}],
    ["the null sender, by the HELO name", goodZone, { mailFrom: "", from: "example.com", selectors: [] }],
  ])("%s", async (_, zone, sender) => {
    expect(await objections(zone, sender, { only })).toEqual([]);
  });
});

describe("objects, advisory by default, to", () => {
  test.each<[string, Zone, Partial<Sender>, string]>([
    ["no record", at({ "_dmarc.example.com": undefined }), {}, "No DMARC policy applies to example.com."],
    [
      "a record at the wrong name",
      at({ "_dmarc.example.com": undefined, "example.com": { ...goodZone["example.com"], TXT: [policy] } }),
      {},
      "No DMARC policy applies",
    ],
    [
      "several records",
      dmarc(policy, "v=DMARC1; p=none"),
      {},
      "several DMARC records at _dmarc.example.com, so none of them counts",
    ],
    ["a version in small letters", dmarc("v=dmarc1; p=reject"), {}, "No DMARC policy applies"],
    ["a version that is not first", dmarc("p=reject; v=DMARC1"), {}, "No DMARC policy applies"],
    ["a record without policy and reports", dmarc("v=DMARC1; adkim=s"), {}, "has no p tag"],
    ["a policy that is none", dmarc("v=DMARC1; p=refuse"), {}, '"p=refuse"'],
    ["an obsolete tag", dmarc("v=DMARC1; p=reject; pct=50"), {}, '"pct"'],
    [
      "a foreign MAIL FROM without DKIM",
      goodZone,
      { from: "example.com", mailFrom: "example.net", selectors: [] },
      "Nothing aligns with the From domain example.com: MAIL FROM example.net (relaxed).",
    ],
    [
      "MAIL FROM in a subdomain, strict",
      dmarc("v=DMARC1; p=reject; aspf=s"),
      { ...bounces, from: "example.com" },
      "MAIL FROM bounce.example.com (strict)",
    ],
    [
      "a DKIM domain above, strict",
      dmarc("v=DMARC1; p=reject; adkim=s"),
      {
        from: "news.example.com",
        mailFrom: "example.net",
        selectors: [{ selector: "s1", domain: "example.com" }],
      },
      "DKIM example.com (strict)",
    ],
    [
      "a sibling with a record that cuts it off",
      at({ "_dmarc.bounce.example.com": { TXT: ["v=DMARC1; p=none; psd=n"] } }),
      { ...bounces, from: "example.com" },
      "Nothing aligns",
    ],
  ])("%s", async (_, zone, sender, message) => {
    expect(await objections(zone, sender, { only })).toEqual(["dmarc-published remark"]);
    const finding = (await findingsOf("dmarc-published", zone, sender)).find(
      ({ outcome }) => outcome === "disagrees",
    );
    expect(finding?.message).toContain(message);
    expect(finding?.fix).toContain("example.com");
  });
});

test("remarks where receivers by RFC 7489 find another record", async () => {
  // The tree walk stops at the first psd=n; the public suffix list leads to example.com.
  const zone = at({ "_dmarc.eu.example.com": { TXT: ["v=DMARC1; p=none; psd=n"] } });
  const findings = await findingsOf("dmarc-published", zone, { from: "news.eu.example.com" });
  const { message, source } = findings.find((finding) => finding.source.startsWith("RFC 7489")) ?? {};
  expect(message).toBe(
    "Receivers that still read by RFC 7489 find another DMARC record for news.eu.example.com than _dmarc.eu.example.com: the one at _dmarc.example.com.",
  );
  expect(source).toBe("RFC 7489 6.6.3");
});

test("says nothing where there is no From domain", async () => {
  expect(await findingsOf("dmarc-published", goodZone, { mailFrom: "" })).toEqual([]);
});

test("a missing policy is mandatory where the settings say so", async () => {
  const zone = at({ "_dmarc.example.com": undefined });
  const severities = { "dmarc-published": "mandatory" } as const;
  expect(await objections(zone, {}, { only, severities })).toEqual(["dmarc-published disagrees"]);
});

test.each<[string, Zone, Partial<Sender>]>([
  ["a failing name server", at({ "_dmarc.example.com": "ESERVFAIL" }), {}],
  ["a time-out", at({ "_dmarc.example.com": "ETIMEOUT" }), {}],
  [
    "a record not known yet",
    at({ "_dmarc.example.com": new UndeterminedError("the content of mail-dmarc is not known yet") }),
    {},
  ],
  [
    "a failure on the way to the Organizational Domain, when it matters",
    at({ "_dmarc.com": "ESERVFAIL" }),
    { ...bounces, from: "example.com" },
  ],
])("can't tell with %s", async (_, zone, sender) => {
  expect(await objections(zone, sender, { only })).toEqual(["dmarc-published undetermined"]);
});

test("a failure above the domain's own record doesn't matter when the very domain aligns", async () => {
  expect(await objections(at({ "_dmarc.com": "ESERVFAIL" }), {}, { only })).toEqual([]);
});
