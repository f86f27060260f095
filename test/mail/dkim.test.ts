import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dkimRecord, parseDkimRecord, selectorFault, type DkimKey } from "../../mail/dkim.ts";

const spkiPem = { type: "spki", format: "pem" } as const;
const rsa = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength });
const [rsa2048, rsa1024, rsa768] = [rsa(2048), rsa(1024), rsa(768)];
const ed25519 = generateKeyPairSync("ed25519");

const spki = (pair: { publicKey: (typeof rsa2048)["publicKey"] }) =>
  pair.publicKey.export({ type: "spki", format: "der" }).toString("base64");
const bare = rsa2048.publicKey.export({ type: "pkcs1", format: "der" }).toString("base64");
const p2048 = spki(rsa2048);
const pEd25519 = Buffer.from(ed25519.publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString(
  "base64",
);

const open: DkimKey = {
  keyType: "rsa",
  bits: 2048,
  publicKey: p2048,
  revoked: false,
  testing: false,
  hashAlgorithms: [],
  serviceTypes: ["*"],
  flags: [],
  notes: [],
};

describe("dkimRecord", () => {
  test("publishes an RSA key as SubjectPublicKeyInfo", () =>
    expect(dkimRecord(rsa2048.publicKey.export(spkiPem).toString())).toBe(`v=DKIM1; k=rsa; p=${p2048}`));

  test("publishes the same record for the same RSA key in PKCS #1 form", () =>
    expect(dkimRecord(rsa2048.publicKey.export({ type: "pkcs1", format: "pem" }).toString())).toBe(
      `v=DKIM1; k=rsa; p=${p2048}`,
    ));

  test("publishes an Ed25519 key as its bare 32 octets", () => {
    const record = dkimRecord(ed25519.publicKey.export(spkiPem).toString());
    expect(record).toBe(`v=DKIM1; k=ed25519; p=${pEd25519}`);
    expect(Buffer.from(record.replace(/.*p=/, ""), "base64")).toHaveLength(32);
  });

  test("of the key in RFC 8463 A.2 is the record printed there", () => {
    const x = Buffer.from("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "base64");
    const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), x]);
    const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----\n`;
    expect(dkimRecord(pem)).toBe("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  });

  test.each([
    [
      "a private key",
      rsa2048.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      "the DKIM record is made from the public key, not the private",
    ],
    [
      "an RSA key under 2048 bits",
      rsa1024.publicKey.export(spkiPem).toString(),
      "the DKIM key has 1024 bits",
    ],
    [
      "a key of another algorithm",
      generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export(spkiPem).toString(),
      'the DKIM key is of type "ec"; DKIM has rsa and ed25519',
    ],
    ["what is no PEM", "AAAA", "the DKIM key is no public key in PEM"],
    ["nothing", "", "the DKIM key is no public key in PEM"],
  ])("refuses %s", (_, pem, message) => expect(() => dkimRecord(pem)).toThrow(message));
});

describe("parseDkimRecord", () => {
  test.each<[string, string, Partial<DkimKey>]>([
    ["an RSA key", `v=DKIM1; k=rsa; p=${p2048}`, {}],
    ["an RSA key by default", `v=DKIM1; p=${p2048}`, {}],
    ["a bare RSAPublicKey, in the form dkimRecord writes", `v=DKIM1; p=${bare}`, {}],
    [
      "an Ed25519 key",
      `v=DKIM1; k=ed25519; p=${pEd25519}`,
      { keyType: "ed25519", bits: 256, publicKey: pEd25519 },
    ],
    ["a key cut by white space", `v=DKIM1; p=${p2048.replace(/.{60}/g, "$& \r\n\t")}`, {}],
    ["a key without its padding", `v=DKIM1; p=${p2048.replace(/=+$/, "")}`, {}],
    ["no white space at all", `v=DKIM1;k=rsa;p=${p2048}`, {}],
    ["a final semicolon", `v=DKIM1; p=${p2048};`, {}],
    ["unknown tags, which don't count", `v=DKIM1; x=1; n=hello world; p=${p2048}`, {}],
    ["hash algorithms", `v=DKIM1; h=sha1:sha256; p=${p2048}`, { hashAlgorithms: ["sha1", "sha256"] }],
    ["service types", `v=DKIM1; s=email : other; p=${p2048}`, { serviceTypes: ["email", "other"] }],
    ["flags", `v=DKIM1; t=s; p=${p2048}`, { flags: ["s"] }],
    ["a revoked key", "v=DKIM1; p=", { bits: 0, publicKey: "", revoked: true }],
    [
      "a revoked key of white space",
      "v=DKIM1; k=ed25519; p= ;",
      { keyType: "ed25519", bits: 0, publicKey: "", revoked: true },
    ],
    ["no version", `k=rsa; p=${p2048}`, { notes: ['does not begin with "v=DKIM1"'] }],
    [
      "test mode",
      `v=DKIM1; t=y:s; p=${p2048}`,
      {
        testing: true,
        flags: ["y", "s"],
        notes: ['is in test mode ("t=y"), so receivers may ignore a failed signature'],
      },
    ],
    [
      "a short key",
      `v=DKIM1; p=${spki(rsa1024)}`,
      { bits: 1024, publicKey: spki(rsa1024), notes: ["has 1024 bits; use at least 2048"] },
    ],
  ])("reads %s", (_, text, key) => expect(parseDkimRecord(text)).toEqual({ ...open, ...key }));

  test.each([
    ["nothing", "", "has nothing between two semicolons"],
    ["no p", "v=DKIM1; k=rsa", "has no p tag, so it holds no key"],
    ["another version", `v=DKIM2; p=${p2048}`, 'has the version "DKIM2" instead of "DKIM1"'],
    ["the version in lower case", `v=dkim1; p=${p2048}`, 'has the version "dkim1" instead of "DKIM1"'],
    ["the version not first", `k=rsa; v=DKIM1; p=${p2048}`, 'has "v=DKIM1", but not as its first tag'],
    ["a tag twice", `v=DKIM1; p=${p2048}; p=${p2048}`, 'has the tag "p" twice'],
    ["an unknown tag twice", `v=DKIM1; x=1; x=2; p=${p2048}`, 'has the tag "x" twice'],
    [
      "an unknown key type",
      `v=DKIM1; k=dsa; p=${p2048}`,
      'has the key type "dsa"; receivers know rsa and ed25519',
    ],
    ["sha1 alone", `v=DKIM1; h=sha1; p=${p2048}`, "allows only the hash sha1; signatures use sha256"],
    ["another service", `v=DKIM1; s=tlsrpt; p=${p2048}`, "is for the service tlsrpt, not for email"],
    [
      "a key under 1024 bits",
      `v=DKIM1; p=${spki(rsa768)}`,
      "has 768 bits; receivers verify from 1024 (RFC 8301 3.2)",
    ],
    ["no base64", "v=DKIM1; p=%%%", "has a p tag that is no base64"],
    ["base64 of another alphabet", `v=DKIM1; p=${p2048.slice(0, 40)}-_`, "has a p tag that is no base64"],
    ["base64 that is no key", "v=DKIM1; p=AAAA", "has a p tag that holds no RSA public key"],
    [
      "a key that is cut short",
      `v=DKIM1; p=${p2048.slice(0, 200)}`,
      "has a p tag that holds no RSA public key",
    ],
    [
      "an Ed25519 key as RSA",
      `v=DKIM1; k=rsa; p=${spki(ed25519)}`,
      'has the key type "rsa", but holds a key of type "ed25519"',
    ],
    [
      "an Ed25519 key as SubjectPublicKeyInfo",
      `v=DKIM1; k=ed25519; p=${spki(ed25519)}`,
      "holds 44 octets where an Ed25519 key has 32; publish the bare key, not SubjectPublicKeyInfo",
    ],
    [
      "an Ed25519 key of 31 octets",
      `v=DKIM1; k=ed25519; p=${Buffer.alloc(31).toString("base64")}`,
      "holds 31 octets where an Ed25519 key has 32",
    ],
    ["a piece that is no tag", `v=DKIM1; hello; p=${p2048}`, 'has "hello", which is no tag'],
    ["another record", "v=spf1 -all", 'has the version "spf1 -all" instead of "DKIM1"'],
  ])("finds fault with %s", (_, text, fault) => expect(parseDkimRecord(text)).toEqual({ fault }));

  test("reads back what dkimRecord wrote", () => {
    expect(parseDkimRecord(dkimRecord(rsa2048.publicKey.export(spkiPem).toString()))).toEqual(open);
    expect(parseDkimRecord(dkimRecord(ed25519.publicKey.export(spkiPem).toString()))).toEqual({
      ...open,
      keyType: "ed25519",
      bits: 256,
      publicKey: pEd25519,
    });
  });

  test("finds a key or a fault in any text, and never throws", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "v=DKIM1",
        "k=rsa",
        "k=ed25519",
        `p=${p2048}`,
        `p=${pEd25519}`,
        "p=",
        "h=sha1",
        "t=y",
        "",
      ),
      fc.string({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const key = parseDkimRecord(pieces.join(";"));
        expect("fault" in key ? key.fault : key.keyType).toMatch(/./);
      }),
      { numRuns: 500 },
    );
  });
});

describe("selectorFault", () => {
  test.each(["okmail1", "2026-11", "a.b", "a".repeat(63)])("accepts %s", (selector) =>
    expect(selectorFault(selector)).toBeUndefined(),
  );

  test.each([
    ["", "is empty"],
    ["Mail", 'has a capital; write "mail"'],
    ["my_key", 'has "_"; a selector is letters, digits and hyphens'],
    ["my key", 'has " "; a selector is letters, digits and hyphens'],
    ["ü", 'has "ü"; a selector is letters, digits and hyphens'],
    ["a..b", "has a dot too many"],
    ["a.", "has a dot too many"],
    ["-a", 'has a hyphen at an end of "-a"'],
    ["a-.b", 'has a hyphen at an end of "a-"'],
    ["a".repeat(64), "has a label of 64 octets; a label has at most 63"],
  ])("says that %j %s", (selector, fault) => expect(selectorFault(selector)).toBe(fault));
});
