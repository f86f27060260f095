import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costsLookup, isSpfRecord, replaceNetworks, spfTerms } from "../../mail/spf-terms.ts";

test.each([
  ["v=spf1", true],
  ["v=spf1 -all", true],
  ["V=SPF1 -ALL", true],
  ["v=spf1 nonsense", true],
  ["v=spf10 -all", false],
  ["v=spf1\t-all", false],
  [" v=spf1 -all", false],
  ["spf2.0/pra -all", false],
  ["", false],
])("whether %j is an SPF record: %s", (text, expected) => {
  expect(isSpfRecord(text)).toBe(expected);
});

describe("the terms of a record", () => {
  const summary = (record: string): string[] =>
    spfTerms(record).map(
      ({ qualifier, kind, value, prefix }) =>
        `${qualifier} ${kind} ${value}${prefix === undefined ? "" : ` /${prefix}`}`,
    );

  test.each([
    ["v=spf1 ip4:192.0.2.10 -all", ["+ ip4 192.0.2.10", "- all "]],
    ["v=spf1 a mx ptr ?all", ["+ a ", "+ mx ", "+ ptr ", "? all "]],
    [
      "V=SPF1 +IP4:192.0.2.0/24 ~MX:Example.com/28//64 -ALL",
      ["+ ip4 192.0.2.0 /24", "~ mx Example.com /28", "- all "],
    ],
    ["v=spf1 a/24 a//64 a:%{d}/0", ["+ a  /24", "+ a ", "+ a %{d} /0"]],
    ["v=spf1 ip6:2001:db8::/32 ip6:::1", ["+ ip6 2001:db8:: /32", "+ ip6 ::1"]],
    [
      "v=spf1 exists:%{i}/x.example.com include:a.example.com",
      ["+ exists %{i}/x.example.com", "+ include a.example.com"],
    ],
    ["v=spf1 redirect=b.example.com a", ["+ a ", "+ redirect b.example.com"]],
    ["v=spf1 redirect=b.example.com -all a", ["- all "]],
    [
      "v=spf1  ip4:192.0.2.10   exp=x.example.com unknown=x  nonsense ip7:1 -all ",
      ["+ ip4 192.0.2.10", "- all "],
    ],
    ["v=spf1", []],
  ])("%s", (record, expected) => {
    expect(summary(record)).toEqual(expected);
  });

  test("of any text can be read", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => Array.isArray(spfTerms(`v=spf1 ${text}`))),
    );
  });
});

test("look-ups cost terms that ask the DNS, qualified and in capitals too", () => {
  const costly = spfTerms(
    "v=spf1 a ?MX ptr exists:a.b -INCLUDE:c.d ip4:192.0.2.1 ip6:::1 redirect=e.f",
  ).filter(costsLookup);
  expect(costly.map(({ kind }) => kind)).toEqual(["a", "mx", "ptr", "exists", "include", "redirect"]);
  expect(spfTerms("v=spf1 ~all").filter(costsLookup)).toEqual([]);
});

describe("networks are replaced", () => {
  test.each([
    ["an address", "v=spf1 ip4:192.0.2.1 -all", "v=spf1 ip4:0.0.0.0 -all"],
    ["a network with its prefix", "v=spf1 -IP4:192.0.0.0/8 -all", "v=spf1 -IP4:0.0.0.0 -all"],
    [
      "the address kept by its own network",
      "v=spf1 ip4:198.51.100.1/24 ip4:192.0.2.1",
      "v=spf1 ip4:198.51.100.1/24 ip4:0.0.0.0",
    ],
    [
      "not one that holds everybody",
      "v=spf1 ip4:0.0.0.0/0 ip4:192.0.2.1/0",
      "v=spf1 ip4:0.0.0.0/0 ip4:192.0.2.1/0",
    ],
    [
      "not an invalid term",
      "v=spf1 ip4:192.0.2.1/33 ip4:192.0.2 ip4:192.0.2.1/ ip4:192.0.2.300 ip4:192.0.2.01",
      "v=spf1 ip4:192.0.2.1/33 ip4:192.0.2 ip4:192.0.2.1/ ip4:192.0.2.300 ip4:192.0.2.01",
    ],
    [
      "not inside another term",
      "v=spf1 a:ip4:192.0.2.1 xip4:192.0.2.1 exp=ip4:192.0.2.1",
      "v=spf1 a:ip4:192.0.2.1 xip4:192.0.2.1 exp=ip4:192.0.2.1",
    ],
  ])("%s", (_, record, expected) => {
    expect(replaceNetworks(record, (address) => (address === "198.51.100.1" ? address : "0.0.0.0"))).toBe(
      expected,
    );
  });
});
