import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quoteTxt } from "../../../mail/txt.ts";
import { readZoneArguments } from "../../../verify/zone/zone-arguments.ts";
import { handChecks, handCheckText } from "../../../verify/zone/zone-commands.ts";
import { reverseFragment, zoneEntry, zoneFragment } from "../../../verify/zone/zone-file.ts";
import { zoneRecordsOf } from "../../../verify/zone/zone-records.ts";
import { parsedZone } from "./parsed-zone.ts";
import { dkimText, outputs } from "./zone-fixtures.ts";

const records = zoneRecordsOf(outputs);
const textZone = (text: string) => ({
  domain: "example.com",
  forward: [{ name: "t.example.com", type: "TXT", content: quoteTxt(text) }],
  reverse: [],
});

describe("a zone-file fragment", () => {
  const parsed = parsedZone(zoneFragment(records, 600));

  test("has each record of the stack, and A of each host, by absolute names", () => {
    expect(parsed.map(({ owner, type }) => `${owner} ${type}`)).toEqual([
      "okmail.example.com. A",
      "okmail2.example.com. A",
      "okmail1._domainkey.example.com. TXT",
      "example.com. TXT",
      "_dmarc.example.com. TXT",
      "okmail.example.com. CAA",
      "_25._tcp.okmail.example.com. TLSA",
      "example.com. MX",
      "example.com. MX",
    ]);
    expect(parsed[7]?.words.map(String)).toEqual(["10", "okmail.example.com."]);
    expect(parsed[5]?.words.map(String)).toEqual([
      "0",
      "issue",
      "letsencrypt.org; validationmethods=http-01",
    ]);
    expect(new Set(parsed.map(({ ttl }) => ttl))).toEqual(new Set([600]));
  });

  test("splits a key at 255 octets", () => {
    const strings = parsed[2]?.words.map(String) ?? [];
    expect(strings.map(({ length }) => length)).toEqual([255, dkimText.length - 255]);
    expect(strings.join("")).toBe(dkimText);
  });

  test("has the reverse names in comments, and as lines for the reverse zones", () => {
    expect(zoneFragment(records, 600)).toContain(
      "\n; 10.2.0.192.in-addr.arpa. 600 IN PTR   okmail.example.com.\n",
    );
    const reverse = parsedZone(reverseFragment(records, 600));
    expect(reverse.map(({ owner, type, words }) => [owner, type, String(words[0])])).toEqual([
      ["10.2.0.192.in-addr.arpa.", "PTR", "okmail.example.com."],
      ["11.2.0.192.in-addr.arpa.", "PTR", "okmail2.example.com."],
    ]);
  });

  test("gives back any text of TXT, in strings of at most 255 octets", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 900 }),
      fc.string({ unit: fc.constantFrom('"', "\\", ";", "0", "ü", "\n", "(", "@"), maxLength: 900 }),
    );
    fc.assert(
      fc.property(text, (written) => {
        const [record, ...more] = parsedZone(zoneFragment(textZone(written), 300));
        expect(more).toEqual([]);
        expect(Buffer.concat(record?.words ?? []).equals(Buffer.from(written))).toBe(true);
        expect(record?.words.length).toBeGreaterThan(0);
        for (const word of record?.words ?? []) expect(word.length).toBeLessThanOrEqual(255);
      }),
    );
  });

  test("gives back any name and preference of MX", () => {
    const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
    const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
    fc.assert(
      fc.property(name, name, fc.nat(65_535), (owner, exchange, preference) => {
        const { data } = zoneEntry({ name: owner, type: "MX", content: `${preference} ${exchange}` });
        expect(data).toBe(`${preference} ${exchange.toLowerCase()}.`);
      }),
    );
  });

  test.each([
    ["a type not known", { name: "a.example", type: "SRV", content: "x" }, "is of a type that isn't known"],
    ["no address", { name: "a.example", type: "A", content: "192.0.2" }, "is no IPv4 address"],
    ["a name with a space", { name: "a b.example", type: "A", content: "192.0.2.1" }, 'the label "a b"'],
    [
      "a name that breaks the line",
      { name: "a.example\nb", type: "A", content: "192.0.2.1" },
      "has the label",
    ],
    ["an empty label", { name: "a..example", type: "A", content: "192.0.2.1" }, "has an empty label"],
    [
      "a long label",
      { name: `${"a".repeat(64)}.example`, type: "TXT", content: "x" },
      "a label of 64 octets",
    ],
    ["MX without preference", { name: "a.example", type: "MX", content: "mx.example" }, "is no preference"],
    ["MX at no name", { name: "a.example", type: "MX", content: "10 $(id)" }, 'has the label "$(id)"'],
    ["TLSA without a digest", { name: "a.example", type: "TLSA", content: "3 1 1" }, "is not like"],
    ["TLSA of half an octet", { name: "a.example", type: "TLSA", content: "3 1 1 ABC" }, "is not like"],
    ["TLSA of another number", { name: "a.example", type: "TLSA", content: "3 1 256 AB" }, "is not like"],
    ["CAA without its form", { name: "a.example", type: "CAA", content: "issue ca" }, "is not like"],
  ])("refuses %s", (_, record, message) => {
    expect(() => zoneEntry(record)).toThrow(message);
  });

  test("is not written where the outputs lack a record's content", () => {
    const bare = { ...outputs, records: [{ name: "okmail.example.com", type: "CAA" }] };
    expect(() => zoneRecordsOf(bare)).toThrow(
      "no content of the CAA record of okmail.example.com; bring them up to date",
    );
  });
});

describe("the commands by hand", () => {
  test("ask once for each name and type, with every answer to expect", () => {
    const checks = handChecks(records);
    expect(checks.map(({ dig }) => dig)).toEqual([
      "dig +short A okmail.example.com.",
      "dig +short A okmail2.example.com.",
      "dig +short TXT okmail1._domainkey.example.com.",
      "dig +short TXT example.com.",
      "dig +short TXT _dmarc.example.com.",
      "dig +short CAA okmail.example.com.",
      "dig +short TLSA _25._tcp.okmail.example.com.",
      "dig +short MX example.com.",
      "dig +short -x 192.0.2.10",
      "dig +short -x 192.0.2.11",
    ]);
    expect(handCheckText(checks)).toContain(
      [
        "# example.com MX: expect these 2 answers, in any order",
        "#   10 okmail.example.com.",
        "#   10 okmail2.example.com.",
        "dig +short MX example.com.",
        "nslookup -type=MX example.com.",
        "",
      ].join("\n"),
    );
  });

  test("ask the server that is given", () => {
    const server = { address: "127.0.0.1", port: 5300 };
    const [first] = handChecks(records, server);
    expect([first?.dig, first?.nslookup]).toEqual([
      "dig +short @127.0.0.1 -p 5300 A okmail.example.com.",
      "nslookup -port=5300 -type=A okmail.example.com. 127.0.0.1",
    ]);
  });
});

test.each([
  [["--stack", "a", "--outputs", "b"], "either --stack NAME or --outputs FILE"],
  [[], "either --stack NAME or --outputs FILE"],
  [["--stack", "a", "--ttl", "5m"], '--ttl is "5m"; give seconds'],
  [["--stack", "a", "--reverse", "--commands"], "exclude each other"],
  [["--stack", "a", "--server", "9.9.9.9"], "goes with --commands"],
  [["--stack", "a", "--commands", "--server", "dns.example"], '--server is "dns.example"'],
])("the command line %j is refused", (args, message) => {
  expect(() => readZoneArguments(args)).toThrow(message);
});
