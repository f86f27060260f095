import { expect, test } from "vitest";
import type { StoredDnsRecord } from "../../local/cloudflare/dns-record-inputs.ts";
import { servedRecords } from "../../local/dns/cloudflare-records.ts";

const stored = (type: string, content: string, extra: Partial<StoredDnsRecord> = {}): StoredDnsRecord => ({
  name: "x.example.com",
  type,
  content,
  ttl: 120,
  proxied: false,
  ...extra,
});

test.each([
  [stored("A", "192.0.2.10"), ["192.0.2.10"]],
  [stored("AAAA", "2001:db8::1"), ["2001:db8::1"]],
  [stored("CNAME", "Y.example.org"), ["y.example.org"]],
  [stored("NS", "ns.example.org"), ["ns.example.org"]],
  [stored("PTR", "mail.example.org"), ["mail.example.org"]],
  [stored("MX", "m.example.org", { priority: 5 }), [{ preference: 5, exchange: "m.example.org" }]],
  [stored("MX", ".", { priority: 0 }), [{ preference: 0, exchange: "" }]],
  [stored("TXT", "plain text"), [[Buffer.from("plain text")]]],
  [stored("TXT", '"a \\"b\\"" "\\\\c\\010d"'), [[Buffer.from('a "b"'), Buffer.from("\\c\nd")]]],
  [stored("TXT", '"grün"'), [[Buffer.from("grün")]]],
  [stored("TXT", '""'), [[Buffer.alloc(0)]]],
  [
    stored("TLSA", "3 1 1 AB01"),
    [{ usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from("ab01", "hex") }],
  ],
  [stored("CAA", '0 issue "ca.example; a=b"'), [{ flags: 0, tag: "issue", value: "ca.example; a=b" }]],
])("$type $content is served as it is", (record, data) => {
  const served = servedRecords(record);
  expect(served.map((one) => one.data)).toEqual(data);
  for (const one of served) expect(one).toMatchObject({ name: "x.example.com", type: record.type, ttl: 120 });
});

test("automatic time to live is 300 s", () =>
  expect(servedRecords(stored("A", "192.0.2.10", { ttl: 1 }))).toMatchObject([{ ttl: 300 }]));

test.each(["A", "AAAA", "CNAME"])("a proxied %s is served as the proxy's addresses", (type) =>
  expect(
    servedRecords(stored(type, "secret.example.org", { proxied: true })).map(
      (one) => `${one.type} ${one.data as string}`,
    ),
  ).toEqual(["A 198.51.100.201", "A 198.51.100.202", "AAAA 2001:db8:cf::201", "AAAA 2001:db8:cf::202"]),
);
