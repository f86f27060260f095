import type { PolicyResource } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { mailPolicies } from "../../policy/mail-policies.ts";
import { declare, postfixUserData, unrelated } from "../helpers/planned-stack.ts";
import { update, validateResource } from "./pack-run.ts";

const zone = { zoneId: "zone-1", ttl: 300, proxied: false };
const address = "192.0.2.10";

/** The inputs of a stack as an update sees them, all known, in the order in which they are created. */
const inputs = {
  a: declare.record("a", { ...zone, name: "okmail.example.com", type: "A", content: address }),
  ptr: declare.domainName("ptr", { allocationId: "eipalloc-1", domainName: "okmail.example.com" }),
  host: declare.instance("host", { userData: postfixUserData("okmail.example.com") }),
  heloSpf: declare.record("heloSpf", {
    ...zone,
    name: "okmail.example.com",
    type: "TXT",
    content: `"v=spf1 ip4:${address} -all"`,
  }),
  spf: declare.record("spf", {
    ...zone,
    name: "example.com",
    type: "TXT",
    content: `"v=spf1 ip4:${address} -all"`,
  }),
  mx: declare.record("mx", {
    ...zone,
    name: "example.com",
    type: "MX",
    content: "okmail.example.com",
    priority: 10,
  }),
} as const;

type Name = keyof typeof inputs;

/** One of the inputs with other properties. */
function but(name: Name, props: Readonly<Record<string, unknown>>): PolicyResource {
  return { ...inputs[name], props: { ...inputs[name].props, ...props } };
}

function order(...names: readonly (Name | PolicyResource)[]): PolicyResource[] {
  const resources = names.map((each) => (typeof each === "string" ? inputs[each] : each));
  return [...unrelated("before"), ...resources, ...unrelated("after")];
}

const pack = () => mailPolicies({ updating: true });
const everyOrder: readonly (readonly Name[])[] = [
  ["a", "ptr", "host", "heloSpf", "spf", "mx"],
  ["mx", "spf", "heloSpf", "host", "ptr", "a"],
  ["host", "spf", "a", "mx", "ptr", "heloSpf"],
  ["spf", "mx", "a", "host", "heloSpf", "ptr"],
];

describe("an update", () => {
  it.each(everyOrder)("that agrees is not held up, in the order %s %s %s %s %s %s", async (...names) => {
    expect(await update(pack(), order(...names))).toEqual({});
  });

  it.each([
    [
      "SPF for another address",
      but("spf", { content: '"v=spf1 ip4:198.51.100.7 -all"' }),
      "spf-permits-address",
    ],
    ["SPF with a fault", but("spf", { content: '"v=spf1 ip4:192.0.2 -all"' }), "spf-is-valid"],
    ["SPF for everybody", but("spf", { content: '"v=spf1 +all"' }), "spf-not-for-everyone"],
    ["an MX that is an address", but("mx", { content: "192.0.2.10" }), "mx-resolves"],
    ["SPF of the HELO name for others", but("heloSpf", { content: '"v=spf1 -all"' }), "spf-permits-helo"],
  ])("stops at %s, and creates the rest", async (_, faulty, policy) => {
    const names = (["a", "ptr", "host", "heloSpf", "spf", "mx"] as const).map((name) =>
      inputs[name].name === faulty.name ? faulty : name,
    );
    expect(await update(pack(), order(...names))).toEqual({ [faulty.name]: [policy] });
  });

  it.each([
    [
      "an A record that SPF does not permit",
      ["host", "spf"],
      but("a", { content: "198.51.100.7" }),
      "spf-permits-address",
    ],
    [
      "an SPF record without the address of A",
      ["host", "a"],
      but("spf", { content: '"v=spf1 -all"' }),
      "spf-permits-address",
    ],
    ["a proxied A record", ["host"], but("a", { proxied: true }), "mail-name-not-proxied"],
    ["a private address", ["host"], but("a", { content: "10.0.0.1" }), "a-matches-address"],
    [
      "a second SPF record",
      ["host", "a", "spf"],
      { ...but("spf", {}), name: "second", urn: "second" },
      "spf-is-valid",
    ],
    [
      "a HELO name that is none",
      [],
      but("host", { userData: postfixUserData("localhost") }),
      "helo-is-host-name",
    ],
    ["a proxied mail exchanger", ["host", "mx"], but("a", { proxied: true }), "mail-name-not-proxied"],
    [
      "a host whose HELO name is not the PTR",
      [
        "a",
        "ptr",
        declare.record("alias", { ...zone, name: "post.example.com", type: "A", content: address }),
      ],
      but("host", { userData: postfixUserData("post.example.com") }),
      "ptr-matches-helo",
    ],
    [
      "a PTR that is not the HELO name",
      [
        "host",
        "a",
        declare.record("alias", { ...zone, name: "post.example.com", type: "A", content: address }),
      ],
      but("ptr", { domainName: "post.example.com" }),
      "ptr-matches-helo",
    ],
    [
      "a host that existing records contradict",
      ["a", but("spf", { content: '"v=spf1 ip4:198.51.100.7 -all"' })],
      inputs.host,
      "spf-permits-address",
    ],
  ] as const)("stops at %s", async (_, before, faulty, policy) => {
    const refused = await update(pack(), order(...before, faulty));
    expect(refused).toEqual({ [faulty.name]: expect.arrayContaining([policy]) as string[] });
  });

  it.each(["include:elsewhere.test", "a:other.example.com", "mx", "mx:example.com"])(
    "leaves SPF alone that may permit the address once all records are there: %s",
    async (term) => {
      const other = but("a", { name: "other.example.com", content: "192.0.2.11" });
      const otherMx = but("mx", { content: "other.example.com" });
      const spf = but("spf", { content: `"v=spf1 ${term} -all"` });
      const before = ["a", "host", { ...other, urn: "other" }, { ...otherMx, urn: "other-mx" }] as const;
      expect(await update(pack(), order(...before, spf))).toEqual({});
    },
  );

  it("lets a HELO name have the addresses of two hosts, whichever comes first", async () => {
    const other = { ...but("a", { content: "192.0.2.11" }), name: "other-a", urn: "other-a" };
    const spf = but("spf", { content: '"v=spf1 ip4:192.0.2.10 ip4:192.0.2.11 -all"' });
    const heloSpf = but("heloSpf", { content: '"v=spf1 ip4:192.0.2.10 ip4:192.0.2.11 -all"' });
    expect(await update(pack(), order("host", "a", other, spf, heloSpf))).toEqual({});
    expect(await update(pack(), order(spf, heloSpf, other, "host", "a"))).toEqual({});
  });

  it("says nothing about a stack without mail", async () => {
    const web = declare.instance("web", { userData: "#!/bin/sh\napt-get install -y nginx\n" });
    const proxied = but("a", { proxied: true });
    expect(await update(pack(), order(web, proxied, but("spf", { content: '"v=spf1 +all"' })))).toEqual({});
  });

  it("calls one policy for a resource that has no fault", async () => {
    const policies = pack();
    await update(policies, order("host"));
    expect((await validateResource(policies, inputs.a)).calls).toEqual(["judged-completely"]);
  });

  it("judges resources that come at the same time apart from each other", async () => {
    const policies = pack();
    await update(policies, order("host", "a"));
    const found = await Promise.all([
      validateResource(policies, but("spf", { content: '"v=spf1 -all"' })),
      validateResource(policies, inputs.mx),
      validateResource(policies, but("heloSpf", { content: '"v=spf1 -all"' })),
    ]);
    expect(found.map((violations) => violations.map(({ policy }) => policy))).toEqual([
      ["spf-permits-address"],
      [],
      ["spf-permits-helo"],
    ]);
  });
});
