import { describe, expect, test } from "vitest";
import { UndeterminedError } from "../../mail/resolver.ts";
import type { Failure, Zone } from "../helpers/dns-zone.ts";
import { findingsOf, goodZone, objections, zoneWith } from "./judge-good-sender.ts";

const only = ["ptr-matches-helo"] as const;
const ptr = (...names: string[]): Zone => zoneWith({ "10.2.0.192.in-addr.arpa": { PTR: names } });

test.each<[string, Zone]>([
  ["exactly the HELO name", goodZone],
  ["the same in capitals with a final dot", ptr("OKMAIL.Example.com.")],
  ["the same record twice", ptr("okmail.example.com", "okmail.example.com.")],
  [
    "by an alias in the reverse zone, as RFC 2317 delegates",
    zoneWith({
      "10.2.0.192.in-addr.arpa": { CNAME: ["10.0-15.2.0.192.in-addr.arpa"] },
      "10.0-15.2.0.192.in-addr.arpa": { PTR: ["okmail.example.com"] },
    }),
  ],
])("agrees with %s", async (_, zone) => {
  expect(await objections(zone, {}, { only })).toEqual([]);
});

describe("rejects", () => {
  test.each<[string, Zone, string]>([
    [
      "an address without reverse name",
      zoneWith({ "10.2.0.192.in-addr.arpa": undefined }),
      "192.0.2.10 has no PTR record: 10.2.0.192.in-addr.arpa does not exist.",
    ],
    [
      "a reverse name without PTR record",
      zoneWith({ "10.2.0.192.in-addr.arpa": { TXT: ["x"] } }),
      "10.2.0.192.in-addr.arpa has no PTR record.",
    ],
    [
      "a PTR that names another host",
      ptr("other.example.com"),
      "is other.example.com (which does not resolve to 192.0.2.10), but the host says HELO okmail.example.com.",
    ],
    [
      "the provider's default",
      ptr("ec2-192-0-2-10.compute-1.amazonaws.com"),
      "ec2-192-0-2-10.compute-1.amazonaws.com",
    ],
    ["the domain above", ptr("example.com"), "is example.com"],
    ["a name that ends in the HELO name", ptr("x.okmail.example.com"), "is x.okmail.example.com"],
    [
      "a second PTR record",
      ptr("okmail.example.com", "www.example.com"),
      "besides okmail.example.com there is www.example.com",
    ],
  ])("%s", async (_, zone, message) => {
    expect(await objections(zone, {}, { only })).toEqual(["ptr-matches-helo disagrees"]);
    expect((await findingsOf("ptr-matches-helo", zone))[0]?.message).toContain(message);
  });

  test("a forward-confirmed name that is not the HELO name", async () => {
    const zone = zoneWith({
      "10.2.0.192.in-addr.arpa": { PTR: ["other.example.com"] },
      "other.example.com": { A: ["192.0.2.10"] },
    });
    const [finding] = await findingsOf("ptr-matches-helo", zone);
    expect(finding).toMatchObject({
      outcome: "disagrees",
      expected: "okmail.example.com",
      found: "other.example.com",
      message:
        "The PTR record of 192.0.2.10 is other.example.com, but the host says HELO okmail.example.com.",
      fix: "Set the reverse name of 192.0.2.10 to okmail.example.com.",
      source: "RFC 8601 3 (iprev), Gmail 550 5.7.25",
    });
  });

  test("names swapped between two addresses", async () => {
    const zone = zoneWith({
      "okmail.example.com": { A: ["192.0.2.10", "192.0.2.20"] },
      "20.2.0.192.in-addr.arpa": { PTR: ["other.example.com"] },
    });
    const findings = await findingsOf("ptr-matches-helo", zone, { addresses: ["192.0.2.10", "192.0.2.20"] });
    expect(findings.map(({ outcome, subject }) => `${subject.address ?? ""} ${outcome}`)).toEqual([
      "192.0.2.10 agrees",
      "192.0.2.20 disagrees",
    ]);
  });
});

test.each<[string, Failure]>([
  ["a failing name server", "ESERVFAIL"],
  ["a time-out", "ETIMEOUT"],
  ["a name not known yet", new UndeterminedError("the name of mail-okmail-ptr is not known yet")],
])("can't tell with %s", async (_, failure) => {
  const zone = zoneWith({ "10.2.0.192.in-addr.arpa": failure });
  expect(await objections(zone, {}, { only })).toEqual(["ptr-matches-helo undetermined"]);
});

test("looks an IPv6 address up by its nibbles", async () => {
  const reverse = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
  const zone = zoneWith({ [reverse]: { PTR: ["okmail.example.com"] } });
  expect(await objections(zone, { addresses: ["2001:0DB8::0001"] }, { only })).toEqual([]);
});
