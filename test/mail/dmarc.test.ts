import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dmarcRecord, parseDmarcRecord, type DmarcOptions, type DmarcPolicy } from "../../mail/dmarc.ts";

const none: DmarcPolicy = {
  policy: "none",
  subdomainPolicy: "none",
  nonexistentPolicy: "none",
  rua: [],
  ruf: [],
  adkim: "relaxed",
  aspf: "relaxed",
  testing: false,
  psd: "u",
  notes: [],
};

describe("dmarcRecord", () => {
  test.each<[string, DmarcOptions, string]>([
    ["the least", { policy: "none", rua: [] }, "v=DMARC1; p=none"],
    ["reports", { policy: "none", rua: ["d@example.com"] }, "v=DMARC1; p=none; rua=mailto:d@example.com"],
    [
      "two report addresses",
      { policy: "reject", rua: ["a@example.com", "b@example.net"], ruf: ["c@example.com"] },
      "v=DMARC1; p=reject; rua=mailto:a@example.com,mailto:b@example.net; ruf=mailto:c@example.com",
    ],
    [
      "everything",
      {
        policy: "reject",
        subdomainPolicy: "quarantine",
        nonexistentPolicy: "none",
        rua: ["a@example.com"],
        adkim: "strict",
        aspf: "strict",
        testing: true,
      },
      "v=DMARC1; p=reject; sp=quarantine; np=none; rua=mailto:a@example.com; adkim=s; aspf=s; t=y",
    ],
    [
      "no defaults",
      {
        policy: "quarantine",
        subdomainPolicy: "quarantine",
        nonexistentPolicy: "quarantine",
        rua: [],
        ruf: [],
        adkim: "relaxed",
        aspf: "relaxed",
        testing: false,
      },
      "v=DMARC1; p=quarantine",
    ],
    [
      "np where it differs from sp, though not from p",
      { policy: "reject", subdomainPolicy: "none", nonexistentPolicy: "reject", rua: [] },
      "v=DMARC1; p=reject; sp=none; np=reject",
    ],
    [
      "characters that a list of URIs forbids, encoded",
      { policy: "none", rua: ["a!b+c@example.com", '"x,y;z"@example.com'] },
      "v=DMARC1; p=none; rua=mailto:a%21b+c@example.com,mailto:%22x%2Cy%3Bz%22@example.com",
    ],
  ])("writes %s", (_, options, record) => expect(dmarcRecord(options)).toBe(record));

  test.each([
    ["mailto:d@example.com", 'the report address "mailto:d@example.com" begins with "mailto:"'],
    ["d", 'the report address "d" has no @'],
  ])("refuses the report address %s", (address, message) => {
    expect(() => dmarcRecord({ policy: "none", rua: [address] })).toThrow(message);
    expect(() => dmarcRecord({ policy: "none", rua: [], ruf: [address] })).toThrow(message);
  });

  const request = fc.constantFrom("none" as const, "quarantine" as const, "reject" as const);
  const alignment = fc.constantFrom("relaxed" as const, "strict" as const);
  const address = fc
    .stringMatching(/^[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}$/)
    .map((part) => `${part}@example.com`);

  test("is read back as it was meant, for any options", () => {
    const options = fc.record({
      policy: request,
      subdomainPolicy: request,
      nonexistentPolicy: request,
      rua: fc.array(address, { maxLength: 3 }),
      ruf: fc.array(address, { maxLength: 3 }),
      adkim: alignment,
      aspf: alignment,
      testing: fc.boolean(),
    });
    fc.assert(
      fc.property(options, (meant) => {
        const { rua, ruf, ...read } = parseDmarcRecord(dmarcRecord(meant)) as DmarcPolicy;
        const addresses = (uris: readonly string[]) =>
          uris.map((uri) => decodeURIComponent(uri.replace("mailto:", "")));
        expect({ ...read, rua: addresses(rua), ruf: addresses(ruf) }).toEqual({
          ...meant,
          psd: "u",
          notes: [],
        });
      }),
    );
  });
});

describe("parseDmarcRecord", () => {
  test.each<[string, string, Partial<DmarcPolicy>]>([
    ["the least", "v=DMARC1; p=none", {}],
    ["a final semicolon", "v=DMARC1; p=none;", {}],
    ["no white space", "v=DMARC1;p=none", {}],
    ["white space around everything", "v = DMARC1 ; p = none ", {}],
    ["a version tag in capitals, as its grammar allows", "V=DMARC1; p=none", {}],
    ["values in capitals", "v=DMARC1; p=NONE; adkim=S", { adkim: "strict" }],
    [
      "a policy for subdomains too",
      "v=DMARC1; p=reject",
      { policy: "reject", subdomainPolicy: "reject", nonexistentPolicy: "reject" },
    ],
    [
      "sp, also for names that don't exist",
      "v=DMARC1; p=reject; sp=quarantine",
      { policy: "reject", subdomainPolicy: "quarantine", nonexistentPolicy: "quarantine" },
    ],
    [
      "np",
      "v=DMARC1; p=none; np=reject",
      { policy: "none", subdomainPolicy: "none", nonexistentPolicy: "reject" },
    ],
    ["t and psd", "v=DMARC1; p=none; t=y; psd=n", { testing: true, psd: "n" }],
    [
      "reports",
      "v=DMARC1; p=none; rua=mailto:a@example.com , mailto:b@example.net",
      { rua: ["mailto:a@example.com", "mailto:b@example.net"] },
    ],
    [
      "p further back, with a note",
      "v=DMARC1; rua=mailto:a@example.com; p=none",
      { rua: ["mailto:a@example.com"], notes: ["has p not right after v, where older receivers expect it"] },
    ],
    [
      "obsolete tags, with notes",
      "v=DMARC1; p=none; pct=50; rf=afrf; ri=3600",
      {
        notes: [
          'has the obsolete tag "pct" (RFC 9989 C.5.2); write "t=y" instead of "pct=0" and nothing instead of "pct=100"',
          'has the obsolete tag "rf" (RFC 9989 C.5.2); failure reports have one format',
          'has the obsolete tag "ri" (RFC 9989 C.5.2); reports come at least once a day',
        ],
      },
    ],
    [
      "an obsolete size limit, with a note",
      "v=DMARC1; p=none; rua=mailto:a@example.com!10m",
      { rua: ["mailto:a@example.com"], notes: ['has the obsolete size limit "!10m" in rua'] },
    ],
    [
      "another scheme, with a note",
      "v=DMARC1; p=none; rua=https://example.com/r",
      {
        rua: ["https://example.com/r"],
        notes: ['has "https://example.com/r" in rua; receivers need to know only mailto:'],
      },
    ],
    [
      "an address that is no URI, left out with a note",
      "v=DMARC1; p=none; rua=a@example.com,mailto:b@example.com",
      { rua: ["mailto:b@example.com"], notes: ['has "a@example.com" in rua, which is no URI'] },
    ],
    [
      "an unknown tag, with a note",
      "v=DMARC1; p=none; x=1",
      { notes: ['has the unknown tag "x", which receivers ignore'] },
    ],
    [
      "a value that is none, as the default, with a note",
      "v=DMARC1; p=none; adkim=strict; t=yes",
      {
        notes: [
          'has "adkim=strict", so receivers take the default "adkim=r"',
          'has "t=yes", so receivers take the default "t=n"',
        ],
      },
    ],
    [
      "a piece that is no tag, with a note",
      "v=DMARC1; p=none; hello",
      { notes: ['has "hello", which is no tag'] },
    ],
    [
      "no p, as p=none when it asks for reports (RFC 9989 4.10.1)",
      "v=DMARC1; rua=mailto:a@example.com",
      { rua: ["mailto:a@example.com"], notes: ["has no p tag, so receivers act as if it said p=none"] },
    ],
    [
      "an sp that is none, as p=none when it asks for reports (RFC 9989 4.10.1)",
      "v=DMARC1; p=reject; sp=no; rua=mailto:a@example.com",
      {
        rua: ["mailto:a@example.com"],
        notes: ['has the policy "sp=no", which is none, so receivers act as if it said p=none'],
      },
    ],
  ])("reads %s", (_, text, policy) => expect(parseDmarcRecord(text)).toEqual({ ...none, ...policy }));

  test.each([
    ["nothing", "", 'does not begin with "v=DMARC1"'],
    ["the version in lower case", "v=dmarc1; p=none", 'does not begin with "v=DMARC1"'],
    ["another version", "v=DMARC12; p=none", 'does not begin with "v=DMARC1"'],
    ["the version not first", "p=none; v=DMARC1", 'does not begin with "v=DMARC1"'],
    ["a space before the version", " v=DMARC1; p=none", 'does not begin with "v=DMARC1"'],
    ["another record", "v=spf1 -all", 'does not begin with "v=DMARC1"'],
    ["no policy and no reports", "v=DMARC1", "has no p tag"],
    ["an unknown policy and no reports", "v=DMARC1; p=block", 'has the policy "p=block", which is none'],
    ["an empty policy", "v=DMARC1; p=", 'has the policy "p=", which is none'],
    ["a policy that only capitals name", "v=DMARC1; P=none", "has no p tag"],
    ["an unknown np and no reports", "v=DMARC1; p=none; np=x", 'has the policy "np=x", which is none'],
    ["no policy and reports to what is no URI", "v=DMARC1; rua=a@example.com", "has no p tag"],
    ["a tag twice", "v=DMARC1; p=none; p=reject", 'has the tag "p" twice'],
  ])("finds fault with %s", (_, text, fault) => expect(parseDmarcRecord(text)).toEqual({ fault }));

  test("reads the examples of RFC 9989 B.2", () => {
    expect(parseDmarcRecord("v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com")).toMatchObject({
      policy: "none",
      rua: ["mailto:dmarc-feedback@example.com"],
      notes: [],
    });
    expect(
      parseDmarcRecord(
        "v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net; t=y",
      ),
    ).toMatchObject({ policy: "quarantine", testing: true, notes: [] });
  });

  test("finds a policy or a fault in any text, and never throws", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "p=none",
        "p=x",
        "sp=reject",
        "rua=mailto:a@b.example",
        "rua=x",
        "t=y",
        "pct=1",
        "fo=1",
        "",
      ),
      fc.string({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const policy = parseDmarcRecord(["v=DMARC1", ...pieces].join(";"));
        expect("fault" in policy ? policy.fault : policy.policy).toMatch(/./);
      }),
      { numRuns: 500 },
    );
  });
});
