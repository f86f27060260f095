import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blocks, renderFinding, ruleIds } from "../../mail/finding.ts";
import { judge, rules, type Sender } from "../../mail/judge.ts";
import { reverseName } from "../../mail/host-name.ts";
import { UndeterminedError, type Resolver } from "../../mail/resolver.ts";
import { SymbolTable } from "../../mail/symbol.ts";
import { dnsZone, type Zone } from "../helpers/dns-zone.ts";
import { goodSender, goodZone, objections, zoneAt, zoneWith } from "./judge-good-sender.ts";

describe("the table of rules", () => {
  test("has every rule id once, in the receiver's order", () => {
    expect(rules.map(({ id }) => id)).toEqual(ruleIds);
  });

  test.each(rules.map((rule) => [rule.id, rule] as const))(
    "%s is documented, in the file of its name",
    (id, rule) => {
      expect(existsSync(new URL(`../../mail/judge/${id}.ts`, import.meta.url))).toBe(true);
      expect(rule.title).toMatch(/^[A-Z].*[^.]$/);
      expect(rule.description).toMatch(/^[A-Z].*\.$/s);
      expect(rule.sources.every((source) => /^RFC \d+ [\dA-Z.]+/.test(source))).toBe(true);
      expect(rule.replies.every((reply) => / [45]\d\d( \d\.\d\.\d+)?$/.test(reply))).toBe(true);
    },
  );

  test("DNS, SPF, MX and blocklists are mandatory, the rest is not", () => {
    expect(rules.filter(({ severity }) => severity === "advisory").map(({ id }) => id)).toEqual([
      "spf-not-too-wide",
      "dkim-key-published",
      "dmarc-published",
    ]);
  });
});

describe("the judge", () => {
  test("finds that all agrees with a good sender, in the order of the rules", async () => {
    const listings = () => Promise.resolve([{ zone: "zen.example", outcome: "clear" } as const]);
    const findings = await judge(goodSender, dnsZone(goodZone), { listings });
    expect(new Set(findings.map(({ outcome }) => outcome))).toEqual(new Set(["agrees"]));
    expect([...new Set(findings.map(({ rule }) => rule))]).toEqual(ruleIds);
    expect(findings.every(({ fix, subject }) => fix === undefined && subject.host === "okmail")).toBe(true);
  });

  test("looks each name up once", async () => {
    const dns = dnsZone(
      zoneAt("example.com", { TXT: ["v=spf1 mx a:okmail.example.com ip4:192.0.2.10 -all"] }),
    );
    await judge({ ...goodSender, addresses: ["192.0.2.10", "192.0.2.20"] }, dns);
    expect(dns.queries.toSorted()).toEqual([...new Set(dns.queries)].toSorted());
  });

  test("judges only by the rules asked for, and asks the DNS nothing for the others", async () => {
    const dns = dnsZone(goodZone);
    const findings = await judge(goodSender, dns, { only: ["ptr-matches-helo"] });
    expect(findings.map(({ rule }) => rule)).toEqual(["ptr-matches-helo"]);
    expect(dns.queries).toEqual(["PTR 10.2.0.192.in-addr.arpa"]);
  });

  test("reports one fault by one rule", async () => {
    const { TXT, MX } = goodZone["example.com"];
    expect(await objections(zoneWith({ "10.2.0.192.in-addr.arpa": undefined }))).toEqual([
      "ptr-matches-helo disagrees",
    ]);
    expect(await objections(zoneWith({ "example.com": { MX } }))).toEqual(["spf-permits-address disagrees"]);
    expect(await objections(zoneWith({ "example.com": { MX, TXT: [...TXT, TXT[0]] } }))).toEqual([
      "spf-is-valid disagrees",
    ]);
    expect(await objections(zoneWith({ "example.com": { TXT } }))).toEqual(["mx-resolves disagrees"]);
    expect(await objections(zoneAt("okmail.example.com", { A: ["192.0.2.20"] }))).toEqual([
      "a-matches-address disagrees",
    ]);
  });

  test("takes severities from the settings, but for remarks and for +all", async () => {
    const zone = zoneWith({
      ...zoneAt("example.com", { TXT: ["v=spf1 +all"] }),
      "okmail.example.com": { A: ["192.0.2.10"], AAAA: ["2001:db8::1"] },
      "10.2.0.192.in-addr.arpa": undefined,
      "_dmarc.example.com": undefined,
    });
    const severities = {
      "ptr-matches-helo": "advisory",
      "spf-not-too-wide": "advisory",
      "a-matches-address": "mandatory",
      "dmarc-published": "mandatory",
    } as const;
    expect(await objections(zone, {}, { severities })).toEqual([
      "a-matches-address remark",
      "ptr-matches-helo remark",
      "spf-permits-helo remark",
      "spf-not-too-wide disagrees",
      "dmarc-published disagrees",
    ]);
  });

  test("settles case and final dots of names", async () => {
    const shouting = {
      ...goodSender,
      helo: "OKMAIL.Example.COM",
      mailFrom: "EXAMPLE.com.",
      selectors: [{ ...goodSender.selectors[0], selector: "S1" }],
    };
    const zone = zoneWith({
      ...zoneAt("example.com", { MX: [{ exchange: "Okmail.EXAMPLE.com.", priority: 0 }] }),
      "10.2.0.192.in-addr.arpa": { PTR: ["OkMail.example.COM."] },
    });
    expect(await objections(zone, shouting)).toEqual([]);
  });

  test("judges a sender of bounces by its HELO name", async () => {
    expect(await objections(goodZone, { mailFrom: "", selectors: [] })).toEqual([]);
    expect(
      await objections(zoneAt("okmail.example.com", { TXT: [] }), { mailFrom: "", selectors: [] }),
    ).toEqual(["spf-permits-address disagrees"]);
  });
});

describe("a sender whose address is not allocated yet", () => {
  const symbols = new SymbolTable();
  const symbol = symbols.address("mail-okmail-address");
  const other = symbols.address("mail-other-address");
  const sender: Sender = { ...goodSender, addresses: [symbol], ownAddresses: [symbol, other] };
  const template = "v=spf1 ip4:{mail-okmail-address} -all";
  const symbolicZone = (changes: Zone = {}): Zone => ({
    ...goodZone,
    "example.com": { ...goodZone["example.com"], TXT: [symbols.fill(template)] },
    "okmail.example.com": { A: [symbol], TXT: [symbols.fill(template)] },
    [reverseName(symbol)]: { PTR: ["okmail.example.com"] },
    ...changes,
  });
  const complaints = async (zone: Zone): Promise<string[]> =>
    (await judge(sender, dnsZone(zone)))
      .filter(({ outcome }) => outcome !== "agrees")
      .map((finding) => renderFinding(finding, symbols));

  test("agrees by its symbol", async () => {
    expect(await complaints(symbolicZone())).toEqual([]);
  });

  test.each<[string, Zone, string]>([
    [
      "another Elastic IP in the A record",
      { "okmail.example.com": { A: [other], TXT: [symbols.fill(template)] } },
      "The HELO name okmail.example.com resolves to the address of Elastic IP mail-other-address, not to the address of Elastic IP mail-okmail-address.",
    ],
    [
      "a written address in the A record",
      { "okmail.example.com": { A: ["192.0.2.10"], TXT: [symbols.fill(template)] } },
      "resolves to 192.0.2.10, not to the address of Elastic IP mail-okmail-address.",
    ],
    [
      "its symbol written down by hand",
      { "okmail.example.com": { A: [symbols.written(symbol)], TXT: [symbols.fill(template)] } },
      `resolves to ${symbol}, not to the address of Elastic IP mail-okmail-address.`,
    ],
    [
      "no reverse name",
      { [reverseName(symbol)]: {} },
      "the address of Elastic IP mail-okmail-address has no PTR record",
    ],
    [
      "another Elastic IP in SPF",
      {
        "example.com": {
          ...goodZone["example.com"],
          TXT: [symbols.fill("v=spf1 ip4:{mail-other-address} -all")],
        },
      },
      'the record is "v=spf1 ip4:{mail-other-address} -all". Set the SPF record of example.com to "v=spf1 ip4:{mail-okmail-address} ip4:{mail-other-address} -all".',
    ],
    [
      "a written network in SPF",
      { "example.com": { ...goodZone["example.com"], TXT: ["v=spf1 ip4:0.0.0.0/1 ip4:240.0.0.0/4 -all"] } },
      "gives the address of Elastic IP mail-okmail-address fail",
    ],
  ])("rejects %s", async (_, changes, message) => {
    const found = await complaints(symbolicZone(changes));
    expect(found.join("\n")).toContain(message);
  });

  test("never shows a symbol's address", async () => {
    const zones = [
      symbolicZone(),
      symbolicZone({
        "okmail.example.com": { A: [other] },
        "example.com": { TXT: [symbols.fill("v=spf1 ip4:{mail-other-address}/28 ~all")] },
      }),
      {},
    ];
    for (const zone of zones) {
      const texts = (await judge(sender, dnsZone(zone))).map((finding) => renderFinding(finding, symbols));
      expect(texts.join("\n")).not.toMatch(/24[0-7]\.\d+\.\d+\.\d+|\.24[0-7]\.in-addr/);
    }
  });

  test("is undetermined, not refused, where a value can't be known", async () => {
    const unknown = new UndeterminedError("the content of mail-spf is not known before it is created");
    const findings = await judge(
      sender,
      dnsZone(symbolicZone({ "example.com": unknown, "okmail.example.com": unknown })),
    );
    expect(findings.filter(blocks)).toEqual([]);
    const open = findings.filter(({ outcome }) => outcome === "undetermined");
    expect(open.map(({ rule }) => rule)).toContain("spf-permits-address");
    expect(open.every(({ message }) => message.startsWith("the content of mail-spf is not known"))).toBe(
      true,
    );
  });
});

describe("the judge never fails", () => {
  const failing = (error: unknown): Resolver => ({
    resolve: () => {
      throw error as Error;
    },
    proxied: () => {
      throw error as Error;
    },
  });

  test.each<[string, Resolver]>([
    ["a resolver that throws", failing(new Error("bug"))],
    ["a resolver that throws nothing useful", failing(undefined)],
    [
      "a resolver that never answers",
      { resolve: () => new Promise(() => undefined), proxied: () => new Promise(() => undefined) },
    ],
  ])("with %s: all that needs it is undetermined", async (_, resolver) => {
    const findings = await judge(goodSender, resolver, { lookupTimeLimit: 20 });
    expect(
      findings.filter(({ rule }) => rule !== "helo-is-host-name").map(({ outcome }) => outcome),
    ).not.toContain("agrees");
    expect(findings.filter(blocks)).toEqual([]);
  });

  test("with a resolver that answers nonsense", async () => {
    const nonsense = fc.array(fc.anything(), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.func(nonsense), async (answer) => {
        const resolver: Resolver = { resolve: (name, type) => Promise.resolve(answer(name, type) as never) };
        expect(Array.isArray(await judge(goodSender, resolver))).toBe(true);
      }),
    );
  });

  test("with a sender of any form", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "",
        ".",
        "..",
        "a..b",
        "[::1]",
        "240.0.0.1",
        "10.0.0.1",
        "::",
        "fe80::1%eth0",
        "*.example.com",
        "@",
      ),
    );
    const sender: fc.Arbitrary<Sender> = fc.record({
      name: text,
      addresses: fc.array(text, { maxLength: 3 }),
      helo: text,
      mailFrom: text,
      from: fc.option(text, { nil: undefined }),
      selectors: fc.array(fc.record({ selector: text, publicKey: fc.option(text, { nil: undefined }) }), {
        maxLength: 2,
      }),
      ownAddresses: fc.option(fc.array(text, { maxLength: 3 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(sender, async (odd) => {
        for (const finding of await judge(odd, dnsZone(goodZone)))
          expect(renderFinding(finding)).not.toBe("");
      }),
    );
  });

  test("with 10,000 TXT records at every name", async () => {
    const TXT = Array.from({ length: 10_000 }, (_, index) => `text ${index}`);
    const names = Object.keys(goodZone) as (keyof typeof goodZone)[];
    const zone = Object.fromEntries(names.map((name) => [name, { ...goodZone[name], TXT }]));
    expect(await objections(zone)).toEqual([
      "spf-permits-address disagrees",
      "spf-permits-helo remark",
      "dkim-key-published remark",
      "dmarc-published remark",
    ]);
  });
});
