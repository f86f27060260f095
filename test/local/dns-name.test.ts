import { describe, expect, it, test } from "vitest";
import { canonicalName, isWithin, namesUpward, reverseName, wireNameFault } from "../../local/dns/name.ts";

test.each([
  ["192.0.2.10", "10.2.0.192.in-addr.arpa"],
  ["2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"],
])("the reverse name of %s is %s", (address, name) => expect(reverseName(address)).toBe(name));

test.each(["", "192.0.2", "192.0.2.256", "mail.example.com"])("%j has no reverse name", (text) =>
  expect(() => reverseName(text)).toThrow(`"${text}" is no IP address`),
);

test.each([
  ["Mail.Example.COM.", "mail.example.com"],
  [".", ""],
  ["", ""],
  ["a..", "a."],
])("%j is compared as %j", (name, canonical) => expect(canonicalName(name)).toBe(canonical));

test.each([
  ["a.b.example.com", "example.com", true],
  ["example.com", "example.com", true],
  ["example.com", "", true],
  ["notexample.com", "example.com", false],
  ["com", "example.com", false],
])("%j within %j: %j", (name, origin, within) => expect(isWithin(name, origin)).toBe(within));

it("walks from a name up to the root", () => expect([...namesUpward("a.b")]).toEqual(["a.b", "b", ""]));

describe("wireNameFault", () => {
  const longest = [63, 63, 63, 61].map((length) => "x".repeat(length)).join(".");

  test.each([
    ["a", undefined],
    ["", undefined],
    [longest, undefined],
    [`${longest}x`, /longer than 255 octets/],
    ["x".repeat(63), undefined],
    ["x".repeat(64), /longer than 63 octets/],
    ["a..b", /empty label/],
  ])("%j: %j", (name, fault) => {
    if (fault === undefined) expect(wireNameFault(name)).toBeUndefined();
    else expect(wireNameFault(name)).toMatch(fault);
  });
});
