import fc from "fast-check";
import { dmarc } from "mailauth/lib/dmarc/index.js";
import { describe, expect, test } from "vitest";
import { discoverDmarc, discoverDmarcBySuffixList } from "../../mail/dmarc-discovery.ts";
import { dnsError, UndeterminedError } from "../../mail/resolver.ts";
import { dnsZone, type Zone } from "../helpers/dns-zone.ts";

const plain = "v=DMARC1; p=reject";

const servfail = dnsError("ESERVFAIL", "TXT");

/** DMARC records by domain. */
function records(byDomain: Readonly<Record<string, string | readonly string[] | Error>>): Zone {
  return Object.fromEntries(
    Object.entries(byDomain).map(([domain, texts]) => [
      `_dmarc.${domain}`,
      texts instanceof Error ? texts : { TXT: typeof texts === "string" ? [texts] : texts },
    ]),
  );
}

async function discovered(domain: string, zone: Zone): Promise<string> {
  const { record, organizationalDomain } = await discoverDmarc(domain, dnsZone(zone));
  return `${record?.domain ?? "none"} within ${organizationalDomain ?? "unknown"}`;
}

describe("the tree walk finds", () => {
  test.each([
    [
      "the domain's own record",
      "example.com",
      records({ "example.com": plain }),
      "example.com within example.com",
    ],
    [
      "the record above",
      "a.mail.example.com",
      records({ "example.com": plain }),
      "example.com within example.com",
    ],
    [
      "the Organizational Domain's and not one between",
      "a.mail.example.com",
      records({ "mail.example.com": plain, "example.com": plain }),
      "example.com within example.com",
    ],
    [
      "its own before the Organizational Domain's",
      "mail.example.com",
      records({ "mail.example.com": plain, "example.com": plain }),
      "mail.example.com within example.com",
    ],
    [
      "the domain below a public suffix",
      "a.mail.example.com",
      records({ "example.com": plain, com: "v=DMARC1; p=none; psd=y" }),
      "example.com within example.com",
    ],
    [
      "the public suffix's record, when there is no other",
      "a.mail.example.com",
      records({ com: "v=DMARC1; p=none; psd=y" }),
      "com within example.com",
    ],
    [
      "no record of a domain above that is no public suffix by its own word",
      "a.example.com",
      records({ com: "v=DMARC1; p=none; psd=u" }),
      "com within com",
    ],
    [
      "the domain that says psd=n",
      "a.b.example.com",
      records({ "b.example.com": "v=DMARC1; p=none; psd=n", "example.com": plain }),
      "b.example.com within b.example.com",
    ],
    [
      "itself where it says psd=y",
      "example.com",
      records({ "example.com": "v=DMARC1; p=none; psd=y", com: plain }),
      "example.com within example.com",
    ],
    ["nothing where there is nothing", "a.example.com", records({}), "none within a.example.com"],
    [
      "nothing in several records",
      "example.com",
      records({ "example.com": [plain, "v=DMARC1; p=none"] }),
      "none within example.com",
    ],
    [
      "the one record among other texts",
      "example.com",
      records({ "example.com": ["v=spf1 -all", plain, "v=DMARC12; p=none"] }),
      "example.com within example.com",
    ],
  ])("%s", async (_, domain, zone, expected) => {
    expect(await discovered(domain, zone)).toBe(expected);
  });
});

test("the walk of a long name asks at most eight times", async () => {
  const zone = dnsZone(records({ "example.com": plain }));
  const { record } = await discoverDmarc("a.b.c.d.e.f.g.h.i.j.mail.example.com", zone);
  expect(record?.domain).toBe("example.com");
  expect(zone.queries).toEqual([
    "TXT _dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
    "TXT _dmarc.g.h.i.j.mail.example.com",
    "TXT _dmarc.h.i.j.mail.example.com",
    "TXT _dmarc.i.j.mail.example.com",
    "TXT _dmarc.j.mail.example.com",
    "TXT _dmarc.mail.example.com",
    "TXT _dmarc.example.com",
    "TXT _dmarc.com",
  ]);
});

test("a failure leaves the domain's own record, and the Organizational Domain open", async () => {
  const zone = dnsZone(records({ "mail.example.com": plain, "example.com": servfail }));
  expect(await discoverDmarc("mail.example.com", zone)).toMatchObject({
    record: { domain: "mail.example.com", text: plain },
    organizationalDomain: undefined,
    unknown: {
      undetermined: false,
      why: "the DNS look-up of _dmarc.example.com TXT failed at the name server (SERVFAIL)",
    },
  });
});

test("a value not known yet leaves the policy open", async () => {
  const zone = dnsZone(
    records({ "example.com": new UndeterminedError("mail-dmarc is not known yet"), com: plain }),
  );
  expect(await discoverDmarc("mail.example.com", zone)).toMatchObject({
    record: undefined,
    unknown: { undetermined: true, why: "mail-dmarc is not known yet" },
  });
});

describe("a receiver by RFC 7489 finds", () => {
  test.each([
    [
      "the domain's own record",
      "a.example.com",
      records({ "a.example.com": plain, "example.com": plain }),
      "a.example.com",
    ],
    [
      "the record right below the public suffix",
      "a.b.example.co.uk",
      records({ "example.co.uk": plain, "co.uk": plain }),
      "example.co.uk",
    ],
    [
      "the record right below a private suffix",
      "mail.shop.github.io",
      records({ "shop.github.io": plain, "github.io": plain }),
      "shop.github.io",
    ],
    ["none between", "a.b.example.com", records({ "b.example.com": plain }), undefined],
    ["none of the public suffix", "a.example.com", records({ com: plain }), undefined],
    ["none in several records", "example.com", records({ "example.com": [plain, plain] }), undefined],
  ])("%s", async (_, domain, zone, expected) => {
    expect((await discoverDmarcBySuffixList(domain, dnsZone(zone))).record?.domain).toBe(expected);
  });

  test("nothing certain where a look-up fails", async () => {
    const found = await discoverDmarcBySuffixList(
      "a.example.com",
      dnsZone(records({ "a.example.com": servfail })),
    );
    expect(found).toMatchObject({ record: undefined, unknown: { undetermined: false } });
  });
});

test("the tree walk agrees with mailauth's on random trees of records", async () => {
  const label = fc.constantFrom("a", "b");
  const domain = fc
    .array(label, { minLength: 1, maxLength: 11 })
    .map((labels) => [...labels, "example", "com"]);
  const text = fc.constantFrom(
    plain,
    "v=DMARC1; p=none; psd=y",
    "v=DMARC1; p=none; psd=n",
    "v=DMARC1; p=none; psd=u",
    "v=dmarc1; p=none",
    "v=spf1 -all",
  );
  const heights = fc.uniqueArray(fc.tuple(fc.nat(12), fc.array(text, { minLength: 1, maxLength: 2 })), {
    selector: ([height]) => height,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(domain, heights, async (labels, placed) => {
      const author = labels.join(".");
      const zone = records(
        Object.fromEntries(
          placed
            .filter(([height]) => height < labels.length)
            .map(([height, texts]) => [labels.slice(height).join("."), texts]),
        ),
      );
      const theirs = await dmarc({
        headerFrom: author,
        resolver: dnsZone(zone).resolve as unknown as (name: string, type: string) => Promise<string[][]>,
        strict: true,
      });
      const ours = await discoverDmarc(author, dnsZone(zone));
      expect(theirs).toMatchObject({ domain: ours.organizationalDomain });
      expect(theirs === false ? undefined : theirs.policyDomain).toBe(ours.record?.domain);
    }),
  );
});
