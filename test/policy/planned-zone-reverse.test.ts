import type { PolicyResource } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { reverseName } from "../../mail/host-name.ts";
import { SymbolTable } from "../../mail/symbol.ts";
import { readPlan } from "../../policy/plan.ts";
import { plannedZone, type PlannedZoneOptions } from "../../policy/planned-zone.ts";
import { answerOf } from "../helpers/answer-of.ts";
import { dnsZone } from "../helpers/dns-zone.ts";
import { declare, knownFrom, unknown, unknownFrom, unrelated } from "../helpers/planned-stack.ts";

const real = "203.0.113.7";
const awsName = "ec2-203-0-113-7.compute-1.amazonaws.com";
const fresh = declare.eip("fresh", { publicIp: unknown, publicDns: unknown });
const other = declare.eip("other", { publicIp: unknown });
const allocated = declare.eip("allocated", {
  publicIp: real,
  allocationId: "eipalloc-7",
  publicDns: awsName,
});
const request = (allocationId: unknown, domainName: unknown) =>
  declare.domainName("ptr", { allocationId, domainName });
const a = declare.record("a", {
  zoneId: "z",
  name: "okmail.example.com",
  type: "A",
  content: "198.51.100.9",
});

async function ptr(
  resources: readonly PolicyResource[],
  address: string,
  options: Partial<PlannedZoneOptions> = {},
) {
  const symbols = new SymbolTable();
  const asked = address === "symbol" ? symbols.address("fresh") : address;
  const plan = readPlan([...unrelated("before"), ...resources, ...unrelated("after")]);
  return answerOf(plannedZone(plan, { symbols, ...options }), reverseName(asked), "PTR");
}

describe("the PTR of an address", () => {
  const cases: readonly (readonly [
    title: string,
    resources: readonly PolicyResource[],
    address: string,
    expected: unknown,
  ])[] = [
    [
      "not yet allocated is what is asked for it",
      [fresh, request(unknownFrom(fresh), "Okmail.example.com.")],
      "symbol",
      ["okmail.example.com"],
    ],
    [
      "not yet allocated is not what is asked for another",
      [fresh, other, request(unknownFrom(other), "okmail.example.com")],
      "symbol",
      "ENOTFOUND",
    ],
    ["not yet allocated, for which nothing is asked, is none", [fresh], "symbol", "ENOTFOUND"],
    [
      "is undetermined while the name isn't known",
      [fresh, request(unknownFrom(fresh), unknownFrom(other))],
      "symbol",
      "EUNDETERMINED",
    ],
    [
      "is undetermined if two names are asked for",
      [
        fresh,
        request(unknownFrom(fresh), "a.example.com"),
        { ...request(unknownFrom(fresh), "b.example.com"), urn: "urn:second" },
      ],
      "symbol",
      "EUNDETERMINED",
    ],
    [
      "allocated before is what is asked for it by its id",
      [allocated, request("eipalloc-7", "okmail.example.com")],
      real,
      ["okmail.example.com"],
    ],
    [
      "allocated before is what is asked for it by wiring",
      [allocated, request(knownFrom("eipalloc-7", allocated), "okmail.example.com")],
      real,
      ["okmail.example.com"],
    ],
    ["allocated before is AWS's own name, if none is asked for", [allocated], real, [awsName]],
    [
      "is undetermined if AWS had another name that nothing in the plan keeps",
      [declare.eip("e", { publicIp: real, publicDns: awsName, ptrRecord: "okmail.example.com." })],
      real,
      "EUNDETERMINED",
    ],
    [
      "is AWS's own name if that is what AWS had",
      [declare.eip("e", { publicIp: real, publicDns: awsName, ptrRecord: `${awsName}.` })],
      real,
      [awsName],
    ],
    [
      "adopted is what is asked for it, its A record telling the address",
      [a, request("eipalloc-9", "okmail.example.com")],
      "198.51.100.9",
      ["okmail.example.com"],
    ],
    [
      "adopted is what is asked for it, its component telling the address",
      [
        declare.sendingAddress("s", { allocationId: "eipalloc-9", publicIp: "198.51.100.8" }),
        request("eipalloc-9", "okmail.example.com"),
      ],
      "198.51.100.8",
      ["okmail.example.com"],
    ],
    [
      "adopted is undetermined, if no name is asked for it",
      [declare.association("as", { allocationId: "eipalloc-9", publicIp: "198.51.100.9" })],
      "198.51.100.9",
      "EUNDETERMINED",
    ],
    ["of somebody else is undetermined", [fresh], "192.0.2.1", "EUNDETERMINED"],
    ["of IPv6 is undetermined", [fresh], "2001:db8::1", "EUNDETERMINED"],
  ];
  it.each(cases)("%s", async (_, resources, address, expected) => {
    expect(await ptr(resources, address)).toEqual(expected);
  });

  it("of somebody else is asked of the live DNS, if allowed", async () => {
    const live = dnsZone({ "1.2.0.192.in-addr.arpa": { PTR: ["x.example.org"] } });
    expect(await ptr([fresh], "192.0.2.1", { live })).toEqual(["x.example.org"]);
  });

  it("that nothing asks for is asked of the live DNS, if allowed, once the address exists", async () => {
    const live = dnsZone({ "7.113.0.203.in-addr.arpa": { PTR: ["by-hand.example.com"] } });
    expect(await ptr([allocated], real, { live })).toEqual(["by-hand.example.com"]);
    expect(await ptr([fresh], "symbol", { live })).toBe("ENOTFOUND");
    expect(await ptr([allocated, request("eipalloc-7", "okmail.example.com")], real, { live })).toEqual([
      "okmail.example.com",
    ]);
  });

  it("is in the plan's own reverse zone, if it has one", async () => {
    const zone = declare.route53Zone("reverse", { zoneId: "ZR", name: "113.0.203.in-addr.arpa" });
    const record = declare.route53Record("r", {
      zoneId: "ZR",
      name: "7",
      type: "PTR",
      records: ["Okmail.example.com."],
    });
    expect(await ptr([zone, record], real)).toEqual(["okmail.example.com"]);
  });
});
