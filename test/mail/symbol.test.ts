import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSymbol, SymbolTable, withoutSymbols } from "../../mail/symbol.ts";
import { dnsZone } from "../helpers/dns-zone.ts";

const address = fc.ipV4();
const blockAddress = fc
  .tuple(fc.integer({ min: 240, max: 255 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((octets) => octets.join("."));

describe("a symbol", () => {
  test("is one reserved address for each Elastic IP", () => {
    const symbols = new SymbolTable();
    const first = symbols.address("mail-okmail-address");
    const second = symbols.address("mail-other-address");
    expect([first, second]).toEqual(["240.0.0.1", "240.0.0.2"]);
    expect(symbols.address("mail-okmail-address")).toBe(first);
    expect(symbols.nameOf(second)).toBe("mail-other-address");
    expect(symbols.nameOf("240.0.0.3")).toBeUndefined();
  });

  test("is told from every other address by itself", () => {
    expect(["240.0.0.1", "247.255.255.255"].map(isSymbol)).toEqual([true, true]);
    expect(
      ["239.255.255.255", "248.0.0.1", "192.0.2.1", "2001:db8::1", "240.0.0", "x", ""].map(isSymbol),
    ).not.toContain(true);
  });

  test("stays distinct past the last octet", () => {
    const symbols = new SymbolTable();
    const all = Array.from({ length: 70_000 }, (_, index) => symbols.address(`eip-${index}`));
    expect(new Set(all).size).toBe(70_000);
    expect(all.every(isSymbol)).toBe(true);
    expect(all[69_999]).toBe("240.1.17.112");
  });
});

test("a template is filled with symbols by name", () => {
  const symbols = new SymbolTable();
  expect(symbols.fill("v=spf1 ip4:{a} ip4:{b} ip4:192.0.2.1 ip4:{a} -all")).toBe(
    "v=spf1 ip4:240.0.0.1 ip4:240.0.0.2 ip4:192.0.2.1 ip4:240.0.0.1 -all",
  );
  expect(symbols.nameOf("240.0.0.2")).toBe("b");
});

describe("what is written down", () => {
  test("never equals a symbol", () => {
    const symbols = new SymbolTable();
    const symbol = symbols.address("mail-okmail-address");
    expect(symbols.written(symbol)).toBe("248.0.0.1");
    expect(symbols.written(`v=spf1 ip4:${symbol} ip4:${symbol}/28 -all`)).toBe(
      "v=spf1 ip4:248.0.0.1 ip4:248.0.0.1/28 -all",
    );
    fc.assert(fc.property(fc.oneof(address, blockAddress), (written) => !isSymbol(symbols.written(written))));
  });

  test("stays as it is outside the block", () => {
    const symbols = new SymbolTable();
    fc.assert(
      fc.property(
        address.filter((candidate) => !isSymbol(candidate)),
        (written) => symbols.written(written) === written,
      ),
    );
    expect(symbols.written("1240.0.0.1 240.0.0.1.5 240.0.0")).toBe("1240.0.0.1 240.0.0.1.5 240.0.0");
  });
});

describe("a message", () => {
  const symbols = new SymbolTable();
  symbols.address("mail-okmail-address");
  symbols.written("240.0.0.9");
  test.each([
    [
      "names the Elastic IP",
      "okmail.example.com resolves to 240.0.0.1.",
      "okmail.example.com resolves to the address of Elastic IP mail-okmail-address.",
    ],
    ["keeps SPF terms terms", 'by "ip4:240.0.0.1"', 'by "ip4:{mail-okmail-address}"'],
    [
      "names the reverse name",
      "1.0.0.240.in-addr.arpa does not exist",
      "the reverse name of the address of Elastic IP mail-okmail-address does not exist",
    ],
    ["shows a reserved address as it was written", "resolves to 248.0.0.9", "resolves to 240.0.0.9"],
    [
      "keeps other addresses",
      "192.0.2.1 248.0.0.8 240.0.0.2 9.0.0.248.in-addr.arpa",
      "192.0.2.1 248.0.0.8 240.0.0.2 9.0.0.248.in-addr.arpa",
    ],
    ["keeps longer numbers", "240.0.0.1.5 and 240.0.0.10", "240.0.0.1.5 and 240.0.0.10"],
  ])("%s", (_, text, expected) => {
    expect(symbols.describe(text)).toBe(expected);
  });
});

test("a resolver over written records answers no symbol", async () => {
  const symbols = new SymbolTable();
  const zone = dnsZone({
    "example.com": {
      A: ["240.0.0.1", "192.0.2.1"],
      TXT: [["v=spf1 ip4:240.0", ".0.1 -all"]],
      MX: [{ exchange: "mx.example.com", priority: 1 }],
      proxied: true,
    },
  });
  const resolver = withoutSymbols(zone, symbols);
  expect(await resolver.resolve("example.com", "A")).toEqual(["248.0.0.1", "192.0.2.1"]);
  expect(await resolver.resolve("example.com", "TXT")).toEqual([["v=spf1 ip4:248.0.0.1 -all"]]);
  expect(await resolver.resolve("example.com", "MX")).toEqual([{ exchange: "mx.example.com", priority: 1 }]);
  expect(await resolver.proxied?.("example.com")).toBe(true);
  await expect(resolver.resolve("example.com", "AAAA")).rejects.toMatchObject({ code: "ENODATA" });
  expect(withoutSymbols({ resolve: zone.resolve }, symbols)).not.toHaveProperty("proxied");
});
