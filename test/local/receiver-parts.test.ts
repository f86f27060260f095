import { describe, expect, test } from "vitest";
import { checkBlocklist } from "../../local/receiver/blocklist.ts";
import { heloKind } from "../../local/receiver/helo.ts";
import { checkIprev } from "../../local/receiver/iprev.ts";
import { lookUp, type Resolve } from "../../local/receiver/lookup.ts";
import { reply } from "../../local/receiver/reply.ts";

/** Answers from an object; a text in place of an answer is the code of an error. */
function resolver(answers: Readonly<Record<string, readonly unknown[] | string>>): Resolve {
  return (name, type) => {
    const answer = answers[`${type} ${name}`] ?? "ENOTFOUND";
    return typeof answer === "string"
      ? Promise.reject(Object.assign(new Error(answer), { code: answer }))
      : Promise.resolve(answer);
  };
}

describe("the kind of a HELO name", () => {
  test.each([
    ["mail.example.com", "qualified"],
    ["my_host.example.com", "qualified"],
    ["xn--mil-xla.example.com", "qualified"],
    ["localhost", "unqualified"],
    ["192.0.2.10", "unqualified"],
    ["2001:db8::1", "unqualified"],
    ["[192.0.2.10]", "literal"],
    ["[IPv6:2001:db8::1]", "literal"],
    ["[192.0.2]", "invalid"],
    ["-mail.example.com", "invalid"],
    ["mail..example.com", "invalid"],
    ["mail.example.com.", "invalid"],
    ["mail example.com", "invalid"],
    [`${"x".repeat(64)}.example.com`, "invalid"],
    [`${"x.".repeat(127)}com`, "invalid"],
    ["", "invalid"],
  ])("%j is %s", (helo, kind) => expect(heloKind(helo)).toBe(kind));
});

describe("a blocklist", () => {
  const name = "10.2.0.192.dnsbl.example";
  test.each([
    [
      "that knows the address, lists it with its reason",
      { [`A ${name}`]: ["127.0.0.4"], [`TXT ${name}`]: [["spam ", "source"]] },
      { result: "listed", reason: "spam source" },
    ],
    ["without a reason lists it without", { [`A ${name}`]: ["127.0.0.4"] }, { result: "listed" }],
    [
      "that has several codes lists it by any",
      { [`A ${name}`]: ["127.255.255.254", "127.0.0.2"] },
      { result: "listed" },
    ],
    ["that doesn't know it, doesn't", {}, { result: "clear" }],
    [
      "that refuses to answer says nothing about it",
      { [`A ${name}`]: ["127.255.255.254"] },
      { result: "temperror" },
    ],
    ["that fails says nothing about it", { [`A ${name}`]: "ESERVFAIL" }, { result: "temperror" }],
    // A list whose domain was given up and sold answers anything.
    ["that is none doesn't list it", { [`A ${name}`]: ["198.51.100.1"] }, { result: "clear" }],
  ])("%s", async (_, answers, expected) => {
    expect(await checkBlocklist(resolver(answers), "192.0.2.10", "dnsbl.example")).toEqual({
      zone: "dnsbl.example",
      ...expected,
    });
  });
});

describe("iprev", () => {
  const ptr = "PTR 10.2.0.192.in-addr.arpa";
  test.each([
    ["pass", { [ptr]: ["a.example."], "A a.example": ["192.0.2.9", "192.0.2.10"] }],
    [
      "pass",
      { [ptr]: ["x.example", "a.example"], "A x.example": "ESERVFAIL", "A a.example": ["192.0.2.10"] },
    ],
    ["fail", { [ptr]: ["a.example"], "A a.example": ["192.0.2.11"] }],
    ["fail", { [ptr]: ["a.example"] }],
    ["permerror", {}],
    ["permerror", { [ptr]: [] }],
    ["temperror", { [ptr]: "ETIMEOUT" }],
    [
      "temperror",
      { [ptr]: ["x.example", "a.example"], "A x.example": "ESERVFAIL", "A a.example": ["192.0.2.11"] },
    ],
  ])("is %s for %j", async (result, answers) => {
    expect((await checkIprev(resolver(answers), "192.0.2.10")).result).toBe(result);
  });

  test("asks an IPv6 client's names for IPv6 addresses", async () => {
    const owner = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
    const answers = { [`PTR ${owner}`]: ["a.example"], "AAAA a.example": ["2001:db8::1"] };
    expect((await checkIprev(resolver(answers), "2001:db8::1")).result).toBe("pass");
  });
});

test.each([
  ["ENOTFOUND", "absent"],
  ["ENODATA", "absent"],
  ["EBADNAME", "absent"],
  ["ESERVFAIL", "failed"],
  ["ETIMEOUT", "failed"],
  ["EREFUSED", "failed"],
])("a look-up that ends in %s is %s", async (code, status) =>
  expect(await lookUp(resolver({ "A x": code }), "x", "A")).toEqual({ status, code }),
);

test("a reply is one line of ASCII that fits, whatever others put into it", () => {
  const { text } = reply(550, "5.7.1", `a\r\n250 ok\u0000ü${"x".repeat(1000)}`);
  expect(text).toMatch(/^a\?250 ok\?x+$/);
  expect(text.length).toBeLessThanOrEqual(480);
});
