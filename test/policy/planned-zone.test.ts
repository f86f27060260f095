import type { PolicyResource } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import type { RecordType } from "../../mail/resolver.ts";
import { SymbolTable } from "../../mail/symbol.ts";
import { readPlan } from "../../policy/plan.ts";
import { plannedZone, type PlannedZoneOptions } from "../../policy/planned-zone.ts";
import { answerOf } from "../helpers/answer-of.ts";
import { dnsZone } from "../helpers/dns-zone.ts";
import { declare, unknown, unknownFrom, unrelated } from "../helpers/planned-stack.ts";

type Answer = readonly [name: string, type: RecordType, expected: unknown];

function zoneOf(records: readonly PolicyResource[], options: Partial<PlannedZoneOptions> = {}) {
  const plan = readPlan([...unrelated("before"), ...records, ...unrelated("after")]);
  return plannedZone(plan, { symbols: new SymbolTable(), ...options });
}

const zone = declare.cloudflareZone("zone", { id: "z1", name: "example.com" });
const within = { zoneId: "z1" };
const record = (name: unknown, type: string, content: unknown, more: Record<string, unknown> = {}) =>
  declare.record(`${type}-${String(name)}-${String(content)}`, { ...within, name, type, content, ...more });

describe("plannedZone answers like the DNS", () => {
  const records = [
    zone,
    record("example.com", "MX", "okmail.example.com", { priority: 10 }),
    record("example.com", "MX", "Backup.Example.net.", { priority: 20 }),
    record("example.com", "TXT", '"v=spf1 ip4:192.0.2.10 " "-all"'),
    record("example.com", "TXT", "unquoted text"),
    record("okmail.example.com", "A", "192.0.2.10"),
    record("okmail.example.com", "A", "192.0.2.11"),
    record("okmail.example.com", "AAAA", "2001:db8::1"),
    record("alias.example.com", "CNAME", "OKMAIL.example.com."),
    record("alias2.example.com", "CNAME", "alias.example.com"),
    record("loop1.example.com", "CNAME", "loop2.example.com"),
    record("loop2.example.com", "CNAME", "loop1.example.com"),
    record("dangling.example.com", "CNAME", "nothing.example.com"),
    record("deep.empty.example.com", "A", "192.0.2.12"),
    record("*.wild.example.com", "A", "192.0.2.13"),
    record("*.wild.example.com", "TXT", "wild"),
    record("there.wild.example.com", "TXT", "only text"),
    record("sub.example.com", "NS", "ns.example.net"),
    record("null.example.com", "MX", ".", { priority: 0 }),
  ];
  const answers: readonly Answer[] = [
    ["okmail.example.com", "A", ["192.0.2.10", "192.0.2.11"]],
    ["OKMAIL.Example.COM.", "A", ["192.0.2.10", "192.0.2.11"]],
    ["okmail.example.com", "AAAA", ["2001:db8::1"]],
    [
      "example.com",
      "MX",
      [
        { priority: 10, exchange: "okmail.example.com" },
        { priority: 20, exchange: "backup.example.net" },
      ],
    ],
    ["null.example.com", "MX", [{ priority: 0, exchange: "" }]],
    ["example.com", "TXT", [["v=spf1 ip4:192.0.2.10 -all"], ["unquoted text"]]],
    ["alias.example.com", "CNAME", ["okmail.example.com"]],
    ["alias.example.com", "A", ["192.0.2.10", "192.0.2.11"]],
    ["alias2.example.com", "AAAA", ["2001:db8::1"]],
    ["alias2.example.com", "MX", "ENODATA"],
    ["loop1.example.com", "A", "ENODATA"],
    ["dangling.example.com", "A", "ENOTFOUND"],
    ["okmail.example.com", "CNAME", "ENODATA"],
    ["okmail.example.com", "TXT", "ENODATA"],
    ["nothing.example.com", "A", "ENOTFOUND"],
    ["empty.example.com", "A", "ENODATA"],
    ["example.com", "A", "ENODATA"],
    ["any.wild.example.com", "A", ["192.0.2.13"]],
    ["any.thing.wild.example.com", "A", ["192.0.2.13"]],
    ["any.wild.example.com", "TXT", [["wild"]]],
    ["any.wild.example.com", "MX", "ENODATA"],
    ["there.wild.example.com", "A", "ENODATA"],
    ["below.there.wild.example.com", "A", "ENOTFOUND"],
    ["wild.example.com", "A", "ENODATA"],
    ["okmail.sub.example.com", "A", "EUNDETERMINED"],
    ["elsewhere.example.org", "A", "EUNDETERMINED"],
    ["10.2.0.192.in-addr.arpa", "PTR", "EUNDETERMINED"],
    [`${"a".repeat(63)}.`.repeat(5), "A", "EBADNAME"],
    ["", "A", "EBADNAME"],
  ];
  it.each(answers)("%s %s", async (name, type, expected) => {
    expect(await answerOf(zoneOf(records), name, type)).toEqual(expected);
  });
});

describe("a record's name", () => {
  const names: readonly (readonly [written: string, absolute: string])[] = [
    ["okmail.example.com", "okmail.example.com"],
    ["okmail", "okmail.example.com"],
    ["okmail.eu", "okmail.eu.example.com"],
    ["OKMAIL.example.com.", "okmail.example.com"],
    ["@", "example.com"],
    ["example.com", "example.com"],
    ["notexample.com", "notexample.com.example.com"],
  ];
  it.each(names)("%s in the zone example.com is %s", async (written, absolute) => {
    expect(await answerOf(zoneOf([zone, record(written, "A", "192.0.2.1")]), absolute, "A")).toEqual([
      "192.0.2.1",
    ]);
  });

  it("is relative to a zone by the zone's resource, whose id isn't known yet", async () => {
    const fresh = declare.cloudflareZone("zone", { id: unknown, name: "example.org" });
    const relative = declare.record("r", {
      zoneId: unknownFrom(fresh),
      name: "okmail",
      type: "A",
      content: "192.0.2.1",
    });
    expect(await answerOf(zoneOf([fresh, relative]), "okmail.example.org", "A")).toEqual(["192.0.2.1"]);
  });

  it("is relative to the zone that other names in it are in", async () => {
    const records = [
      record("@", "TXT", "apex"),
      record("okmail", "A", "192.0.2.1"),
      record("_dmarc.example.co.uk", "TXT", "x"),
    ];
    const resolver = zoneOf(records);
    expect(await answerOf(resolver, "okmail.example.co.uk", "A")).toEqual(["192.0.2.1"]);
    expect(await answerOf(resolver, "example.co.uk", "TXT")).toEqual([["apex"]]);
  });

  it("is relative to the zone that the provider's answer proves", async () => {
    const r53 = declare.route53Record("r", {
      zoneId: "Z1",
      name: "a",
      fqdn: "a.mail.example.com",
      type: "A",
      records: ["192.0.2.1"],
    });
    const other = declare.route53Record("s", { zoneId: "Z1", name: "b", type: "A", records: ["192.0.2.2"] });
    expect(await answerOf(zoneOf([r53, other]), "b.mail.example.com", "A")).toEqual(["192.0.2.2"]);
  });

  it("stays open where two domains are equally likely, unless it is absolute", async () => {
    const resolver = zoneOf([
      record("a.example.com", "A", "192.0.2.1"),
      record("b.example.org", "A", "192.0.2.2"),
      record("c", "A", "192.0.2.3"),
    ]);
    expect(await answerOf(resolver, "a.example.com", "A")).toEqual(["192.0.2.1"]);
    expect(await answerOf(resolver, "c.example.com", "A")).toBe("EUNDETERMINED");
  });

  it("may be any, while it isn't known", async () => {
    const records = [zone, record(unknown, "A", "192.0.2.1")];
    const resolver = zoneOf(records);
    expect(await answerOf(resolver, "okmail.example.com", "A")).toBe("EUNDETERMINED");
    expect(await answerOf(resolver, "okmail.example.com", "MX")).toBe("ENOTFOUND");
  });

  it("is no host's if a certificate or SES gives it", async () => {
    const certificate = {
      ...declare.eip("c"),
      urn: "urn:pulumi:s::p::aws:acm/certificate:Certificate::c",
    };
    const validation = declare.record("v", {
      ...within,
      name: unknownFrom(certificate),
      type: unknownFrom(certificate),
      content: unknown,
    });
    expect(await answerOf(zoneOf([zone, validation]), "okmail.example.com", "A")).toBe("ENOTFOUND");
  });
});

describe("Route 53", () => {
  const hosted = declare.route53Zone("hosted", { zoneId: "Z9", name: "example.com" });
  const set = (name: string, type: string, records: unknown, more: Record<string, unknown> = {}) =>
    declare.route53Record(`${name}-${type}-${String(more.setIdentifier)}`, {
      zoneId: "Z9",
      name,
      type,
      records,
      ...more,
    });
  const weighted = (setIdentifier: string) => ({ setIdentifier, weightedRoutingPolicies: [{ weight: 1 }] });
  const resolver = zoneOf([
    hosted,
    set("okmail.example.com", "A", ["192.0.2.1", "192.0.2.2"]),
    set("mail", "A", ["192.0.2.3"]),
    set("", "MX", ["10 okmail.example.com.", "20 mail.example.com"]),
    set("example.com", "TXT", ["v=spf1 -all", '"quoted"', 'split"" here', '"two" "strings"']),
    declare.route53Record("alias", {
      zoneId: "Z9",
      name: "alias",
      type: "A",
      aliases: [{ name: "mail.example.com", zoneId: "Z9" }],
    }),
    set("w", "A", ["192.0.2.4"], weighted("one")),
    set("w", "A", ["192.0.2.5"], weighted("two")),
    set("w1", "A", ["192.0.2.4"], weighted("one")),
    set("\\052.wild", "A", ["192.0.2.6"]),
  ]);
  const answers: readonly Answer[] = [
    ["okmail.example.com", "A", ["192.0.2.1", "192.0.2.2"]],
    ["mail.example.com", "A", ["192.0.2.3"]],
    [
      "example.com",
      "MX",
      [
        { priority: 10, exchange: "okmail.example.com" },
        { priority: 20, exchange: "mail.example.com" },
      ],
    ],
    ["example.com", "TXT", [["v=spf1 -all"], ["quoted"], ["split here"], ["twostrings"]]],
    ["alias.example.com", "A", ["192.0.2.3"]],
    ["alias.example.com", "AAAA", "ENODATA"],
    ["w.example.com", "A", "EUNDETERMINED"],
    ["w1.example.com", "A", ["192.0.2.4"]],
    ["x.wild.example.com", "A", ["192.0.2.6"]],
  ];
  it.each(answers)("%s %s", async (name, type, expected) => {
    expect(await answerOf(resolver, name, type)).toEqual(expected);
  });

  it("keeps a private zone to itself", async () => {
    const inner = declare.route53Zone("inner", {
      zoneId: "ZP",
      name: "example.com",
      vpcs: [{ vpcId: "vpc-1" }],
    });
    const records = [
      hosted,
      inner,
      set("a", "A", ["192.0.2.1"]),
      declare.route53Record("in", { zoneId: "ZP", name: "a", type: "A", records: ["10.0.0.1"] }),
    ];
    expect(await answerOf(zoneOf(records), "a.example.com", "A")).toEqual(["192.0.2.1"]);
  });
});

describe("a name that the plan doesn't hold", () => {
  const live = () =>
    dnsZone({
      "made-by-hand.example.com": { A: ["198.51.100.1"] },
      "example.com": { TXT: ["live"] },
      "example.org": { A: ["198.51.100.2"] },
      "broken.example.org": "ESERVFAIL",
    });
  const own = record("okmail.example.com", "A", "192.0.2.1");
  const cases: readonly (readonly [
    title: string,
    records: readonly PolicyResource[],
    options: Partial<PlannedZoneOptions>,
    name: string,
    expected: unknown,
  ])[] = [
    ["is absent in a zone that the plan manages", [zone, own], {}, "x.example.com", "ENOTFOUND"],
    [
      "is absent in a managed zone, whatever the live DNS says",
      [zone, own],
      { live: live() },
      "made-by-hand.example.com",
      "ENOTFOUND",
    ],
    ["is absent in a zone that the plan only puts records into", [own], {}, "x.example.com", "ENOTFOUND"],
    [
      "is undetermined there, if so configured",
      [own],
      { unmanaged: "undetermined" },
      "x.example.com",
      "EUNDETERMINED",
    ],
    [
      "is asked of the live DNS there, if allowed",
      [own],
      { live: live() },
      "made-by-hand.example.com",
      ["198.51.100.1"],
    ],
    ["is absent there, if the live DNS says so", [own], { live: live() }, "x.example.com", "ENOTFOUND"],
    ["is undetermined outside the plan's zones", [own], {}, "example.org", "EUNDETERMINED"],
    [
      "is asked of the live DNS outside the plan's zones",
      [own],
      { live: live() },
      "example.org",
      ["198.51.100.2"],
    ],
    ["fails as the live DNS fails", [own], { live: live() }, "broken.example.org", "ESERVFAIL"],
  ];
  it.each(cases)("%s", async (_, records, options, name, expected) => {
    expect(await answerOf(zoneOf(records, options), name, "A")).toEqual(expected);
  });

  it("never asks the live DNS for what the plan holds", async () => {
    const dns = live();
    await answerOf(zoneOf([own], { live: dns }), "okmail.example.com", "A");
    expect(dns.queries).toEqual([]);
  });

  it("times out when the live DNS doesn't answer", async () => {
    const dns = dnsZone({ "example.org": "hang" });
    expect(await answerOf(zoneOf([own], { live: dns, liveTimeLimit: 20 }), "example.org", "A")).toBe(
      "ETIMEOUT",
    );
  });

  it("keeps addresses of the live DNS apart from symbols", async () => {
    const eip = declare.eip("e", { publicIp: unknown });
    const dns = dnsZone({ "example.org": { A: ["240.0.0.1"] } });
    const resolver = zoneOf([eip, record("okmail.example.com", "A", unknownFrom(eip))], { live: dns });
    expect(await answerOf(resolver, "okmail.example.com", "A")).toEqual(["240.0.0.1"]);
    expect(await answerOf(resolver, "example.org", "A")).not.toEqual(["240.0.0.1"]);
  });
});

describe("a proxied name", () => {
  const resolver = zoneOf([
    zone,
    record("okmail.example.com", "A", "192.0.2.1", { proxied: true }),
    record("alias.example.com", "CNAME", "okmail.example.com"),
    record("front.example.com", "CNAME", "plain.example.com", { proxied: true }),
    record("plain.example.com", "A", "192.0.2.2", { proxied: false }),
    record("maybe.example.com", "A", "192.0.2.3", { proxied: unknownFrom(zone) }),
  ]);
  const names: readonly (readonly [name: string, proxied: boolean])[] = [
    ["okmail.example.com", true],
    ["OKMAIL.example.com.", true],
    ["alias.example.com", true],
    ["front.example.com", true],
    ["plain.example.com", false],
    ["nothing.example.com", false],
    ["elsewhere.example.org", false],
  ];
  it.each(names)("%s: %s", async (name, proxied) => {
    expect(await resolver.proxied(name)).toBe(proxied);
  });

  it("is undetermined while the flag isn't known", async () => {
    await expect(resolver.proxied("maybe.example.com")).rejects.toMatchObject({ code: "EUNDETERMINED" });
  });

  it("never resolves to the address in its record", async () => {
    for (const name of ["okmail.example.com", "alias.example.com", "front.example.com"]) {
      expect(await answerOf(resolver, name, "A")).not.toContain("192.0.2.1");
      expect(await answerOf(resolver, name, "A")).not.toContain("192.0.2.2");
    }
  });
});
