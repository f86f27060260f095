import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UndeterminedError, type Resolver } from "../../mail/resolver.ts";
import { checkSpf, type SpfCheck } from "../../mail/spf.ts";
import { SymbolTable } from "../../mail/symbol.ts";
import { dnsZone, type Zone, type ZoneName } from "../helpers/dns-zone.ts";

const ip = "192.0.2.10";
const unknown = new UndeterminedError("the content of mail-spf is not known yet");

function check(
  record: string | readonly string[],
  others: Zone = {},
  client: string = ip,
  mailFrom = "example.com",
): Promise<SpfCheck> {
  const zone = dnsZone({ "example.com": { TXT: [record].flat() }, ...others });
  return checkSpf(client, mailFrom, "okmail.example.com", zone);
}

const txt = (...TXT: string[]): ZoneName => ({ TXT });
const mx = (...exchanges: string[]): ZoneName => ({
  MX: exchanges.map((exchange, priority) => ({ exchange, priority })),
});

describe("the term that decided", () => {
  test.each<[string, string, Zone]>([
    ["ip4:192.0.2.10", "v=spf1 ip4:192.0.2.10 -all", {}],
    ["ip4:192.0.2.0/24", "v=spf1 ip4:198.51.100.1 ip4:192.0.2.0/24 ip4:192.0.2.10 -all", {}],
    ["-all", "v=spf1 mx -all", {}],
    ["~all", "v=spf1 ip4:198.51.100.1 ~all", {}],
    [
      "-a:two.example.com",
      "v=spf1 -a:one.example.com -a:two.example.com -all",
      { "one.example.com": { A: ["192.0.2.11"] }, "two.example.com": { A: [ip] } },
    ],
    ["-ip4:192.0.2.10", "v=spf1 -ip4:198.51.100.1 -ip4:192.0.2.10 -all", {}],
    ["?ip4:192.0.2.10", "v=spf1 ?ip4:192.0.2.10 -all", {}],
    [
      "a:two.example.com",
      "v=spf1 a:one.example.com a:two.example.com mx -all",
      { "one.example.com": { A: ["192.0.2.11"] }, "two.example.com": { A: [ip] } },
    ],
    [
      "mx:example.net",
      "v=spf1 mx:example.net a:one.example.com -all",
      { "example.net": mx("mx.example.net"), "mx.example.net": { A: [ip] } },
    ],
    [
      "include:_spf.example.net",
      "v=spf1 include:_spf.example.net a:one.example.com -all",
      { "_spf.example.net": txt("v=spf1 ip4:192.0.2.10 -all") },
    ],
    [
      "exists:%{ir}.example.net",
      "v=spf1 exists:%{ir}.example.net include:x.example.net -all",
      { "10.2.0.192.example.net": { A: ["127.0.0.2"] } },
    ],
    [
      "redirect=_spf.example.net",
      "v=spf1 a:one.example.com redirect=_spf.example.net",
      { "_spf.example.net": txt("v=spf1 ip4:192.0.2.10 -all") },
    ],
  ])("%s of %s", async (expected, record, others) => {
    expect((await check(record, others)).mechanism).toBe(expected);
  });

  test.each<[string, string, string]>([
    ["a neutral that no term gave", "v=spf1 ip4:198.51.100.1", "neutral"],
    ["a neutral beside a term for another address", "v=spf1 ?ip4:198.51.100.1", "neutral"],
    ["an error", "v=spf1 ip4:192.0.2.10 ip4", "permerror"],
    ["no record", "x", "none"],
  ])("is none for %s", async (_, record, result) => {
    expect(await check(record)).toMatchObject({ result, mechanism: undefined });
  });
});

test("what a check tells", async () => {
  const others: Zone = {
    "_spf.example.net": txt("v=spf1 a:gone.example.net include:deep.example.net -all"),
    "deep.example.net": txt("v=spf1 ip4:192.0.2.10 -all"),
  };
  expect(
    await check(["x=y", "v=spf1 include:_spf.example.net -all"], others, ip, "Someone@Example.com"),
  ).toEqual({
    result: "pass",
    domain: "example.com",
    record: "v=spf1 include:_spf.example.net -all",
    mechanism: "include:_spf.example.net",
    lookups: 3,
    voidLookups: 1,
    problem: undefined,
    undetermined: false,
    explanation: undefined,
    chain: ["example.com", "_spf.example.net", "deep.example.net"],
  });
});

test("an explanation goes with a fail", async () => {
  const others = { "why.example.com": txt("%{i} is no sender of %{d}") };
  expect(await check("v=spf1 -all exp=why.example.com", others)).toMatchObject({
    result: "fail",
    explanation: "192.0.2.10 is no sender of example.com",
  });
});

describe("why there is no result", () => {
  test.each<[string, string | string[], Zone, string]>([
    ["none", [], {}, "example.com has no TXT record"],
    ["none", "x=y", {}, "example.com has no SPF record"],
    ["permerror", ["v=spf1 -all", "v=spf1 +all"], {}, "multiple SPF records found for example.com"],
    ["permerror", "v=spf1 ip4:192.0.2.300 -all", {}, 'Invalid "ip4" term: "ip4:192.0.2.300" at example.com'],
    ["permerror", "v=spf1 redirect=a.example.net redirect=b.example.net", {}, "more than 1 redirect found"],
    ["permerror", "v=spf1 include:gone.example.net -all", {}, "no SPF records found for gone.example.net"],
    [
      "permerror",
      "v=spf1 include:_spf.example.net -all",
      { "_spf.example.net": txt("v=spf1 foo -all") },
      'Unknown mechanism "foo": "foo" at _spf.example.net',
    ],
    ["permerror", "v=spf1 include:example.com -all", {}, "the SPF record of example.com includes itself"],
    [
      "permerror",
      "v=spf1 ip4:192.0.2.10 include:Example.com. -all",
      {},
      "the SPF record of example.com includes itself",
    ],
    [
      "permerror",
      "v=spf1 ip4:192.0.2.10 include:%{d} -all",
      {},
      "the SPF record of example.com includes itself",
    ],
    ["permerror", "v=spf1 redirect=%{d}", {}, "the evaluation asks for more than 10 DNS look-ups"],
    [
      "permerror",
      "v=spf1 a:a.a a:b.b a:c.c -all",
      {},
      "3 look-ups find nothing (A a.a, A b.b, A c.c), and receivers stop at the third",
    ],
    [
      "temperror",
      "v=spf1 a:slow.example.net -all",
      { "slow.example.net": "ETIMEOUT" },
      "the DNS look-up of slow.example.net A timed out",
    ],
    [
      "temperror",
      "v=spf1 include:bad.example.net -all",
      { "bad.example.net": "ESERVFAIL" },
      "the DNS look-up of bad.example.net TXT failed at the name server (SERVFAIL)",
    ],
  ])("%s: %j", async (result, record, others, problem) => {
    expect(await check(record, others)).toMatchObject({ result, problem, undetermined: false });
  });

  test("none for a name that does not exist, and one that can't", async () => {
    expect(await check("x", {}, ip, "gone.example.net")).toMatchObject({
      result: "none",
      problem: "gone.example.net does not exist",
    });
    expect(await check("x", {}, ip, "localhost")).toMatchObject({
      result: "none",
      problem: '"localhost" is no domain',
    });
  });
});

describe("void look-ups of mail exchangers, as pyspf counts them,", () => {
  const host = (...A: string[]): ZoneName => ({ A });
  test.each<[string, string, Zone, string, number]>([
    ["two are allowed", "v=spf1 mx -all", { "mx3.example.com": host(ip) }, "pass", 2],
    [
      "the third is a permerror",
      "v=spf1 mx:example.net -all",
      { "example.net": mx("a.a", "b.b", "c.c") },
      "permerror",
      3,
    ],
    [
      "also when an earlier one matches",
      "v=spf1 mx:example.net -all",
      { "example.net": mx("mx3.example.com", "a.a", "b.b", "c.c"), "mx3.example.com": host(ip) },
      "permerror",
      3,
    ],
    [
      "also spread over terms",
      "v=spf1 a:a.a mx:example.net -all",
      { "example.net": mx("b.b", "c.c") },
      "permerror",
      3,
    ],
    [
      "also spread over two sets",
      "v=spf1 mx:example.net mx:example.org -all",
      { "example.net": mx("a.a", "b.b"), "example.org": mx("c.c") },
      "permerror",
      3,
    ],
    [
      "those before the evaluation ends, not those after",
      "v=spf1 ip4:192.0.2.10 mx:example.net -all",
      { "example.net": mx("a.a", "b.b", "c.c") },
      "pass",
      0,
    ],
    [
      "a null MX has no host to count",
      "v=spf1 mx:example.net a:a.a a:b.b ip4:192.0.2.10 -all",
      { "example.net": mx("") },
      "pass",
      2,
    ],
    [
      "a server that fails is not void",
      "v=spf1 mx:example.net -all",
      { "example.net": mx("a.a", "b.b", "slow.example.net"), "slow.example.net": "ETIMEOUT" },
      "temperror",
      2,
    ],
  ])("%s", async (_, record, others, result, voidLookups) => {
    const zone: Zone = {
      "example.com": { ...txt(record), ...mx("mx1.example.com", "mx2.example.com", "mx3.example.com") },
      ...others,
    };
    expect(await checkSpf(ip, "example.com", "x.example.com", dnsZone(zone))).toMatchObject({
      result,
      voidLookups,
    });
  });

  test("are counted by the client's kind of address", async () => {
    const zone: Zone = {
      ...Object.fromEntries(["a.a", "b.b", "c.c"].map((name) => [name, host(ip)])),
      "example.net": mx("a.a", "b.b", "c.c"),
    };
    expect(await check("v=spf1 mx:example.net -all", zone, "2001:db8::1")).toMatchObject({
      result: "permerror",
      voidLookups: 3,
    });
    expect(await check("v=spf1 mx:example.net -all", zone)).toMatchObject({ result: "pass", voidLookups: 0 });
  });

  test("are looked for by the client's kind of address behind the one that matches, too", async () => {
    const zone: Zone = {
      ...Object.fromEntries(["a.a", "b.b", "c.c"].map((name) => [name, host(ip)])),
      "mx.example.net": { AAAA: ["2001:db8::1"] },
      "example.net": mx("mx.example.net", "a.a", "b.b", "c.c"),
    };
    expect(await check("v=spf1 mx:example.net -all", zone, "2001:db8::1")).toMatchObject({
      result: "permerror",
      voidLookups: 3,
    });
  });

  test("are joined by those of reverse names", async () => {
    const zone: Zone = {
      "10.2.0.192.in-addr.arpa": { PTR: ["a.a", "b.b", "c.c"] },
      "okmail.example.com": host(ip),
    };
    expect(await check("v=spf1 ptr a:okmail.example.com -all", zone)).toMatchObject({
      result: "permerror",
      voidLookups: 3,
    });
  });

  test("are empty answers too", async () => {
    const zone = dnsZone({ "example.com": txt("v=spf1 a:a.a a:b.b a:c.c -all") });
    const resolve: Resolver["resolve"] = async (name, type) =>
      type === "TXT" ? zone.resolve(name, type) : ([] as never);
    expect(await checkSpf(ip, "example.com", "x.example.com", { resolve })).toMatchObject({
      result: "permerror",
      voidLookups: 3,
    });
  });

  test("more than ten exchangers are a permerror, though the first matches", async () => {
    const names = Array.from({ length: 11 }, (_, index) => `mx${index}.example.net`);
    const zone: Zone = {
      ...Object.fromEntries(names.map((name) => [name, host(ip)])),
      "example.net": mx(...names),
    };
    expect(await check("v=spf1 mx:example.net -all", zone)).toMatchObject({
      result: "permerror",
      problem: 'example.net has 11 mail exchangers, and "mx" may look up 10',
    });
    expect(
      await check("v=spf1 mx:example.net -all", { ...zone, "example.net": mx(...names.slice(1)) }),
    ).toMatchObject({ result: "pass" });
  });
});

describe("a value not known yet", () => {
  test.each<[string, string, Zone, string]>([
    [
      "leaves the result open",
      "v=spf1 a:later.example.net -all",
      { "later.example.net": unknown },
      "temperror",
    ],
    [
      "in a mail exchanger leaves it open",
      "v=spf1 mx:example.net -all",
      { "example.net": unknown },
      "temperror",
    ],
    [
      "in an include leaves it open",
      "v=spf1 include:later.example.net -all",
      { "later.example.net": unknown },
      "temperror",
    ],
    [
      "in ptr, which a receiver passes over, leaves it open",
      "v=spf1 ptr:example.net -all",
      { "10.2.0.192.in-addr.arpa": unknown },
      "temperror",
    ],
    [
      "behind the term that matches doesn't matter",
      "v=spf1 ip4:192.0.2.10 a:later.example.net -all",
      { "later.example.net": unknown },
      "pass",
    ],
    [
      "in an exchanger behind the one that matches doesn't matter",
      "v=spf1 mx:example.net -all",
      {
        "example.net": mx("mx.example.net", "later.example.net"),
        "mx.example.net": { A: [ip] },
        "later.example.net": unknown,
      },
      "pass",
    ],
    [
      "in an explanation takes nothing from a fail",
      "v=spf1 -all exp=later.example.net",
      { "later.example.net": unknown },
      "fail",
    ],
  ])("%s", async (_, record, others, result) => {
    const found = await check(record, others);
    expect(found.result).toBe(result);
    expect([found.undetermined, found.problem]).toEqual(
      result === "temperror" ? [true, unknown.message] : [false, undefined],
    );
  });
});

describe("a symbol", () => {
  const symbols = new SymbolTable();
  const symbol = symbols.address("mail-okmail-address");
  const other = symbols.address("mail-other-address");
  const host = (...A: string[]): ZoneName => ({ A });

  test.each<[string, string, Zone, string]>([
    ["is permitted by itself", `v=spf1 ip4:${symbol} -all`, {}, "pass"],
    ["is permitted by the network around itself", `v=spf1 ip4:${symbol}/28 -all`, {}, "pass"],
    [
      "is permitted by a name that resolves to it",
      "v=spf1 a:okmail.example.com -all",
      { "okmail.example.com": host(symbol) },
      "pass",
    ],
    [
      "is permitted by a mail exchanger",
      "v=spf1 mx:example.net/28 -all",
      { "example.net": mx("okmail.example.com"), "okmail.example.com": host(symbol) },
      "pass",
    ],
    [
      "is permitted by an include",
      "v=spf1 include:_spf.example.net -all",
      { "_spf.example.net": txt(`v=spf1 ip4:${symbol} -all`) },
      "pass",
    ],
    [
      "is permitted by ptr through its reverse name",
      "v=spf1 ptr:example.com -all",
      {
        [`${symbol.split(".").reverse().join(".")}.in-addr.arpa`]: { PTR: ["okmail.example.com"] },
        "okmail.example.com": host(symbol),
      },
      "pass",
    ],
    ["is permitted by the network of everybody", "v=spf1 ip4:0.0.0.0/0 -all", {}, "pass"],
    ["is permitted by all", "v=spf1 all", {}, "pass"],
    ["is no other symbol", `v=spf1 ip4:${other} -all`, {}, "fail"],
    ["is in no network of another symbol", `v=spf1 ip4:${other}/24 -all`, {}, "fail"],
    [
      "is in no network of a name with another symbol",
      "v=spf1 a:other.example.com/8 -all",
      { "other.example.com": host(other) },
      "fail",
    ],
    [
      "is in no network of a name with a written address",
      "v=spf1 a:other.example.com/1 -all",
      { "other.example.com": host("203.0.113.5") },
      "fail",
    ],
    [
      "is in no written network but everybody's",
      "v=spf1 ip4:240.0.0.0/4 ip4:128.0.0.0/1 ip4:240.0.0.0/8 -all",
      {},
      "fail",
    ],
    ["is failed by a term for itself", `v=spf1 -ip4:${symbol} +all`, {}, "fail"],
    ["makes no invalid term valid", `v=spf1 ip4:${symbol} ip4:192.0.2.0/33 -all`, {}, "permerror"],
  ])("%s", async (_, record, others, result) => {
    const found = await check(record, others, symbol);
    expect(found).toMatchObject({ result, record });
  });

  test.each<[string, string, Zone]>([
    ["by its text", `v=spf1 ip4:${symbol} -all`, {}],
    ["by a network around it", `v=spf1 ip4:${symbol}/1 ip4:${symbol}/4 -all`, {}],
    [
      "by a name that resolves to it",
      "v=spf1 a:okmail.example.com a:okmail.example.com/1 -all",
      { "okmail.example.com": host(symbol) },
    ],
  ])("permits no written address %s", async (_, record, others) => {
    for (const client of [ip, "1.2.3.4", "127.255.255.255", "128.0.0.1", "223.255.255.255"]) {
      expect((await check(record, others, client)).result).toBe("fail");
    }
  });

  test.each<[string, string, Zone, string]>([
    ["a network of the record", "v=spf1 ip4:203.0.113.0/24 -all", {}, "temperror"],
    ["a network that softly fails others", "v=spf1 ip4:203.0.113.0/24 ~all", {}, "temperror"],
    [
      "a network of an include",
      "v=spf1 include:_spf.example.net -all",
      { "_spf.example.net": txt("v=spf1 ip4:203.0.113.0/24 -all") },
      "temperror",
    ],
    ["no single address", "v=spf1 ip4:203.0.113.7 ip4:203.0.113.8/32 -all", {}, "fail"],
    ["no network that is kept out", "v=spf1 -ip4:203.0.113.0/24 -all", {}, "fail"],
    [
      "no network of a record that is none",
      "v=spf1 ip4:203.0.113.0/24 ip4:192.0.2.0/33 -all",
      {},
      "permerror",
    ],
  ])("of the account's own pool may be in %s", async (_, record, others, result) => {
    const pooled = symbols.address("mail-pooled-address", "own pool");
    const found = await check(record, others, pooled);
    expect(found).toMatchObject({ result, undetermined: result === "temperror" });
    if (result === "temperror")
      expect(found.problem).toBe(
        '"ip4:203.0.113.0/24" may permit the address, which comes from a pool of the account\'s own and is not allocated yet',
      );
    expect((await check(`v=spf1 ip4:203.0.113.0/24 ip4:${pooled} -all`, {}, pooled)).result).toBe("pass");
  });

  test("written down by hand is another address", async () => {
    const written = symbols.written(`v=spf1 ip4:${symbol} -all`);
    expect((await check(written, {}, symbol)).result).toBe("fail");
    const zone: Zone = { "okmail.example.com": host(symbols.written(symbol)) };
    expect((await check("v=spf1 a:okmail.example.com -all", zone, symbol)).result).toBe("fail");
  });

  test.each([
    ["forwards", "v=spf1 exists:%{i}._spf.example.com -all"],
    ["backwards", "v=spf1 exists:%{ir}._spf.example.com -all"],
    ["in an include", "v=spf1 include:%{ir}.%{v}.example.com -all"],
  ])("in a name by macro, %s, leaves the result open", async (_, record) => {
    expect(await check(record, {}, symbol)).toMatchObject({ result: "temperror", undetermined: true });
  });

  test("shows in the deciding term", async () => {
    const record = `v=spf1 ip4:240.0.0.0/4 ip4:${other} ip4:${symbol} -all`;
    const { mechanism = "" } = await check(record, {}, symbol);
    expect(symbols.describe(mechanism)).toBe("ip4:{mail-okmail-address}");
  });
});

describe("bad input ends in a result, in time:", () => {
  const terms = (count: number, term: (index: number) => string): string =>
    `v=spf1 ${Array.from({ length: count }, (_, index) => term(index)).join(" ")} -all`;
  const include = (name: string): ZoneName => txt(`v=spf1 include:${name} include:${name} -all`);
  test.each<[string, string | string[], Zone, string]>([
    ["60 KB of networks", terms(3500, (index) => `ip4:10.${index >> 8}.${index & 255}.1`), {}, "fail"],
    ["60 KB of networks that all but match", terms(3500, () => "ip4:192.0.2.11"), {}, "fail"],
    ["60 KB of look-ups", terms(30_000, () => "a"), {}, "permerror"],
    ["60 KB of modifiers", terms(15_000, (index) => `m${index % 10}=`), {}, "fail"],
    ["60 KB of garbage", terms(10_000, (index) => `g${index}`), {}, "permerror"],
    ["60 KB in one term", `v=spf1 ip4:${"1".repeat(60_000)} -all`, {}, "permerror"],
    ["60 KB of slashes", `v=spf1 a:${"/1".repeat(30_000)} -all`, {}, "permerror"],
    ["60 KB of macros", `v=spf1 exists:${"%{i}".repeat(15_000)}.example.com -all`, {}, "fail"],
    ["10,000 TXT records", Array.from({ length: 10_000 }, (_, index) => `text ${index}`), {}, "none"],
    ["10,000 SPF records", Array.from({ length: 10_000 }, () => "v=spf1 -all"), {}, "permerror"],
    [
      "includes that lead to each other",
      "v=spf1 include:a.example.com -all",
      { "a.example.com": include("b.example.com"), "b.example.com": include("a.example.com") },
      "permerror",
    ],
    [
      "redirects that lead to each other",
      "v=spf1 redirect=a.example.com",
      { "a.example.com": txt("v=spf1 redirect=example.com") },
      "permerror",
    ],
  ])("%s", async (_, record, others, result) => {
    const start = performance.now();
    expect((await check(record, others)).result).toBe(result);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test("a resolver that never answers", async () => {
    const zone = dnsZone({ "example.com": "hang" });
    const found = await checkSpf(ip, "example.com", "okmail.example.com", zone, { timeLimit: 20 });
    expect(found).toMatchObject({ result: "temperror", problem: "SPF evaluation time limit exceeded" });
  });

  test("an identity that mailauth can't report on", async () => {
    const helo = Object.create(null) as string;
    const zone = dnsZone({ "example.com": txt("v=spf1 +all") });
    expect((await checkSpf(ip, "example.com", helo, zone)).result).toBe("permerror");
  });

  test("identities and clients of any form", async () => {
    const odd = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "@", "a@", "@b", "..", "a@b@c", " ", "\0"),
    );
    await fc.assert(
      fc.asyncProperty(odd, odd, odd, async (client, mailFrom, helo) => {
        const { result } = await checkSpf(
          client,
          mailFrom,
          helo,
          dnsZone({ "example.com": txt("v=spf1 +all") }),
        );
        expect(["none", "temperror", "permerror"]).toContain(result);
      }),
    );
  });

  test("records of any form", async () => {
    const word = fc.oneof(
      fc.constantFrom(
        "a",
        "mx",
        "ptr",
        "all",
        "-all",
        "include:",
        "redirect=",
        "ip4:",
        "exists:%{",
        "%",
        "a:b.c/",
        "//",
        "ip6:::/0",
        "exp=%{d}",
      ),
      fc.string({ maxLength: 12 }),
      fc.string({ unit: "binary", maxLength: 6 }),
    );
    const record = fc.array(word, { maxLength: 12 }).map((words) => `v=spf1 ${words.join(" ")}`);
    await fc.assert(
      fc.asyncProperty(record, async (text) => {
        const { result } = await check(text);
        expect(["pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"]).toContain(result);
      }),
    );
  });
});
