import { describe, expect, test } from "vitest";
import type { RuleId } from "../../mail/finding.ts";
import { judge, type Sender } from "../../mail/judge.ts";
import { UndeterminedError } from "../../mail/resolver.ts";
import { dnsZone, type Failure, type Zone, type ZoneName } from "../helpers/dns-zone.ts";
import { findingsOf, goodSender, goodZone, objections, zoneAt, zoneWith } from "./judge-good-sender.ts";

const only = ["spf-is-valid", "spf-permits-address", "spf-permits-helo", "spf-not-too-wide"] as const;

/** The SPF record of the MAIL FROM domain, and records of other names. */
const spf = (
  record: string | readonly string[],
  others: Readonly<Record<string, ZoneName | Failure>> = {},
): Zone => zoneWith({ "example.com": { ...goodZone["example.com"], TXT: [record].flat() }, ...others });

const heloSpf = (record: string): Zone => zoneAt("okmail.example.com", { TXT: [record] });

const elevenIncludes = Array.from({ length: 11 }, (_, index) => `include:i${index}.example.net`);
const included = (record: string): Record<string, ZoneName> =>
  Object.fromEntries(elevenIncludes.map((term) => [term.slice("include:".length), { TXT: [record] }]));

describe("agrees", () => {
  test.each<[string, Zone, Partial<Sender>]>([
    ["with the address written down", goodZone, {}],
    [
      "with the record among other TXT records",
      spf(["a=b", "v=spf1 ip4:192.0.2.10 -all", "v=spf10 -all"]),
      {},
    ],
    ["with a record in capitals", spf("V=SPF1 IP4:192.0.2.10 -ALL"), {}],
    [
      "with a record that goes over two strings",
      zoneAt("example.com", { TXT: [["v=spf1 ip4:192.0", ".2.10 -all"]] }),
      {},
    ],
    ["with softfail for everybody else", spf("v=spf1 ip4:192.0.2.10 ~all"), {}],
    ["by the domain's own address", spf("v=spf1 a:okmail.example.com -all"), {}],
    ["by the mail exchanger", spf("v=spf1 mx -all"), {}],
    [
      "by an include",
      spf("v=spf1 include:_spf.example.com -all", {
        "_spf.example.com": { TXT: ["v=spf1 ip4:192.0.2.10 -all"] },
      }),
      {},
    ],
    [
      "by a redirect",
      spf("v=spf1 redirect=_spf.example.com", {
        "_spf.example.com": { TXT: ["v=spf1 ip4:192.0.2.10 -all"] },
      }),
      {},
    ],
    [
      "by a macro",
      spf("v=spf1 exists:%{ir}._spf.%{d} -all", { "10.2.0.192._spf.example.com": { A: ["127.0.0.2"] } }),
      {},
    ],
    [
      "with an include at the tenth look-up",
      spf(`v=spf1 ${elevenIncludes.slice(1).join(" ")} -all`, {
        ...included("v=spf1 -all"),
        "i10.example.net": { TXT: ["v=spf1 ip4:192.0.2.10 -all"] },
      }),
      {},
    ],
    [
      "with two sending addresses",
      spf("v=spf1 ip4:192.0.2.10 ip4:192.0.2.20 -all", {
        "okmail.example.com": { A: ["192.0.2.10", "192.0.2.20"], TXT: ["v=spf1 a -all"] },
      }),
      { addresses: ["192.0.2.10", "192.0.2.20"] },
    ],
    ["with a MAIL FROM domain in capitals with a final dot", goodZone, { mailFrom: "Example.COM." }],
    [
      "with a subdomain that has its own record",
      zoneWith({ "bounce.example.com": goodZone["example.com"] }),
      { mailFrom: "bounce.example.com" },
    ],
    ["by the HELO name for the null sender", goodZone, { mailFrom: "" }],
    ["with HELO the MAIL FROM domain itself", goodZone, { helo: "example.com" }],
    [
      "with a network all of whose addresses are the plan's",
      spf("v=spf1 ip4:192.0.2.10/31 -all"),
      { ownAddresses: ["192.0.2.10", "192.0.2.11"] },
    ],
    [
      "with the include of another sender, and what that includes",
      spf("v=spf1 ip4:192.0.2.10 include:_spf.example.net -all", {
        "_spf.example.net": { TXT: ["v=spf1 ip4:198.51.100.0/24 include:eu._spf.example.net ~all"] },
        "eu._spf.example.net": { TXT: ["v=spf1 ip4:203.0.113.0/24 ~all"] },
      }),
      {},
    ],
  ])("%s", async (_, zone, sender) => {
    expect(await objections(zone, sender, { only })).toEqual([]);
  });
});

describe("rejects, by one rule each,", () => {
  test.each<[string, RuleId, Zone, Partial<Sender>, string]>([
    ["no record", "spf-permits-address", spf([]), {}, "example.com has no TXT record"],
    [
      "a domain that does not exist",
      "spf-permits-address",
      goodZone,
      { mailFrom: "example.net" },
      "example.net does not exist",
    ],
    [
      "TXT records without SPF",
      "spf-permits-address",
      spf("some-site-verification=1"),
      {},
      "example.com has no SPF record",
    ],
    [
      "a subdomain, which inherits no record",
      "spf-permits-address",
      zoneWith({ "sub.example.com": { A: ["192.0.2.10"] } }),
      { mailFrom: "sub.example.com" },
      "sub.example.com has no TXT record",
    ],
    [
      "a MAIL FROM domain that is none",
      "spf-permits-address",
      goodZone,
      { mailFrom: "localhost" },
      '"localhost" is no domain',
    ],
    [
      "another address",
      "spf-permits-address",
      spf("v=spf1 ip4:192.0.2.20 -all"),
      {},
      'gives 192.0.2.10 fail by "-all"',
    ],
    [
      "softfail for the own address",
      "spf-permits-address",
      spf("v=spf1 ip4:192.0.2.20 ~all"),
      {},
      'softfail by "~all"',
    ],
    [
      "neutral for the own address",
      "spf-permits-address",
      spf("v=spf1 ?ip4:192.0.2.10 -all"),
      {},
      'neutral by "?ip4:192.0.2.10"',
    ],
    [
      "a record without end",
      "spf-permits-address",
      spf("v=spf1 ip4:192.0.2.20"),
      {},
      "gives 192.0.2.10 neutral;",
    ],
    [
      "a record that fails the address first",
      "spf-permits-address",
      spf("v=spf1 -ip4:192.0.2.10 ip4:192.0.2.0/27 -all"),
      { ownAddresses: Array.from({ length: 32 }, (_, host) => `192.0.2.${host}`) },
      'fail by "-ip4:192.0.2.10"',
    ],
    ["a mechanism after all", "spf-permits-address", spf("v=spf1 -all ip4:192.0.2.10"), {}, 'fail by "-all"'],
    [
      "an include that does not match",
      "spf-permits-address",
      spf("v=spf1 include:_spf.example.com -all", {
        "_spf.example.com": {
          TXT: ["v=spf1 ip4:192.0.2.20 -all"],
        },
      }),
      {},
      'fail by "-all"',
    ],
    [
      "an address permitted for the neighbour only",
      "spf-permits-address",
      spf("v=spf1 ip4:192.0.2.10 -all", {
        "okmail.example.com": { A: ["192.0.2.10", "192.0.2.20"], TXT: ["v=spf1 a -all"] },
      }),
      { addresses: ["192.0.2.10", "192.0.2.20"] },
      "gives 192.0.2.20 fail",
    ],
    [
      "two records",
      "spf-is-valid",
      spf(["v=spf1 ip4:192.0.2.10 -all", "v=spf1 -all"]),
      {},
      "multiple SPF records found for example.com",
    ],
    [
      "the same record twice",
      "spf-is-valid",
      spf(["v=spf1 ip4:192.0.2.10 -all", "v=spf1 ip4:192.0.2.10 -all"]),
      {},
      "multiple SPF records",
    ],
    [
      "an unknown mechanism",
      "spf-is-valid",
      spf("v=spf1 ip4:192.0.2.10 ipv4:192.0.2.11 -all"),
      {},
      '"ipv4:192.0.2.11" at example.com',
    ],
    [
      "a fault after the matching term",
      "spf-is-valid",
      spf("v=spf1 ip4:192.0.2.10 ip4:192.0.2.300 -all"),
      {},
      '"ip4:192.0.2.300" at example.com',
    ],
    ["an impossible prefix", "spf-is-valid", spf("v=spf1 ip4:192.0.2.10/33 -all"), {}, '"ip4:192.0.2.10/33"'],
    [
      "an unfilled template",
      "spf-is-valid",
      spf("v=spf1 ip4:{mail-okmail-address} -all"),
      {},
      "{mail-okmail-address}",
    ],
    [
      "an include without record",
      "spf-is-valid",
      spf("v=spf1 include:gone.example.net ip4:192.0.2.10 -all"),
      {},
      "gone.example.net",
    ],
    [
      "a fault in an included record",
      "spf-is-valid",
      spf("v=spf1 include:_spf.example.net ip4:192.0.2.10 -all", {
        "_spf.example.net": { TXT: ["v=spf1 mx:/ -all"] },
      }),
      {},
      '"mx:/" at _spf.example.net',
    ],
    [
      "an include of itself",
      "spf-is-valid",
      spf("v=spf1 include:example.com ip4:192.0.2.10 -all"),
      {},
      "the SPF record of example.com includes itself",
    ],
    [
      "an eleventh look-up",
      "spf-is-valid",
      spf(`v=spf1 ${elevenIncludes.join(" ")} ip4:192.0.2.10 -all`, included("v=spf1 -all")),
      {},
      "more than 10 DNS look-ups",
    ],
    [
      "a third look-up that finds nothing",
      "spf-is-valid",
      spf("v=spf1 a:x.example.net a:y.example.net a:z.example.net ip4:192.0.2.10 -all"),
      {},
      "A x.example.net, A y.example.net, A z.example.net",
    ],
    [
      "a third mail exchanger without address, though the first matches",
      "spf-is-valid",
      spf("v=spf1 mx:example.net -all", {
        "example.net": {
          MX: ["okmail.example.com", "x.example.net", "y.example.net", "z.example.net"].map(
            (exchange, priority) => ({ exchange, priority }),
          ),
        },
      }),
      {},
      "3 look-ups find nothing (A x.example.net, A y.example.net, A z.example.net)",
    ],
    ["characters outside ASCII", "spf-is-valid", spf("v=spf1 ip4:192.0.2.10 –all"), {}, "invalid characters"],
    [
      "fail for the HELO name",
      "spf-permits-helo",
      heloSpf("v=spf1 -all"),
      {},
      'HELO name okmail.example.com gives 192.0.2.10 fail by "-all"',
    ],
    [
      "a fault in the record of the HELO name",
      "spf-is-valid",
      heloSpf("v=spf1 ip4 -all"),
      {},
      "SPF of okmail.example.com is a permanent error",
    ],
    [
      "fail for the null sender, by the HELO name",
      "spf-permits-address",
      heloSpf("v=spf1 -all"),
      { mailFrom: "" },
      "SPF of okmail.example.com gives 192.0.2.10 fail",
    ],
    ["everybody", "spf-not-too-wide", spf("v=spf1 +all"), {}, 'everybody by "+all"'],
    [
      "everybody by a bare all",
      "spf-not-too-wide",
      spf("v=spf1 ip4:192.0.2.10 all"),
      {},
      'everybody by "all"',
    ],
    [
      "everybody as a network",
      "spf-not-too-wide",
      spf("v=spf1 ip4:0.0.0.0/0 -all"),
      {},
      'everybody by "ip4:0.0.0.0/0"',
    ],
    [
      "everybody as an IPv6 network",
      "spf-not-too-wide",
      spf("v=spf1 ip4:192.0.2.10 ip6:::/0 -all"),
      {},
      'everybody by "ip6:::/0"',
    ],
    [
      "everybody by a prefix",
      "spf-not-too-wide",
      spf("v=spf1 a:okmail.example.com/0 -all"),
      {},
      'by "a:okmail.example.com/0"',
    ],
    [
      "everybody by a name that exists",
      "spf-not-too-wide",
      spf("v=spf1 exists:okmail.example.com -all"),
      {},
      'by "exists:okmail.example.com"',
    ],
    [
      "everybody by way of an include",
      "spf-not-too-wide",
      spf("v=spf1 ip4:192.0.2.10 include:_spf.example.net -all", {
        "_spf.example.net": { TXT: ["v=spf1 +all"] },
      }),
      {},
      'by "+all", by way of _spf.example.net',
    ],
    [
      "everybody at the HELO name",
      "spf-not-too-wide",
      heloSpf("v=spf1 +all"),
      {},
      "SPF of okmail.example.com authorizes everybody",
    ],
  ])("%s", async (_, rule, zone, sender, message) => {
    expect(await objections(zone, sender, { only })).toEqual([`${rule} disagrees`]);
    const finding = (await findingsOf(rule, zone, sender)).find(({ outcome }) => outcome === "disagrees");
    expect(finding).toMatchObject({ severity: "mandatory" });
    expect(finding?.message).toContain(message);
    expect(finding?.fix).toMatch(/example\.(com|net)|localhost/);
  });

  test("everybody as two halves", async () => {
    const zone = spf("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all");
    const findings = await findingsOf("spf-not-too-wide", zone);
    expect(findings.filter(({ severity }) => severity === "mandatory").map(({ message }) => message)).toEqual(
      ['SPF of example.com authorizes everybody by "ip4:0.0.0.0/1 ip4:128.0.0.0/1".'],
    );
  });
});

describe("remarks", () => {
  test.each<[string, RuleId, Zone, string]>([
    [
      "on a HELO name without record",
      "spf-permits-helo",
      zoneWith({ "okmail.example.com": { A: ["192.0.2.10"] } }),
      "okmail.example.com has no TXT record",
    ],
    ["on softfail for the HELO name", "spf-permits-helo", heloSpf("v=spf1 ~all"), "softfail"],
    ["on neutral for the HELO name", "spf-permits-helo", heloSpf("v=spf1 ?all"), "neutral"],
    ["on a network", "spf-not-too-wide", spf("v=spf1 ip4:192.0.2.0/24 -all"), '"ip4:192.0.2.0/24"'],
    [
      "on a foreign address",
      "spf-not-too-wide",
      spf("v=spf1 ip4:192.0.2.10 ip4:198.51.100.7 -all"),
      '"ip4:198.51.100.7"',
    ],
    [
      "on the addresses of another host",
      "spf-not-too-wide",
      spf("v=spf1 ip4:192.0.2.10 a:www.example.com -all", { "www.example.com": { A: ["198.51.100.7"] } }),
      '"a:www.example.com"',
    ],
    [
      "on the network of a host",
      "spf-not-too-wide",
      spf("v=spf1 a:okmail.example.com/24 -all"),
      '"a:okmail.example.com/24"',
    ],
    ["on ptr", "spf-not-too-wide", spf("v=spf1 ip4:192.0.2.10 ptr -all"), "whoever has a reverse name"],
    [
      "on an IPv6 network",
      "spf-not-too-wide",
      spf("v=spf1 ip4:192.0.2.10 ip6:2001:db8::/32 -all"),
      '"ip6:2001:db8::/32"',
    ],
    [
      "on a network by way of a redirect",
      "spf-not-too-wide",
      spf("v=spf1 redirect=_spf.example.com", {
        "_spf.example.com": { TXT: ["v=spf1 ip4:192.0.2.0/28 -all"] },
      }),
      '"ip4:192.0.2.0/28"',
    ],
    [
      "on a network by way of an include of one's own",
      "spf-not-too-wide",
      spf("v=spf1 ip4:192.0.2.10 include:_spf.example.com -all", {
        "_spf.example.com": { TXT: ["v=spf1 ip4:192.0.2.0/28 -all"] },
      }),
      '"ip4:192.0.2.0/28"',
    ],
    [
      "on a fault that only others run into",
      "spf-is-valid",
      spf("v=spf1 ip4:192.0.2.10 include:gone.example.net -all"),
      "for all but the first addresses",
    ],
  ])("%s", async (_, rule, zone, message) => {
    expect(await objections(zone, {}, { only })).toEqual([`${rule} remark`]);
    const finding = (await findingsOf(rule, zone)).find(({ outcome }) => outcome === "disagrees");
    expect(finding?.message).toContain(message);
  });

  test("on a record over 450 octets", async () => {
    const own = Array.from({ length: 30 }, (_, host) => `198.51.100.${host + 100}`);
    const zone = spf(["v=spf1 ip4:192.0.2.10", ...own.map((address) => `ip4:${address}`), "-all"].join(" "));
    const ownAddresses = ["192.0.2.10", ...own];
    expect(await objections(zone, { ownAddresses }, { only })).toEqual(["spf-is-valid remark"]);
  });
});

describe("can't tell", () => {
  const unknown = new UndeterminedError("the content of mail-spf is not known yet");
  test.each<[string, Zone, string]>([
    [
      "with a failing name server",
      spf([], { "example.com": { ...goodZone["example.com"], TXT: "ESERVFAIL" } }),
      "the DNS look-up of example.com TXT failed",
    ],
    [
      "with a time-out",
      spf([], { "example.com": { ...goodZone["example.com"], TXT: "ETIMEOUT" } }),
      "the DNS look-up of example.com TXT timed out",
    ],
    [
      "with a record not known yet",
      spf([], { "example.com": { ...goodZone["example.com"], TXT: unknown } }),
      "the content of mail-spf is not known yet",
    ],
    [
      "with an include that can't be read before the own address",
      spf("v=spf1 include:_spf.example.net ip4:192.0.2.10 -all", { "_spf.example.net": unknown }),
      "the content of mail-spf is not known yet",
    ],
  ])("%s", async (_, zone, message) => {
    expect(await objections(zone, {}, { only })).toEqual([
      "spf-is-valid undetermined",
      "spf-permits-address undetermined",
      "spf-not-too-wide undetermined",
    ]);
    const findings = await findingsOf("spf-permits-address", zone);
    expect(findings.map((finding) => finding.message)).toEqual([
      `${message}${message.endsWith("failed") ? " at the name server (SERVFAIL)" : ""}.`,
    ]);
  });

  test("about the record of the HELO name", async () => {
    const zone = zoneAt("okmail.example.com", { TXT: unknown });
    expect(await objections(zone, {}, { only })).toEqual([
      "spf-is-valid undetermined",
      "spf-permits-helo undetermined",
      "spf-not-too-wide undetermined",
    ]);
  });

  test("who else is authorized by an include that the own address does not need", async () => {
    const zone = spf("v=spf1 ip4:192.0.2.10 include:_spf.example.net -all", { "_spf.example.net": unknown });
    expect(await objections(zone, {}, { only })).toEqual(["spf-not-too-wide undetermined"]);
  });
});

test("the fix is a record that permits the address", async () => {
  const zone = spf("v=spf1 mx:example.net ~ip4:192.0.2.10 -all", {
    "example.net": { MX: [{ exchange: "okmail.example.net", priority: 1 }] },
    "okmail.example.net": { A: ["192.0.2.20"] },
  });
  const [finding] = await findingsOf("spf-permits-address", zone);
  expect(finding?.fix).toBe(
    'Set the SPF record of example.com to "v=spf1 ip4:192.0.2.10 mx:example.net -all".',
  );
  const fixed = spf("v=spf1 ip4:192.0.2.10 mx:example.net -all");
  expect(await objections(fixed, {}, { only: ["spf-permits-address"] })).toEqual([]);
});

test("messages stay short whatever the record", async () => {
  const long = `v=spf1 ${Array.from({ length: 3000 }, (_, host) => `ip4:198.51.${host >> 8}.${host & 255}`).join(" ")} -all`;
  for (const zone of [
    spf(long),
    spf(`v=spf1 ip4:${"1".repeat(60_000)} -all`),
    heloSpf(long),
    spf(`v=spf1 ${"x".repeat(60_000)}`),
  ]) {
    for (const rule of only) {
      for (const { message, fix = "" } of await findingsOf(rule, zone)) {
        expect(message.length + fix.length).toBeLessThan(2500);
      }
    }
  }
});

describe("each record is judged once", () => {
  const same = { helo: "example.com" };
  test("when HELO name and MAIL FROM domain are the same", async () => {
    expect(await findingsOf("spf-is-valid", goodZone, same)).toHaveLength(1);
    expect(await objections(spf("v=spf1 ip4:192.0.2.20 -all"), same, { only })).toEqual([
      "spf-permits-address disagrees",
    ]);
  });

  test("and a missing one is not called valid", async () => {
    const valid = await findingsOf("spf-is-valid", spf([]));
    expect(valid.map(({ message }) => message)).toEqual([
      "SPF of okmail.example.com is valid and takes 0 of 10 look-ups.",
    ]);
  });

  test("and none for a HELO name that is none, even of the null sender", async () => {
    expect(await objections(goodZone, { helo: "okmail", mailFrom: "" }, { only })).toEqual([]);
    expect(await objections(goodZone, { helo: "okmail" }, { only })).toEqual([]);
  });
});

describe("who else is authorized", () => {
  test("is nobody by the network of a name without address", async () => {
    const zone = spf("v=spf1 ip4:192.0.2.10 a:gone.example.com/0 -all");
    expect(await objections(zone, {}, { only: ["spf-not-too-wide"] })).toEqual([]);
  });

  test("is not known of single addresses while the plan's own aren't", async () => {
    const zone = spf("v=spf1 ip4:192.0.2.10 ip4:198.51.100.7 a:www.example.com -all", {
      "www.example.com": { A: ["198.51.100.8"] },
    });
    expect(await objections(zone, { ownAddresses: undefined }, { only })).toEqual([]);
    expect(await objections(zone, {}, { only })).toEqual([
      "spf-not-too-wide remark",
      "spf-not-too-wide remark",
    ]);
  });

  test("is nobody's business where a macro decides, and no macro is ever asked for", async () => {
    const zone = dnsZone(spf("v=spf1 ip4:192.0.2.10 exists:%{i}.example.net include:%{d}.example.net -all"));
    await judge(goodSender, zone, { only: ["spf-not-too-wide"] });
    expect(zone.queries).toEqual(["TXT example.com", "TXT okmail.example.com"]);
  });
});
