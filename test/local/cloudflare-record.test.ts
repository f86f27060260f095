import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import type { JsonObject } from "../../local/store.ts";
import { declared, openAccount, OTHER_ZONE, ZONE, type TestAccount } from "./cloudflare-account.ts";

let account: TestAccount;
beforeEach(() => {
  account = openAccount();
});
afterEach(() => account.close());

const caa = (data: JsonObject) => ({ zoneId: ZONE.id, type: "CAA", name: "mail", ttl: 300, data });
const tlsa = (data: JsonObject) => ({ zoneId: ZONE.id, type: "TLSA", name: "_25._tcp.mail", ttl: 300, data });
const digest = "0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3";
const a = (name: string, extra: JsonObject = {}) => declared("A", name, "192.0.2.10", extra);

describe("a record", () => {
  it("is given an id, and the outputs that Cloudflare answers with", async () => {
    const { id, outputs } = await account.create(a("mail", { ttl: 1, comment: "sender" }));
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(outputs).toMatchObject({
      name: "mail.example.com",
      type: "A",
      content: "192.0.2.10",
      ttl: 1,
      proxied: false,
      proxiable: true,
      comment: "sender",
      settings: { flattenCname: false, ipv4Only: false, ipv6Only: false },
      tags: [],
    });
    expect(Date.parse(outputs.createdOn as string)).toBeGreaterThan(Date.now() - 10_000);
    expect(outputs.modifiedOn).toBe(outputs.createdOn);
  });

  test.each([
    ["@", "example.com"],
    ["example.com", "example.com"],
    ["Mail.Example.COM.", "mail.example.com"],
    ["mail", "mail.example.com"],
    ["_dmarc", "_dmarc.example.com"],
    ["*.wild", "*.wild.example.com"],
    // Cloudflare takes what doesn't end in the zone's name as relative to it.
    ["mail.example.org", "mail.example.org.example.com"],
    ["notexample.com", "notexample.com.example.com"],
  ])("called %j is filed as %s", async (name, full) => {
    expect((await account.create(a(name))).outputs.name).toBe(full);
  });

  test.each([
    ["MX", "Mail.Example.ORG.", { priority: 10 }, "mail.example.org"],
    ["MX", ".", { priority: 0 }, "."],
    ["CNAME", "Target.Example.ORG.", {}, "target.example.org"],
    ["CNAME", "@", {}, "example.com"],
    ["AAAA", "2001:0DB8::0:1", {}, "2001:db8::1"],
    ["NS", "NS.example.org", {}, "ns.example.org"],
  ])("of type %s keeps %j as it should", async (type, content, extra, kept) => {
    expect((await account.create(declared(type, "x", content, extra))).outputs.content).toBe(kept);
  });

  it("of type MX may have its parts in data", async () => {
    const { outputs } = await account.create({
      zoneId: ZONE.id,
      type: "MX",
      name: "@",
      ttl: 300,
      data: { target: "mail.example.com", priority: 5 },
    });
    expect(outputs).toMatchObject({ content: "mail.example.com", priority: 5 });
  });

  it("of type CAA has its parts in data, and is told in Cloudflare's form", async () => {
    const { outputs } = await account.create(caa({ flags: 0, tag: "issue", value: "ca.example" }));
    expect(outputs).toMatchObject({ content: '0 issue "ca.example"', proxiable: false });
  });

  test.each<[string, JsonObject, string]>([
    ["no parts", {}, "data (flags, tag, value) is a required field of CAA records"],
    ["no value", { flags: 0, tag: "issue" }, "data (flags, tag, value) is a required field"],
    [
      "a tag that there isn't",
      { flags: 0, tag: "isue", value: "ca.example" },
      "must be one of issue, issuewild",
    ],
    ["flags of two octets", { flags: 256, tag: "issue", value: "ca.example" }, "between 0 and 255"],
  ])("of type CAA is refused with %s", async (_, data, message) => {
    await expect(account.create(caa(data))).rejects.toThrow(message);
  });

  it("of type CAA is refused with its parts in content", async () => {
    await expect(account.create(declared("CAA", "x", '0 issue "ca.example"'))).rejects.toThrow(
      "data (flags, tag, value) is a required field",
    );
  });

  it("of type TLSA has its parts in data, and is told in capitals", async () => {
    const parts = { usage: 3, selector: 1, matchingType: 1, certificate: digest };
    const { outputs } = await account.create(tlsa(parts));
    expect(outputs).toMatchObject({
      name: "_25._tcp.mail.example.com",
      content: `3 1 1 ${digest.toUpperCase()}`,
      proxiable: false,
    });
    await expect(account.create(tlsa({ ...parts, certificate: digest.toUpperCase() }))).rejects.toThrow(
      "81058",
    );
  });

  test.each<[string, JsonObject, string]>([
    ["no parts", {}, "data (usage, selector, matchingType, certificate) is a required field of TLSA records"],
    [
      "no selector",
      { usage: 3, matchingType: 1, certificate: digest },
      "data (usage, selector, matchingType, certificate) is a required field",
    ],
    [
      "a key for its digest",
      { usage: 3, selector: 1, matchingType: 1, certificate: "MCowBQYDK2VwAyEA" },
      "must be hexadecimal",
    ],
    [
      "half an octet",
      { usage: 3, selector: 1, matchingType: 0, certificate: "abc" },
      "must be hexadecimal digits, two for each octet",
    ],
    [
      "a number of two octets",
      { usage: 256, selector: 1, matchingType: 1, certificate: digest },
      "between 0 and 255",
    ],
    [
      "SHA-256 for SHA-512",
      { usage: 3, selector: 1, matchingType: 2, certificate: digest },
      "has 64 octets, not 32",
    ],
  ])("of type TLSA is refused with %s", async (_, data, message) => {
    await expect(account.create(tlsa(data))).rejects.toThrow(message);
  });

  it("may be a proxied MX's target, which Cloudflare doesn't look at", async () => {
    await account.create(a("mail", { proxied: true, ttl: 1 }));
    await expect(
      account.create(declared("MX", "@", "mail.example.com", { priority: 10 })),
    ).resolves.toBeDefined();
  });

  it("is changed in place, and its former name is free again", async () => {
    const { id, outputs } = await account.create(a("old"));
    const changed = await account.update(id, declared("CNAME", "new", "mail.example.org"));
    expect(changed).toMatchObject({ name: "new.example.com", type: "CNAME", createdOn: outputs.createdOn });
    await expect(account.create(a("old"))).resolves.toBeDefined();
    await expect(account.create(a("new"))).rejects.toThrow("81054");
  });

  it("is no obstacle to its own change", async () => {
    const { id } = await account.create(a("mail"));
    await expect(account.update(id, a("mail", { ttl: 600 }))).resolves.toMatchObject({ ttl: 600 });
  });

  it("is read by its id and, for an import, by zone and id", async () => {
    const { id } = await account.create(a("mail"));
    for (const name of [id, `${ZONE.id}/${id}`])
      expect(await account.read(name)).toMatchObject({
        id,
        inputs: a("mail"),
        outputs: { name: "mail.example.com" },
      });
    expect(await account.read(`${OTHER_ZONE.id}/${id}`)).toBeUndefined();
    await account.remove(id);
    expect(await account.read(id)).toBeUndefined();
    await expect(account.remove(id)).resolves.toBeUndefined();
  });
});

describe("a record by itself is refused", () => {
  test.each<[string, JsonObject, string | RegExp]>([
    [
      "in an unknown zone",
      a("mail", { zoneId: "f".repeat(32) }),
      /404 Not Found .*"code":7003,"message":"Could not route to \/zones\/f+\/dns_records, perhaps/,
    ],
    [
      "for an A that is no IPv4",
      declared("A", "x", "mail.example.com"),
      '{"code":9005,"message":"Content for A record must be a valid IPv4 address."}',
    ],
    ["for an A of three octets", declared("A", "x", "192.0.2"), '"code":9005'],
    ["for an A that is IPv6", declared("A", "x", "2001:db8::1"), '"code":9005'],
    ["for an AAAA that is IPv4", declared("AAAA", "x", "192.0.2.10"), '"code":9006'],
    [
      "for a CNAME to an address",
      declared("CNAME", "x", "192.0.2.10"),
      '{"code":9007,"message":"Content for CNAME record is invalid."}',
    ],
    ["for a CNAME to itself", declared("CNAME", "x", "x.example.com"), '"code":9039'],
    [
      "for an MX without priority",
      declared("MX", "@", "mail.example.com"),
      '{"code":9100,"message":"priority is a required field."}',
    ],
    [
      "for an MX to an address",
      declared("MX", "@", "192.0.2.10", { priority: 10 }),
      '"code":9009,"message":"Change the content of your MX record to be a hostname (and not an IP address).',
    ],
    [
      "for an MX with the priority in its content",
      declared("MX", "@", "10 mail.example.com", { priority: 10 }),
      '"code":9009',
    ],
    [
      "for a TTL below 60",
      a("x", { ttl: 59 }),
      '{"code":9021,"message":"Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic."}',
    ],
    ["for a TTL above a day", a("x", { ttl: 86_401 }), '"code":9021'],
    [
      "for a proxied TXT",
      declared("TXT", "x", "text", { proxied: true, ttl: 1 }),
      '{"code":9004,"message":"This record type cannot be proxied."}',
    ],
    [
      "for a proxied MX",
      declared("MX", "@", "mail.example.com", { priority: 10, proxied: true, ttl: 1 }),
      '"code":9004',
    ],
    [
      "for a proxied record with a TTL",
      a("x", { proxied: true }),
      "ttl must be set to 1 when `proxied` is true",
    ],
    [
      "for a TXT of 2,049 characters",
      declared("TXT", "x", "x".repeat(2049)),
      "must be 2048 characters or less, it is 2049",
    ],
    ["for a TXT with an open quotation mark", declared("TXT", "x", '"this'), "quotation marks"],
    ["for a TXT with text between its strings", declared("TXT", "x", '"these" ones"'), "quotation marks"],
    ["for a comment with a line break", a("x", { comment: "one\ntwo" }), "a comment can't have line breaks"],
    ["for a name with an empty label", a("a..b"), '{"code":9000,"message":"DNS name is invalid."}'],
    ["for a name with a blank", a("a b"), '"code":9000'],
    ["for a name beyond ASCII", a("mäil"), '"code":9000'],
    ["for a label of 64 characters", a("x".repeat(64)), '"code":9000'],
    ["for a name of 254 characters", a(`${"x.".repeat(121)}x`), '"code":9000'],
    ["for a wildcard in the middle", a("a.*.b"), '"code":9000'],
    ["for no content", { zoneId: ZONE.id, type: "A", name: "x", ttl: 300 }, "content is a required field"],
    [
      "for a type that isn't served",
      declared("SRV", "x", "0 5060 sip.example.com"),
      "the local cloud doesn't serve SRV records",
    ],
  ])("%s", async (_, inputs, message) => {
    await expect(account.create(inputs)).rejects.toThrow(message);
    expect(account.store.all()).toEqual([]);
  });

  it("for all its faults at once", async () => {
    const inputs = declared("MX", "a..b", "192.0.2.10", { ttl: 5 });
    await expect(account.create(inputs)).rejects.toThrow(/9000.*9021.*9100.*9009/);
  });

  it("in a change as in a creation, and stays as it was", async () => {
    const { id } = await account.create(a("mail"));
    await expect(account.update(id, declared("A", "mail", "nonsense"))).rejects.toThrow(/PUT .*"code":9005/);
    expect((await account.read(id))?.outputs).toMatchObject({ content: "192.0.2.10" });
  });
});

describe("before anything is done the provider refuses", () => {
  test.each<[string, JsonObject, RegExp]>([
    [
      "the type SPF",
      declared("SPF", "@", "v=spf1 -all"),
      /value must be one of: \["A" .*\], got: "SPF".*'record\.type'/,
    ],
    [
      "a missing TTL",
      { zoneId: ZONE.id, type: "A", name: "x", content: "192.0.2.1" },
      /Missing required property 'ttl'/,
    ],
    [
      "a missing zone",
      { type: "A", name: "x", content: "192.0.2.1", ttl: 300 },
      /Missing required property 'zoneId'/,
    ],
    [
      "a priority beyond 16 bits",
      declared("MX", "@", "mail.example.com", { priority: 65_536 }),
      /between 0\.0+ and 65535/,
    ],
    [
      "a property that it doesn't know",
      a("x", { value: "192.0.2.1" }),
      /Invalid or unknown key.*'record\.value'/,
    ],
    ["a TTL that is a text", a("x", { ttl: "300" }), /expected number type, got string type/],
  ])("%s", (_, inputs, message) => expect(account.check(inputs).join("\n")).toMatch(message));

  it("nothing of a proper record", () => {
    expect(account.check(a("mail"))).toEqual([]);
    expect(account.check({ ...a("mail"), type: "a" })).toEqual([]);
  });
});

describe("beside other records", () => {
  const identical = '{"code":81058,"message":"An identical record already exists."}';
  test.each<[string, JsonObject, JsonObject, string | undefined]>([
    ["the same again", a("x"), a("x"), identical],
    ["the same under its full name and in capitals", a("x"), a("X.example.com."), identical],
    [
      "the same text, quoted otherwise",
      declared("TXT", "x", "v=spf1 -all"),
      declared("TXT", "x", '"v=spf1 " "-all"'),
      identical,
    ],
    ["a second address", a("x"), declared("A", "x", "192.0.2.11"), undefined],
    ["an AAAA beside an A", a("x"), declared("AAAA", "x", "2001:db8::1"), undefined],
    [
      "a second SPF record",
      declared("TXT", "@", "v=spf1 -all"),
      declared("TXT", "@", "v=spf1 ~all"),
      undefined,
    ],
    [
      "the same exchanger with another priority",
      declared("MX", "@", "m.example.org", { priority: 1 }),
      declared("MX", "@", "m.example.org", { priority: 2 }),
      undefined,
    ],
    [
      "a CNAME on an A",
      a("x"),
      declared("CNAME", "x", "y.example.org"),
      '"code":81053,"message":"An A, AAAA, or CNAME record with that host already exists.',
    ],
    [
      "a second CNAME",
      declared("CNAME", "x", "z.example.org"),
      declared("CNAME", "x", "y.example.org"),
      '"code":81053',
    ],
    [
      "an A on a CNAME",
      declared("CNAME", "x", "y.example.org"),
      a("x"),
      '"code":81054,"message":"A CNAME record with that host already exists.',
    ],
    [
      "a CNAME beside a TXT",
      declared("TXT", "x", "text"),
      declared("CNAME", "x", "y.example.org"),
      "beside which no other data can stand",
    ],
    [
      "an MX beside a CNAME",
      declared("CNAME", "x", "y.example.org"),
      declared("MX", "x", "m.example.org", { priority: 1 }),
      "beside which no other data can stand",
    ],
    ["an A under delegated names", declared("NS", "x", "ns.example.org"), a("x"), '"code":81056'],
    ["a delegation of a name in use", a("x"), declared("NS", "x", "ns.example.org"), '"code":81055'],
    ["name servers at the apex", declared("NS", "@", "ns.example.org"), a("@"), undefined],
    [
      "the same name in another zone",
      declared("CNAME", "x", "y.example.org"),
      a("x", { zoneId: OTHER_ZONE.id }),
      undefined,
    ],
  ])("%s", async (_, first, second, refusal) => {
    await account.create(first);
    if (refusal === undefined) await expect(account.create(second)).resolves.toBeDefined();
    else await expect(account.create(second)).rejects.toThrow(refusal);
  });

  it("texts of 8,192 characters together and no more", async () => {
    for (const letter of "abcd") await account.create(declared("TXT", "x", letter.repeat(2048)));
    await expect(account.create(declared("TXT", "x", "e"))).rejects.toThrow(
      "8192 characters or less together, they are",
    );
    await expect(account.create(declared("TXT", "y", "e"))).resolves.toBeDefined();
  });
});

describe("the content of a TXT record", () => {
  const long = "k".repeat(300);
  test.each([
    ["short and plain", "v=spf1 -all", "v=spf1 -all"],
    ["short and quoted", '"v=spf1 -all"', '"v=spf1 -all"'],
    [
      "quoted and split",
      `"${long.slice(0, 255)}" "${long.slice(255)}"`,
      `"${long.slice(0, 255)}" "${long.slice(255)}"`,
    ],
    ["split elsewhere", '"a" "b"', '"a" "b"'],
    ["plain and too long", long, `"${long.slice(0, 255)}" "${long.slice(255)}"`],
    ["quoted and too long", `"${long}"`, `"${long.slice(0, 255)}" "${long.slice(255)}"`],
  ])("%s comes back as it should", async (_, sent, kept) => {
    const { id, outputs } = await account.create(declared("TXT", "x", sent));
    expect(outputs.content).toBe(kept);
    // A refresh shows the difference, so that the next update tries, in vain, to undo it.
    expect((await account.read(id))?.inputs.content).toBe(kept);
  });
});

describe("getZone", () => {
  it("finds a zone by its id", async () =>
    expect(await account.getZone({ zoneId: ZONE.id })).toMatchObject({
      id: ZONE.id,
      name: "example.com",
      status: "active",
    }));

  it("refuses an unknown id and a search", async () => {
    await expect(account.getZone({ zoneId: "f".repeat(32) })).rejects.toThrow("7003");
    await expect(account.getZone({ filter: { name: "example.com" } })).rejects.toThrow("by zoneId only");
  });
});
