import { isIPv4 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostNameFault, labelFault, normalizeName, reverseName } from "../../mail/host-name.ts";

const label63 = "a".repeat(63);
/** 253 octets: four labels of 61 to 63 octets. */
const name253 = [label63, label63, label63, "a".repeat(61)].join(".");

describe("normalizeName", () => {
  test.each([
    ["Mail.Example.COM.", "mail.example.com"],
    ["mail.example.com", "mail.example.com"],
    ["MAIL", "mail"],
    [".", ""],
    // Only one dot is the root's; a second one stays, so that it is found to be wrong.
    ["mail.example.com..", "mail.example.com."],
  ])("makes %j %j", (name, normal) => expect(normalizeName(name)).toBe(normal));

  test("of a normalized host name is that name", () => {
    fc.assert(
      fc.property(fc.domain(), (name) => {
        expect(normalizeName(normalizeName(name))).toBe(normalizeName(name));
      }),
    );
  });
});

describe("hostNameFault", () => {
  test.each([
    "mail.example.com",
    "MAIL.Example.com",
    "a.b",
    "3com.example",
    "1.2.3.4.example",
    "xn--mnchen-3ya.example",
    "r2---sn.example.com",
    `${label63}.example`,
    name253,
  ])("accepts %s", (name) => expect(hostNameFault(name)).toBeUndefined());

  test.each([
    ["", "is empty"],
    ["mail", "is one label, not a fully qualified name"],
    ["mail.example.com.", "ends in a dot"],
    [".example.com", "begins with a dot"],
    ["mail..example.com", "has two dots in a row"],
    ["my_host.example.com", 'has an underscore in "my_host"'],
    ["-a.example.com", 'has a hyphen at an end of "-a"'],
    ["a-.example.com", 'has a hyphen at an end of "a-"'],
    ["my host.example.com", 'has a space in "my host"'],
    ["*.example.com", 'has "*" in "*"'],
    ["a@b.example", 'has "@" in "a@b"'],
    ["a\nb.example", 'has "\\n" in "a\\nb"'],
    ["münchen.example", 'has "ü" in "münchen"; write "xn--mnchen-3ya"'],
    ["😀.example", 'has "😀" in "😀"; write "xn--e28h"'],
    ["192.0.2.1", "is an address, not a name"],
    ["[192.0.2.1]", "is an address, not a name"],
    ["[IPv6:2001:db8::1]", "is an address, not a name"],
    ["2001:db8::1", "is an address, not a name"],
    ["1.2.3.256", 'ends in the number "256", as no top-level domain does'],
    ["mail.example.123", 'ends in the number "123", as no top-level domain does'],
    [`${label63}a.example`, "has a label of 64 octets; a label has at most 63"],
    [`a${name253}`, "has a label of 64 octets; a label has at most 63"],
    [`a.${name253}`, "is 255 octets long; a name has at most 253"],
  ])("says that %j %s", (name, fault) => expect(hostNameFault(name)).toBe(fault));

  test("accepts any two or more letter-digit-hyphen labels up to 253 octets", () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
    const top = fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 8 }), top, (labels, last) => {
        expect(hostNameFault([...labels, last].join("."))).toBeUndefined();
      }),
    );
  });

  test("accepts no text with another character than letters, digits, hyphens and dots", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
        fc.pre(/[^A-Za-z0-9.-]/.test(text));
        expect(hostNameFault(`a${text}a.example`)).toBeTypeOf("string");
      }),
    );
  });
});

describe("labelFault", () => {
  test.each(["okmail", "m1", "1", "a-b", label63])("accepts %s", (label) =>
    expect(labelFault(label)).toBeUndefined(),
  );

  test.each([
    ["", "is empty"],
    ["a.b", 'has a dot in "a.b"; give the first label alone, the domain is added'],
    ["Mail", 'has a capital in "Mail"; write "mail"'],
    ["my_host", 'has an underscore in "my_host"'],
    ["-a", 'has a hyphen at an end of "-a"'],
    ["a b", 'has a space in "a b"'],
    [`${label63}a`, "has a label of 64 octets; a label has at most 63"],
  ])("says that %j %s", (label, fault) => expect(labelFault(label)).toBe(fault));
});

describe("reverseName", () => {
  test.each([
    ["192.0.2.10", "10.2.0.192.in-addr.arpa"],
    [
      "2001:db8::567:89ab",
      "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", // RFC 3596 2.5
    ],
    ["::FFFF:7F00:2", "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"],
    ["::ffff:127.0.0.2", "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"],
  ])("of %s is %s", (address, name) => expect(reverseName(address)).toBe(name));

  test.each(["", "192.0.2", "192.0.2.010", "192.0.2.256", "mail.example.com", "fe80::1%eth0"])(
    "refuses %j",
    (text) => expect(() => reverseName(text)).toThrow(RangeError),
  );

  test("has the octets of an IPv4 address backwards", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        fc.pre(isIPv4(address));
        const octets = reverseName(address).replace(".in-addr.arpa", "").split(".");
        expect(octets.reverse().join(".")).toBe(address);
      }),
    );
  });
});
