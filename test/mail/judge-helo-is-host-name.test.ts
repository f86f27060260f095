import { expect, test } from "vitest";
import { findingsOf, objections, zoneAt, zoneWith } from "./judge-good-sender.ts";

test.each([
  ["mail.example.com", "a host name"],
  ["example.com", "the domain itself"],
  ["MAIL.Example.COM", "capitals"],
  ["mail-1.eu.example.co.uk", "many labels"],
  ["xn--mnchen-3ya.example.com", "an A-label"],
])("agrees with HELO %s: %s", async (helo) => {
  expect(
    (await findingsOf("helo-is-host-name", zoneWith({}), { helo })).map(({ outcome }) => outcome),
  ).toEqual(["agrees"]);
});

test.each([
  ["okmail", "a single label"],
  ["", "nothing"],
  ["[192.0.2.10]", "an address literal"],
  ["192.0.2.10", "a bare address"],
  ["my_host.example.com", "an underscore"],
  ["okmail.example.com,", "trailing garbage"],
  ["okmail.example.com ", "a trailing space"],
  ["okmail..example.com", "an empty label"],
  ["okmail.example.com.", "a final dot"],
  ["okmail.example.com..", "two final dots"],
  ["-okmail.example.com", "a hyphen at an end"],
  [`${"a".repeat(64)}.example.com`, "a label of 64 octets"],
  ["ip-10-0-0-5.ec2.internal", "a private default name of EC2"],
  ["ip-10-0-0-5.eu-west-1.compute.internal", "a private default name of EC2 with its Region"],
  ["ec2-192-0-2-10.compute-1.amazonaws.com", "a public default name of EC2"],
  ["EC2-192-0-2-10.compute-1.amazonaws.com.", "the same in capitals with a final dot"],
  ["localhost.localdomain", "the operating system's default"],
  ["okmail.local", "a name of the local network"],
  ["okmail.lan", "a name of the local network by habit"],
  ["okmail.home.arpa", "a name of home networks"],
])("rejects HELO %j: %s", async (helo) => {
  expect(await objections(zoneWith({}), { helo }, { only: ["helo-is-host-name"] })).toEqual([
    "helo-is-host-name disagrees",
  ]);
});

test("asks nothing else about a HELO name that is none", async () => {
  expect(await objections(zoneWith({}), { helo: "okmail" })).toEqual(["helo-is-host-name disagrees"]);
});

test("remarks on a HELO name that is an alias", async () => {
  const zone = zoneWith({
    "okmail.example.com": { CNAME: ["host.example.net"] },
    "host.example.net": { A: ["192.0.2.10"], TXT: ["v=spf1 ip4:192.0.2.10 -all"] },
  });
  expect(
    await objections(zone, {}, { only: ["helo-is-host-name", "a-matches-address", "ptr-matches-helo"] }),
  ).toEqual(["helo-is-host-name remark"]);
});

test("suggests a name of the sender's own domain", async () => {
  const [finding] = await findingsOf("helo-is-host-name", zoneAt("example.com", {}), { helo: "localhost" });
  expect(finding?.message).toBe('The HELO name "localhost" is one label, not a fully qualified name.');
  expect(finding?.fix).toContain("mail.example.com");
});
