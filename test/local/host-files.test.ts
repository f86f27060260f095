import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readCloudConfig } from "../../local/host/cloud-config.ts";
import { isAllowed } from "../../local/host/iam-policy.ts";
import { readKeyFetches } from "../../local/host/key-fetch.ts";
import { expandSetting, readMainCf } from "../../local/host/main-cf.ts";
import { readSigningRules, ruleFor } from "../../local/host/opendkim.ts";

describe("main.cf", () => {
  test.each([
    ["a = b", { a: "b" }],
    ["a=b\n\n# c = d\n  # e\na = f", { a: "f" }],
    ["a =\n  b,\n# between\n\tc\nd = e", { a: "b, c", d: "e" }],
    ["a = b,\n  # indented\n  c", { a: "b, c" }],
    ["a = b = c", { a: "b = c" }],
    ["a =", { a: "" }],
    ["no setting\na = b\r\n", { a: "b" }],
  ])("%j is read as Postfix reads it", (text, settings) =>
    expect(Object.fromEntries(readMainCf(text))).toEqual(settings),
  );

  test.each([
    ["smtp_helo_name = $myhostname\nmyhostname = a.example", "a.example"],
    [
      "smtp_helo_name = ${myhostname}\nmyhostname = $(name).$mydomain\nname = a\nmydomain = example",
      "a.example",
    ],
    ["myhostname = a.example", "a.example"],
    ["smtp_helo_name = $$$undefined", "$"],
  ])("the HELO name of %j is %s", (text, helo) =>
    expect(expandSetting(readMainCf(text), "smtp_helo_name")).toBe(helo),
  );

  it("with settings that refer to each other is refused", () =>
    expect(() => expandSetting(readMainCf("a = $b\nb = $a"), "a")).toThrow("refer to each other"));

  it("is read without a crash, whatever it holds", () =>
    fc.assert(fc.property(fc.string(), (text) => void readMainCf(text))));
});

describe("a cloud-config", () => {
  const file = (entry: string) => Buffer.from(`#cloud-config\nwrite_files:\n- path: /f\n  ${entry}\n`);
  test.each([
    ["plain", file("content: text"), "text"],
    ["base64", file(`encoding: b64\n  content: ${Buffer.from("text").toString("base64")}`), "text"],
    ["gzip in base64", file(`encoding: gz+b64\n  content: ${gzipSync("text").toString("base64")}`), "text"],
    [
      "gzip, binary",
      file(`encoding: gzip\n  content: !!binary ${gzipSync("text").toString("base64")}`),
      "text",
    ],
    ["gzipped as a whole", gzipSync(file("content: text")), "text"],
    ["appended", file("content: te\n- path: /f\n  content: xt\n  append: true"), "text"],
    ["overwritten", file("content: other\n- path: /f\n  content: text"), "text"],
  ])("with a file written %s", (_, userData, content) =>
    expect(readCloudConfig(userData).files.get("/f")).toBe(content),
  );

  it("may give the host its name", () =>
    expect(readCloudConfig(Buffer.from("#cloud-config\nfqdn: a.example\n")).fqdn).toBe("a.example"));

  test.each([
    ["a script", Buffer.from("#!/bin/sh\n")],
    ["a MIME archive", Buffer.from("Content-Type: multipart/mixed\n\n")],
    ["nothing", Buffer.alloc(0)],
    ["broken gzip", Buffer.from([0x1f, 0x8b, 1, 2, 3])],
    ["a gzip bomb", gzipSync(Buffer.concat([Buffer.from("#cloud-config\n"), Buffer.alloc(2_000_000, " ")]))],
    ["broken YAML", Buffer.from("#cloud-config\na: [")],
  ])("that is %s is refused", (_, userData) => expect(() => readCloudConfig(userData)).toThrow());

  test.each([
    "#cloud-config\n",
    "#cloud-config\n[]",
    "#cloud-config\nwrite_files: 7",
    "#cloud-config\nwrite_files: [{}]",
  ])("as empty as %j writes nothing", (text) =>
    expect(readCloudConfig(Buffer.from(text)).files.size).toBe(0),
  );
});

describe("OpenDKIM's configuration", () => {
  const tables = (signing: string, keys: string, more = "") =>
    new Map([
      ["/etc/opendkim.conf", `Mode sv\nSigningTable refile:/s\nKeyTable file:/k\n${more}`],
      ["/s", signing],
      ["/k", keys],
    ]);
  const rule = { author: "*@example.com", domain: "example.com", selector: "k1", keyPath: "/key" };

  test.each([
    ["tables", tables("# who\n*@example.com main\n", "main example.com:k1:/key"), [rule]],
    ["a domain from the author", tables("*@example.com main", "main %:k1:/key"), [rule]],
    [
      "single settings",
      new Map([["/etc/opendkim.conf", "Domain example.com # ours\nSelector k1\nKeyFile /key"]]),
      [rule],
    ],
    ["verification only", tables("*@example.com main", "main example.com:k1:/key", "Mode v"), []],
    ["no configuration", new Map<string, string>(), []],
    ["half a configuration", new Map([["/etc/opendkim.conf", "Domain example.com"]]), []],
  ])("with %s", (_, files, rules) => expect(readSigningRules(files)).toEqual(rules));

  test.each([
    [
      "a missing table",
      new Map([["/etc/opendkim.conf", "SigningTable refile:/s\nKeyTable file:/k"]]),
      "/k is none of the files",
    ],
    ["a missing key", tables("*@example.com other", "main example.com:k1:/key"), 'the key "other"'],
  ])("with %s is refused", (_, files, message) => expect(() => readSigningRules(files)).toThrow(message));

  test.each([
    ["ada@example.com", "example.com"],
    ["Ada@Example.COM", "example.com"],
    ["ada@mail.example.com", undefined],
    ["ada@example.com.example.org", undefined],
  ])("signs for %s: %s", (author, domain) => expect(ruleFor([rule], author)?.domain).toBe(domain));
});

describe("key fetches", () => {
  const read = (facts: unknown) =>
    readKeyFetches(new Map([["/etc/okmail/host.json", JSON.stringify(facts)]]));
  const key = { selector: "k1", parameter: "/p", file: "/etc/key" };
  test.each<[string, unknown, object[]]>([
    [
      "a key",
      { region: "eu-west-1", dkim: [key] },
      [{ parameter: "/p", region: "eu-west-1", path: "/etc/key" }],
    ],
    ["no Region", { dkim: [key] }, [{ parameter: "/p", region: undefined, path: "/etc/key" }]],
    ["two keys", { dkim: [key, { ...key, parameter: "/q", file: "/etc/q" }] }, [{}, { parameter: "/q" }]],
    ["a key without a file", { dkim: [{ parameter: "/p" }, null, 7] }, []],
    ["no keys", { region: "eu-west-1" }, []],
    ["nothing", null, []],
  ])("with %s", (_, facts, fetches) => {
    expect(read(facts)).toMatchObject(fetches);
    expect(read(facts)).toHaveLength(fetches.length);
  });

  it("are none without the file that says them, and a file that can't be read is refused", () => {
    expect(readKeyFetches(new Map())).toEqual([]);
    expect(() => readKeyFetches(new Map([["/etc/okmail/host.json", "{"]]))).toThrow("is no JSON");
  });
});

describe("IAM policies", () => {
  const arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/okmail/k1";
  const allow = { Effect: "Allow", Action: "ssm:GetParameter", Resource: arn };
  test.each([
    ["the very action and resource", [allow], true],
    [
      "a list of actions and resources",
      [{ ...allow, Action: ["s3:*", "ssm:GetParameter"], Resource: ["x", arn] }],
      true,
    ],
    ["actions in another case", [{ ...allow, Action: "SSM:getparameter" }], true],
    ["wildcards", [{ ...allow, Action: "ssm:Get*", Resource: "arn:aws:ssm:*:*:parameter/okmail/k?" }], true],
    ["everything", [{ ...allow, Action: "*", Resource: "*" }], true],
    ["all but another action", [{ Effect: "Allow", NotAction: "iam:*", Resource: "*" }], true],
    ["all but this resource", [{ ...allow, Resource: undefined, NotResource: arn }], false],
    ["another action", [{ ...allow, Action: "ssm:GetParameters" }], false],
    ["another resource", [{ ...allow, Resource: `${arn}0` }], false],
    ["a resource whose wildcard is a dot", [{ ...allow, Resource: arn.replaceAll("/", ".") }], false],
    ["a denial besides", [allow, { Effect: "Deny", Action: "ssm:*", Resource: "*" }], false],
    [
      "a denial of something else",
      [allow, { Effect: "Deny", Action: "ssm:PutParameter", Resource: "*" }],
      true,
    ],
    [
      "a condition that isn't evaluated",
      [{ ...allow, Condition: { Bool: { "aws:SecureTransport": "true" } } }],
      false,
    ],
    ["nothing", [], false],
  ])("with %s", (_, statements, allowed) => {
    expect(isAllowed([JSON.stringify({ Statement: statements })], "ssm:GetParameter", arn)).toBe(allowed);
  });

  it("may be several, and a statement stand alone", () => {
    const policies = [{}, { Statement: allow }].map((policy) => JSON.stringify(policy));
    expect(isAllowed(policies, "ssm:GetParameter", arn)).toBe(true);
  });
});
