import { describe, expect, test } from "vitest";
import type { Sender } from "../../mail/judge.ts";
import { UndeterminedError } from "../../mail/resolver.ts";
import type { Failure, Zone, ZoneName } from "../helpers/dns-zone.ts";
import { findingsOf, goodZone, objections, zoneAt, zoneWith } from "./judge-good-sender.ts";

const only = ["a-matches-address"] as const;
const helo = (records: ZoneName): Zone => zoneAt("okmail.example.com", records);

describe("agrees", () => {
  test.each<[string, Zone, Partial<Sender>]>([
    ["with the one address", goodZone, {}],
    ["with HELO in capitals", goodZone, { helo: "OKMAIL.example.com" }],
    ["with one of several addresses of the plan", helo({ A: ["192.0.2.20", "192.0.2.10"] }), {}],
    [
      "with each of two sending addresses",
      helo({ A: ["192.0.2.20", "192.0.2.10"] }),
      { addresses: ["192.0.2.10", "192.0.2.20"] },
    ],
    [
      "through a chain of aliases",
      zoneWith({
        "okmail.example.com": { CNAME: ["a.example.net"] },
        "a.example.net": { CNAME: ["b.example.net"] },
        "b.example.net": { A: ["192.0.2.10"] },
      }),
      {},
    ],
    [
      "by a wildcard",
      zoneWith({ "okmail.example.com": undefined, "*.example.com": { A: ["192.0.2.10"] } }),
      {},
    ],
  ])("%s", async (_, zone, sender) => {
    expect(await objections(zone, sender, { only })).toEqual([]);
  });
});

describe("rejects", () => {
  test.each<[string, Zone, Partial<Sender>, string]>([
    ["a name that does not exist", zoneWith({ "okmail.example.com": undefined }), {}, "does not exist"],
    ["a name without A record", zoneWith({ "okmail.example.com": { TXT: ["x"] } }), {}, "has no A record"],
    ["another address", helo({ A: ["192.0.2.11"] }), {}, "resolves to 192.0.2.11, not to 192.0.2.10"],
    ["the address of another own host", helo({ A: ["192.0.2.20"] }), {}, "resolves to 192.0.2.20"],
    [
      "a neighbour in the same network",
      helo({ A: ["192.0.2.1", "192.0.2.11"] }),
      {},
      "resolves to 192.0.2.1 and 192.0.2.11",
    ],
    [
      "a proxied name, which resolves to its proxy",
      helo({ A: ["198.51.100.1"], proxied: true }),
      {},
      "198.51.100.1 (its proxy's)",
    ],
    [
      "an alias that leads nowhere",
      zoneWith({ "okmail.example.com": { CNAME: ["gone.example.net"] } }),
      {},
      "does not exist",
    ],
    [
      "only the IPv6 address",
      zoneWith({ "okmail.example.com": { AAAA: ["2001:db8::1"] } }),
      { ownAddresses: ["2001:db8::1"] },
      "has no A record",
    ],
    [
      "a private sending address",
      helo({ A: ["10.0.0.5"] }),
      { addresses: ["10.0.0.5"] },
      "is in 10.0.0.0/8, private",
    ],
    ["what is no address", goodZone, { addresses: ["192.0.2.300"] }, "is no IP address"],
  ])("%s", async (_, zone, sender, message) => {
    expect(await objections(zone, sender, { only })).toEqual(["a-matches-address disagrees"]);
    const finding = (await findingsOf("a-matches-address", zone, sender)).find(
      ({ outcome }) => outcome === "disagrees",
    );
    expect(finding?.message).toContain(message);
    expect(finding?.fix).toMatch(/okmail\.example\.com|Elastic IP/);
  });

  test("only that of two sending addresses which is missing", async () => {
    const findings = await findingsOf("a-matches-address", goodZone, {
      addresses: ["192.0.2.10", "192.0.2.20"],
    });
    expect(findings.map(({ outcome, subject }) => `${subject.address ?? ""} ${outcome}`)).toEqual([
      "192.0.2.10 agrees",
      "192.0.2.20 disagrees",
    ]);
  });
});

describe("remarks", () => {
  test.each<[string, Zone]>([
    ["on an address beside its own that nobody in the plan has", helo({ A: ["192.0.2.10", "198.51.100.7"] })],
    ["on an IPv6 address, since mail goes over IPv4 only", helo({ AAAA: ["2001:db8::1"] })],
  ])("%s", async (_, zone) => {
    expect(await objections(zone, {}, { only })).toEqual(["a-matches-address remark"]);
  });
});

describe("can't tell", () => {
  test.each<[string, Failure, string]>([
    ["a failing name server", "ESERVFAIL", "failed at the name server (SERVFAIL)"],
    ["a refusing name server", "EREFUSED", "was refused by the name server (REFUSED)"],
    ["a time-out", "ETIMEOUT", "timed out"],
    [
      "a content not known yet",
      new UndeterminedError("the content of mail-okmail-a is not known yet"),
      "mail-okmail-a",
    ],
  ])("with %s", async (_, failure, message) => {
    const zone = zoneWith({ "okmail.example.com": failure });
    const [finding, ...others] = await findingsOf("a-matches-address", zone);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ outcome: "undetermined", severity: "mandatory" });
    expect(finding?.message).toContain(message);
  });

  test("without any address", async () => {
    expect(await objections(goodZone, { addresses: [] }, { only })).toEqual([
      "a-matches-address undetermined",
    ]);
  });
});
