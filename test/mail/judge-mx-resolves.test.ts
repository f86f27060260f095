import { describe, expect, test } from "vitest";
import { UndeterminedError } from "../../mail/resolver.ts";
import type { Failure, Zone, ZoneName } from "../helpers/dns-zone.ts";
import { findingsOf, goodZone, objections, zoneAt, zoneWith } from "./judge-good-sender.ts";

const only = ["mx-resolves"] as const;

/** The good zone with these mail exchangers, and records of other names. */
function mx(exchanges: readonly string[], others: Readonly<Record<string, ZoneName | Failure>> = {}): Zone {
  const MX = exchanges.map((exchange, index) => ({ exchange, priority: 10 * index }));
  return zoneWith({ "example.com": { ...goodZone["example.com"], MX }, ...others });
}

describe("agrees with", () => {
  test.each<[string, Zone]>([
    ["the host itself", goodZone],
    ["a name in capitals with a final dot", mx(["OKMAIL.Example.com."])],
    [
      "several exchangers",
      mx(["okmail.example.com", "mx.example.net"], { "mx.example.net": { A: ["198.51.100.1"] } }),
    ],
    [
      "an exchanger that has only IPv6",
      mx(["mx.example.net"], { "mx.example.net": { AAAA: ["2001:db8::1"] } }),
    ],
    ["a wildcard's address", mx(["mx.example.net"], { "*.example.net": { A: ["198.51.100.1"] } })],
  ])("%s", async (_, zone) => {
    expect(await objections(zone, {}, { only })).toEqual([]);
  });
});

describe("rejects", () => {
  test.each<[string, Zone, string]>([
    [
      "an exchanger that does not exist",
      mx(["gone.example.com"]),
      "The mail exchanger gone.example.com of example.com does not exist.",
    ],
    [
      "an exchanger without address",
      mx(["mx.example.com"], { "mx.example.com": { TXT: ["x"] } }),
      "mx.example.com of example.com has no A record and has no AAAA record.",
    ],
    [
      "an alias",
      mx(["mx.example.com"], { "mx.example.com": { CNAME: ["okmail.example.com"] } }),
      "an alias of okmail.example.com",
    ],
    [
      "an alias that leads nowhere",
      mx(["mx.example.com"], { "mx.example.com": { CNAME: ["gone.example.net"] } }),
      "an alias of gone.example.net",
    ],
    ["an address literal", mx(["192.0.2.10"]), "names 192.0.2.10, which is an address"],
    [
      "a name that is no host name",
      mx(["my_mx.example.com"], { "my_mx.example.com": { A: ["192.0.2.10"] } }),
      "has an underscore",
    ],
    [
      "a second exchanger that does not resolve",
      mx(["okmail.example.com", "gone.example.com"]),
      "gone.example.com",
    ],
    ["a null MX beside another", mx(["", "okmail.example.com"]), "has a null MX beside okmail.example.com"],
    [
      "a domain with neither MX nor address",
      zoneAt("example.com", { MX: [] }),
      "has no MX record and no address",
    ],
  ])("%s", async (_, zone, message) => {
    expect(await objections(zone, {}, { only })).toEqual(["mx-resolves disagrees"]);
    const finding = (await findingsOf("mx-resolves", zone)).find(({ outcome }) => outcome === "disagrees");
    expect(finding?.message).toContain(message);
    expect(finding?.fix).toContain("example.com");
  });

  test("a domain that does not exist", async () => {
    expect(await objections(goodZone, { mailFrom: "example.net" }, { only })).toEqual([
      "mx-resolves disagrees",
    ]);
  });
});

describe("remarks", () => {
  test.each<[string, Zone, string]>([
    ["on a null MX: bounces are lost", mx([""]), "RFC 7505 4.2, 550 5.7.27"],
    ["on a null MX written as a dot", mx(["."]), "RFC 7505 4.2, 550 5.7.27"],
    [
      "on the domain's own address in place of an MX",
      zoneAt("example.com", { MX: [], A: ["192.0.2.10"] }),
      "RFC 5321 5.1, Postfix reject_unknown_sender_domain 550 5.1.8",
    ],
  ])("%s", async (_, zone, source) => {
    expect(await objections(zone, {}, { only })).toEqual(["mx-resolves remark"]);
    expect((await findingsOf("mx-resolves", zone))[0]?.source).toBe(source);
  });
});

test("asks nothing for the null sender", async () => {
  expect(await findingsOf("mx-resolves", goodZone, { mailFrom: "" })).toEqual([]);
});

test.each<[string, Zone]>([
  ["failing MX look-up", zoneAt("example.com", { MX: "ESERVFAIL" })],
  ["timed-out MX look-up", zoneAt("example.com", { MX: "ETIMEOUT" })],
  ["exchanger whose server fails", mx(["mx.example.net"], { "mx.example.net": "ESERVFAIL" })],
  [
    "exchanger outside the plan",
    mx(["mx.example.net"], { "mx.example.net": new UndeterminedError("mx.example.net is outside the plan") }),
  ],
  ["missing MX beside an address that can't be looked up", zoneAt("example.com", { MX: [], A: "ETIMEOUT" })],
])("can't tell with a %s", async (_, zone) => {
  expect(await objections(zone, {}, { only })).toEqual(["mx-resolves undetermined"]);
});
