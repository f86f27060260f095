import type { PolicyResource } from "@pulumi/policy";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blocks } from "../../mail/finding.ts";
import { judge } from "../../mail/judge.ts";
import { SymbolTable } from "../../mail/symbol.ts";
import { readPlan } from "../../policy/plan.ts";
import { plannedZone } from "../../policy/planned-zone.ts";
import { findSenders } from "../../policy/senders.ts";
import { ZoneIndex } from "../../policy/zone-index.ts";
import { agreeingStack, declare, unknown, unknownFrom, type StackOptions } from "../helpers/planned-stack.ts";

/** The rules that refuse a stack, and those that can't tell, each once. */
async function verdict(resources: readonly PolicyResource[]) {
  const plan = readPlan(resources);
  const symbols = new SymbolTable();
  const zones = new ZoneIndex(plan);
  const { senders } = findSenders(plan, symbols, zones);
  const zone = plannedZone(plan, { symbols, zones });
  const findings = (await Promise.all(senders.map((sender) => judge(sender, zone)))).flat();
  const rules = (some: typeof findings) => [...new Set(some.map(({ rule }) => rule))];
  return {
    senders: senders.length,
    refused: rules(findings.filter(blocks)),
    open: rules(
      findings.filter(({ outcome, severity }) => outcome === "undetermined" && severity === "mandatory"),
    ),
  };
}

const addresses = ["203.0.113.7", "203.0.113.8", "203.0.113.9"];
const hosts = fc.uniqueArray(fc.constantFrom("okmail", "mx1", "a", "out-2"), { minLength: 1, maxLength: 3 });
const one = declare.eip("okmail-eip");

describe("a stack in which everything agrees", () => {
  it("is never refused, neither before nor after its addresses exist", async () => {
    await fc.assert(
      fc.asyncProperty(hosts, fc.nat(3), async (names, known) => {
        const stack = agreeingStack({
          hosts: names,
          addresses: addresses.slice(0, Math.min(known, names.length)),
        });
        const { senders, refused } = await verdict(stack);
        expect(senders).toBe(names.length);
        expect(refused).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("is judged completely, though no address exists yet", async () => {
    expect(await verdict(agreeingStack())).toEqual({ senders: 1, refused: [], open: [] });
    expect(await verdict(agreeingStack({ hosts: ["a", "b"] }))).toEqual({
      senders: 2,
      refused: [],
      open: [],
    });
  });

  it("agrees in whichever order its resources come", async () => {
    const stack = agreeingStack({ hosts: ["a", "b"] });
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(stack, { minLength: stack.length }), async (shuffled) => {
        expect(await verdict(shuffled)).toEqual({ senders: 2, refused: [], open: [] });
      }),
      { numRuns: 10 },
    );
  });
});

type Change = readonly [title: string, options: StackOptions, rule: string];

describe("a stack in which one thing disagrees is refused", () => {
  const changes: readonly Change[] = [
    ["A missing", { change: { "okmail-a": undefined } }, "a-matches-address"],
    [
      "A with a written address",
      { change: { "okmail-a": { content: "203.0.113.99" } } },
      "a-matches-address",
    ],
    ["A of another name", { change: { "okmail-a": { name: "mail.example.com" } } }, "a-matches-address"],
    ["A proxied", { change: { "okmail-a": { proxied: true } } }, "mail-name-not-proxied"],
    ["PTR missing", { change: { "okmail-ptr": undefined } }, "ptr-matches-helo"],
    [
      "PTR of another name",
      { change: { "okmail-ptr": { domainName: "mail.example.com" } } },
      "ptr-matches-helo",
    ],
    [
      "HELO of another name",
      { change: { okmail: { userData: "#!/bin/sh\npostconf -e smtp_helo_name=other.example.com\n" } } },
      "ptr-matches-helo",
    ],
    [
      "HELO that is no host name",
      { change: { okmail: { userData: "#!/bin/sh\npostconf -e smtp_helo_name=localhost\n" } } },
      "helo-is-host-name",
    ],
    ["SPF missing", { change: { spf: undefined } }, "spf-permits-address"],
    ["SPF of nobody", { spf: "v=spf1 -all" }, "spf-permits-address"],
    ["SPF of a written address", { spf: "v=spf1 ip4:203.0.113.99 -all" }, "spf-permits-address"],
    ["SPF of a softfail", { spf: "v=spf1 ~all" }, "spf-permits-address"],
    ["SPF that is none", { spf: "v=spf1 ip5:x -all" }, "spf-is-valid"],
    [
      "SPF for HELO that refuses",
      { change: { "okmail-spf": { content: '"v=spf1 -all"' } } },
      "spf-permits-helo",
    ],
    ["MX that leads nowhere", { change: { "mx-okmail": { content: "nothing.example.com" } } }, "mx-resolves"],
  ];
  it.each(changes)("%s, before its address exists", async (_, options, rule) => {
    expect((await verdict(agreeingStack(options))).refused).toContain(rule);
  });

  const known: readonly Change[] = [
    ["SPF of its neighbour", { spf: "v=spf1 ip4:203.0.113.6 -all" }, "spf-permits-address"],
    ["A of its neighbour", { change: { "okmail-a": { content: "203.0.113.6" } } }, "a-matches-address"],
    [
      "a PTR that AWS gives everybody",
      {
        change: {
          "okmail-ptr": undefined,
          "okmail-eip": { publicIp: "203.0.113.7", publicDns: "ec2-203-0-113-7.compute-1.amazonaws.com" },
        },
      },
      "ptr-matches-helo",
    ],
  ];
  it.each([...changes, ...known])("%s, once its address exists", async (_, options, rule) => {
    const stack = agreeingStack({ ...options, addresses: ["203.0.113.7"] });
    expect((await verdict(stack)).refused).toContain(rule);
  });

  const pairs: readonly Change[] = [
    [
      "whose PTRs are swapped",
      { change: { "a-ptr": { domainName: "b.example.com" }, "b-ptr": { domainName: "a.example.com" } } },
      "ptr-matches-helo",
    ],
    [
      "whose A records are swapped",
      { change: { "a-a": { name: "b.example.com" }, "b-a": { name: "a.example.com" } } },
      "a-matches-address",
    ],
    [
      "that say one name",
      { change: { b: { userData: "#!/bin/sh\npostconf -e smtp_helo_name=a.example.com\n" } } },
      "ptr-matches-helo",
    ],
  ];
  it.each(pairs)("two hosts %s", async (_, options, rule) => {
    expect((await verdict(agreeingStack({ hosts: ["a", "b"], ...options }))).refused).toContain(rule);
  });

  it("is undetermined where an unknown SPF record leaves one of two hosts out, for its MX may let that in", async () => {
    const stack = agreeingStack({ hosts: ["okmail", "b"], change: { spf: { content: unknownFrom(one) } } });
    expect(await verdict(stack)).toMatchObject({
      refused: [],
      open: ["spf-is-valid", "spf-permits-address"],
    });
  });

  it("where an unknown SPF record leaves out a host that nothing else leads to", async () => {
    const change = { spf: { content: unknownFrom(one) }, "mx-b": undefined };
    expect((await verdict(agreeingStack({ hosts: ["okmail", "b"], change }))).refused).toEqual([
      "spf-permits-address",
    ]);
  });
});

describe("an Elastic IP from a pool", () => {
  const network = { spf: { content: '"v=spf1 ip4:198.51.100.0/24 -all"' }, "okmail-spf": undefined };
  const pools: readonly (readonly [string, Record<string, unknown>])[] = [
    ["of the account's own", { publicIpv4Pool: "ipv4pool-ec2-012345" }],
    ["of IPAM", { ipamPoolId: "ipam-pool-07ccc86aa41bef7ce" }],
    ["that the stack makes", { ipamPoolId: unknownFrom(one) }],
  ];
  it.each(pools)("%s may be in a network that SPF permits, which the update tells", async (_, pool) => {
    const change = { ...network, "okmail-eip": pool };
    const open = { refused: [], open: expect.arrayContaining(["spf-permits-address"]) as string[] };
    expect(await verdict(agreeingStack({ change }))).toMatchObject(open);
    const inside = agreeingStack({
      change: { ...change, "okmail-eip": { ...pool, publicIp: "198.51.100.7" } },
    });
    expect((await verdict(inside)).refused).not.toContain("spf-permits-address");
    const outside = agreeingStack({
      change: { ...change, "okmail-eip": { ...pool, publicIp: "203.0.113.7" } },
    });
    expect((await verdict(outside)).refused).toContain("spf-permits-address");
  });

  it.each([
    ["Amazon's", { publicIpv4Pool: "amazon" }],
    ["nobody named", {}],
    ["that AWS will tell", { publicIpv4Pool: unknown, ipamPoolId: unknown }],
  ])("%s is in no network that somebody can know", async (_, pool) => {
    const change = { ...network, "okmail-eip": pool };
    expect((await verdict(agreeingStack({ change }))).refused).toEqual(["spf-permits-address"]);
  });
});
