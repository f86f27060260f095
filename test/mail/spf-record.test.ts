import { containsCidr, overlapCidr } from "cidr-tools";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { heloSpfRecord, includeFault, spfRecord, type SpfOptions } from "../../mail/spf-record.ts";

const strict: SpfOptions = { all: "fail", a: false, mx: false, includes: [], ip4: [] };

const includes = (count: number) => Array.from({ length: count }, (_, index) => `n${index}.example`);

describe("spfRecord", () => {
  test.each<[string, string[], Partial<SpfOptions>, string]>([
    ["one address", ["192.0.2.10"], {}, "v=spf1 ip4:192.0.2.10 -all"],
    [
      "two addresses in their order",
      ["192.0.2.11", "192.0.2.10"],
      {},
      "v=spf1 ip4:192.0.2.11 ip4:192.0.2.10 -all",
    ],
    ["an address given twice once", ["192.0.2.10", "192.0.2.10"], {}, "v=spf1 ip4:192.0.2.10 -all"],
    ["a symbol", ["{mail-okmail-address}"], {}, "v=spf1 ip4:{mail-okmail-address} -all"],
    ["softfail", ["192.0.2.10"], { all: "softfail" }, "v=spf1 ip4:192.0.2.10 ~all"],
    [
      "everything in a fixed order",
      ["192.0.2.10"],
      { a: true, mx: true, includes: ["b.example", "a.example"], ip4: ["203.0.113.0/24"] },
      "v=spf1 ip4:192.0.2.10 ip4:203.0.113.0/24 a mx include:b.example include:a.example -all",
    ],
    [
      "a domain with an underscore, normalized, once",
      ["192.0.2.10"],
      { includes: ["_spf.Example.net.", "_spf.example.net"] },
      "v=spf1 ip4:192.0.2.10 include:_spf.example.net -all",
    ],
    ["single addresses without a prefix", [], { ip4: ["203.0.113.7/32"] }, "v=spf1 ip4:203.0.113.7 -all"],
    [
      "networks in numeric order",
      [],
      { ip4: ["203.0.113.0/24", "9.9.9.9", "192.0.2.128/25"] },
      "v=spf1 ip4:9.9.9.9 ip4:192.0.2.128/25 ip4:203.0.113.0/24 -all",
    ],
    [
      "neighbours as one network",
      [],
      { ip4: ["203.0.113.1", "203.0.113.0"] },
      "v=spf1 ip4:203.0.113.0/31 -all",
    ],
    [
      "neighbours that make no network apart",
      [],
      { ip4: ["203.0.113.1", "203.0.113.2"] },
      "v=spf1 ip4:203.0.113.1 ip4:203.0.113.2 -all",
    ],
    [
      "no network inside another one",
      [],
      { ip4: ["203.0.113.0/24", "203.0.113.64/26"] },
      "v=spf1 ip4:203.0.113.0/24 -all",
    ],
    ["an own address once", ["192.0.2.10"], { ip4: ["192.0.2.10"] }, "v=spf1 ip4:192.0.2.10 -all"],
    [
      "an own address also where a network holds it",
      ["192.0.2.10"],
      { ip4: ["192.0.2.0/24"] },
      "v=spf1 ip4:192.0.2.10 ip4:192.0.2.0/24 -all",
    ],
    ["nobody", [], {}, "v=spf1 -all"],
  ])("writes %s", (_, addresses, options, record) =>
    expect(spfRecord(addresses, { ...strict, ...options })).toBe(record),
  );

  test.each<[string, string[], Partial<SpfOptions>, string]>([
    [
      "a private address",
      ["10.0.0.1"],
      {},
      `the sender's address "10.0.0.1" is in 10.0.0.0/8, private (RFC 1918)`,
    ],
    ["no address", ["okmail"], {}, `the sender's address "okmail" is no IPv4 address`],
    ["a symbol with a space", ["{a b}"], {}, `the sender's address "{a b}" is no IPv4 address`],
    [
      "a network with host bits",
      [],
      { ip4: ["192.0.2.1/24"] },
      'the SPF network "192.0.2.1/24" has host bits set; the network is 192.0.2.0/24',
    ],
    [
      "an include that is no domain",
      [],
      { includes: ["include:a.example"] },
      'the SPF include "include:a.example" begins with "include:"; give the domain alone',
    ],
    [
      "more than 10 look-ups",
      [],
      { a: true, mx: true, includes: includes(9) },
      "the SPF record asks for 11 DNS look-ups, and receivers stop after 10 (RFC 7208 4.6.4); " +
        "drop 1 of its a, mx and include terms, or write their addresses as ip4",
    ],
    [
      "more than 450 octets",
      [],
      { ip4: Array.from({ length: 25 }, (_, index) => `203.0.113.${100 + 2 * index}`) },
      "the SPF record takes 461 octets, and only 450 surely fit a DNS answer (RFC 7208 3.4); " +
        "drop networks or includes, or replace neighbouring addresses by the network that holds them",
    ],
  ])("refuses %s", (_, addresses, options, message) =>
    expect(() => spfRecord(addresses, { ...strict, ...options })).toThrow(new RangeError(message)),
  );

  test("allows exactly 10 look-ups", () => {
    const record = spfRecord([], { ...strict, a: true, mx: true, includes: includes(8) });
    expect(record.match(/ (a|mx|include:\S+)(?= )/g)).toHaveLength(10);
  });

  test("counts a symbol as the longest address, whatever its name", () => {
    const symbols = Array.from({ length: 21 }, (_, index) => `{${"x".repeat(40)}${index}}`);
    expect(spfRecord(symbols, strict)).toContain(symbols.at(-1));
    // v=spf1, 22 times " ip4:" and 15 octets, -all: 6 + 22 * 20 + 5.
    expect(() => spfRecord([...symbols, "{y}"], strict)).toThrow("takes 451 octets");
  });

  const addresses = fc.uniqueArray(
    fc.integer({ min: 1, max: 254 }).map((host) => `192.0.2.${host}`),
    { maxLength: 5 },
  );
  const networks = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 26, max: 32 })).map(([host, prefix]) => {
      const size = 2 ** (32 - prefix);
      return `203.0.113.${Math.floor(host / size) * size}/${prefix}`;
    }),
    { maxLength: 8 },
  );
  const options = fc.record({
    all: fc.constantFrom("fail" as const, "softfail" as const),
    a: fc.boolean(),
    mx: fc.boolean(),
    includes: fc.array(fc.constantFrom("a.example", "_spf.b.example", "c-d.example"), { maxLength: 3 }),
    ip4: networks,
  });

  test("is terms of the grammar, permits every own address, and is the same for the same input", () => {
    fc.assert(
      fc.property(addresses, options, (own, chosen) => {
        const record = spfRecord(own, chosen);
        expect(record).toMatch(/^v=spf1( ip4:[\d.]+(\/\d+)?)*( a)?( mx)?( include:[a-z._-]+)* [-~]all$/);
        for (const address of own)
          expect(record).toMatch(new RegExp(` ip4:${address.replaceAll(".", "\\.")} `));
        expect(spfRecord(own, chosen)).toBe(record);
      }),
    );
  });

  test("permits by ip4 exactly the networks it was given, neither more nor less", () => {
    fc.assert(
      fc.property(networks, (given) => {
        const written = spfRecord([], { ...strict, ip4: given }).match(/(?<=ip4:)\S+/g) ?? [];
        for (let host = 0; host < 256; host += 1) {
          const address = `203.0.113.${host}`;
          const permitted = written.some((network) => containsCidr(network, address));
          expect(permitted).toBe(given.some((network) => containsCidr(network, address)));
        }
        for (const network of written) {
          const others = written.filter((other) => other !== network);
          expect(others.some((other) => overlapCidr(network, other))).toBe(false);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("of symbols, filled in with their addresses, is the record of the addresses", () => {
    fc.assert(
      fc.property(addresses, options, (own, chosen) => {
        const template = spfRecord(
          own.map((address) => `{${address}}`),
          chosen,
        );
        expect(template.replaceAll(/[{}]/g, "")).toBe(spfRecord(own, chosen));
      }),
    );
  });
});

describe("heloSpfRecord", () => {
  test.each([
    [["192.0.2.10"], "v=spf1 ip4:192.0.2.10 -all"],
    [["{mail-okmail-address}"], "v=spf1 ip4:{mail-okmail-address} -all"],
    [["192.0.2.11", "192.0.2.10", "192.0.2.11"], "v=spf1 ip4:192.0.2.11 ip4:192.0.2.10 -all"],
  ])("of %j is %s", (addresses, record) => expect(heloSpfRecord(addresses)).toBe(record));

  test("refuses a name without an address", () =>
    expect(() => heloSpfRecord([])).toThrow("a HELO name's SPF record needs at least one address"));

  test("refuses a private address", () => expect(() => heloSpfRecord(["192.168.0.1"])).toThrow("private"));
});

describe("includeFault", () => {
  test.each(["example.net", "_spf.google.com", "_Spf.Example.net.", "spf-a.example.net", "1_.example.net"])(
    "accepts %s",
    (name) => expect(includeFault(name)).toBeUndefined(),
  );

  test.each([
    ["", "is empty"],
    ["include:a.example", 'begins with "include:"; give the domain alone'],
    ["%{i}.example.net", "has an SPF macro; give a plain domain"],
    ["example", "is one label, not a domain"],
    ["192.0.2.1", "is an address, not a domain; give it as ip4"],
    ["a..example", "has an empty label: a dot too many"],
    ["a b.example", 'has "a b", which is no label of a domain name'],
    ["-a.example", 'has "-a", which is no label of a domain name'],
    ["https://a.example", 'has "https://a", which is no label of a domain name'],
    [`${"a".repeat(64)}.example`, `has "${"a".repeat(64)}", which is no label of a domain name`],
    [`${"a.".repeat(130)}example`, "is 267 octets long; a name has at most 253"],
  ])("says that %j %s", (name, fault) => expect(includeFault(name)).toBe(fault));
});
