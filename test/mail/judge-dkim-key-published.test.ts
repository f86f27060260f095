import { describe, expect, test } from "vitest";
import { dkimRecord } from "../../mail/dkim.ts";
import type { Sender } from "../../mail/judge.ts";
import { UndeterminedError } from "../../mail/resolver.ts";
import type { Failure, Zone, ZoneName } from "../helpers/dns-zone.ts";
import { findingsOf, goodSender, goodZone, objections, publicKey, zoneWith } from "./judge-good-sender.ts";

const only = ["dkim-key-published"] as const;
const name = "s1._domainkey.example.com";
const key = (records: ZoneName | Failure | undefined): Zone => zoneWith({ [name]: records });
const published = goodZone[name].TXT[0];
const ed25519 = publicKey(0, "ed25519");
/** A bare RSA key record: `dkimRecord` makes no weak ones. */
const rsaRecord = (bits: number): string =>
  `v=DKIM1; k=rsa; p=${publicKey(bits).replace(/-----.*-----|\n/g, "")}`;
const anyKey = { selectors: [{ selector: "s1" }] };

describe("agrees with", () => {
  test.each<[string, Zone, Partial<Sender>]>([
    ["the host's key", goodZone, {}],
    ["the key in two strings", key({ TXT: [[published.slice(0, 200), published.slice(200)]] }), {}],
    [
      "the key behind an alias",
      zoneWith({ [name]: { CNAME: ["s1.keys.example.net"] }, "s1.keys.example.net": { TXT: [published] } }),
      {},
    ],
    [
      "an Ed25519 key",
      key({ TXT: [dkimRecord(ed25519)] }),
      { selectors: [{ selector: "s1", publicKey: ed25519 }] },
    ],
    ["any sound key where the host's is not known", key({ TXT: [rsaRecord(2048)] }), anyKey],
    [
      "two selectors",
      zoneWith({ "s2._domainkey.example.com": { TXT: [dkimRecord(ed25519)] } }),
      { selectors: [...goodSender.selectors, { selector: "s2", publicKey: ed25519 }] },
    ],
    [
      "a selector in another domain",
      zoneWith({ "s1._domainkey.example.net": { TXT: [published] } }),
      { selectors: [{ ...goodSender.selectors[0], domain: "Example.NET." }] },
    ],
  ])("%s", async (_, zone, sender) => {
    expect(await objections(zone, sender, { only })).toEqual([]);
  });
});

describe("objects, advisory by default, to", () => {
  test.each<[string, Zone, Partial<Sender>, string]>([
    ["a host without selector", goodZone, { selectors: [] }, "signs no mail of example.com"],
    ["a missing record", key(undefined), {}, `There is no DKIM key: ${name} does not exist.`],
    ["a name without TXT record", key({ A: ["192.0.2.1"] }), {}, `${name} has no TXT record`],
    ["two records", key({ TXT: [published, rsaRecord(2048)] }), {}, "has 2 TXT records"],
    [
      "what is no key record",
      key({ TXT: ["v=spf1 -all"] }),
      {},
      `The DKIM key record at ${name} has the version "spf1 -all"`,
    ],
    ["a record without p", key({ TXT: ["v=DKIM1; k=rsa"] }), {}, "has no p tag"],
    ["a revoked key", key({ TXT: ["v=DKIM1; p="] }), {}, "is revoked"],
    ["a key of 512 bits", key({ TXT: [rsaRecord(512)] }), anyKey, "has 512 bits"],
    ["a key of 1024 bits", key({ TXT: [rsaRecord(1024)] }), anyKey, "has 1024 bits"],
    [
      "another key than the host's",
      key({ TXT: [rsaRecord(2048)] }),
      {},
      "is not the one that the host signs with",
    ],
    [
      "a key of another type than the host's",
      key({ TXT: [dkimRecord(ed25519)] }),
      {},
      "is not the one that the host signs with",
    ],
    [
      "a key for another service",
      key({ TXT: [published.replace("k=rsa", "k=rsa; s=tlsrpt")] }),
      {},
      "is for the service tlsrpt",
    ],
    ["test mode", key({ TXT: [published.replace("k=rsa", "k=rsa; t=y")] }), {}, "is in test mode"],
    ["a selector that is none", goodZone, { selectors: [{ selector: "_s1" }] }, 'selector "_s1" has'],
    [
      "a host's key that is none",
      goodZone,
      { selectors: [{ selector: "s1", publicKey: "garbage" }] },
      "can't be used: the DKIM key is no public key",
    ],
  ])("%s", async (_, zone, sender, message) => {
    expect(await objections(zone, sender, { only })).toEqual(["dkim-key-published remark"]);
    const finding = (await findingsOf("dkim-key-published", zone, sender)).find(
      ({ outcome }) => outcome === "disagrees",
    );
    expect(finding?.message).toContain(message);
    expect(finding?.fix).toBeDefined();
  });
});

test("the fix holds the record to publish", async () => {
  const [finding] = await findingsOf("dkim-key-published", key(undefined));
  expect(finding?.fix).toBe(
    `Publish the host's public key as the one TXT record at ${name}: "${published}".`,
  );
});

test("a missing key is mandatory where the settings say so, a weak one still a remark", async () => {
  const options = { only, severities: { "dkim-key-published": "mandatory" } } as const;
  expect(await objections(key(undefined), {}, options)).toEqual(["dkim-key-published disagrees"]);
  expect(await objections(key({ TXT: [rsaRecord(1024)] }), anyKey, options)).toEqual([
    "dkim-key-published remark",
  ]);
});

test.each<[string, Failure]>([
  ["a failing name server", "ESERVFAIL"],
  ["a time-out", "ETIMEOUT"],
  ["a key not made yet", new UndeterminedError("the content of mail-dkim-s1 is not known yet")],
])("can't tell with %s", async (_, failure) => {
  expect(await objections(key(failure), {}, { only })).toEqual(["dkim-key-published undetermined"]);
});
