import type { ResourceValidationPolicy } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { mailPolicies } from "../../policy/mail-policies.ts";
import { mailRules } from "../../policy/rules/all.ts";
import {
  agreeingStack,
  declare,
  postfixUserData,
  unknown,
  unknownFrom,
  unrelated,
  type StackOptions,
} from "../helpers/planned-stack.ts";
import { validateResource, validateStack } from "./pack-run.ts";

const levels = new Map(mailRules.map(({ name, level }) => [name as string, level]));
const policies = () => mailPolicies({ updating: false });

/** Names of the mandatory policies that a stack violates. */
async function refusals(options: StackOptions): Promise<string[]> {
  const found = await validateStack(policies(), agreeingStack(options));
  return [...new Set(found.map(({ policy }) => policy))].filter((name) => levels.get(name) === "mandatory");
}

describe.each([
  ["before its addresses are allocated", []],
  ["with its addresses", ["192.0.2.10", "192.0.2.11"]],
] as const)("a stack %s", (_, addresses) => {
  it.each([[["okmail"]], [["one", "two"]]])("passes if everything agrees: %j", async (hosts) => {
    expect(await refusals({ hosts, addresses: addresses.slice(0, hosts.length) })).toEqual([]);
  });

  const cases: readonly (readonly [string, NonNullable<StackOptions["change"]>, readonly string[]])[] = [
    [
      "a PTR that names another host",
      { "okmail-ptr": { domainName: "other.example.com" } },
      ["ptr-matches-helo"],
    ],
    ["no PTR", { "okmail-ptr": undefined }, ["ptr-matches-helo"]],
    [
      "a HELO name that is none",
      { okmail: { userData: postfixUserData("ok_mail.example.com") } },
      ["helo-is-host-name"],
    ],
    [
      "a HELO name that is another",
      { okmail: { userData: postfixUserData("post.example.com") } },
      ["a-matches-address", "ptr-matches-helo"],
    ],
    ["no A record", { "okmail-a": undefined }, ["a-matches-address", "mx-resolves"]],
    ["an A record with another address", { "okmail-a": { content: "198.51.100.7" } }, ["a-matches-address"]],
    ["a proxied A record", { "okmail-a": { proxied: true } }, ["a-matches-address", "mail-name-not-proxied"]],
    ["no SPF", { spf: undefined }, ["spf-permits-address"]],
    ["SPF for others", { spf: { content: '"v=spf1 ip4:198.51.100.7 -all"' } }, ["spf-permits-address"]],
    ["SPF that softly fails", { spf: { content: '"v=spf1 ~all"' } }, ["spf-permits-address"]],
    ["SPF with a fault", { spf: { content: '"v=spf1 ip4:192.0.2 -all"' } }, ["spf-is-valid"]],
    ["SPF for everybody", { spf: { content: '"v=spf1 +all"' } }, ["spf-not-for-everyone"]],
    ["SPF of the HELO name for others", { "okmail-spf": { content: '"v=spf1 -all"' } }, ["spf-permits-helo"]],
    ["an MX that is an address", { "mx-okmail": { content: "192.0.2.10" } }, ["mx-resolves"]],
    ["an MX that is nowhere", { "mx-okmail": { content: "gone.example.com" } }, ["mx-resolves"]],
  ];

  it.each(cases)("is refused for %s", async (_title, change, expected) => {
    expect((await refusals({ change, addresses: addresses.slice(0, 1) })).toSorted()).toEqual(expected);
  });

  it("is refused for the swapped reverse names of two hosts", async () => {
    const change = {
      "one-ptr": { domainName: "two.example.com" },
      "two-ptr": { domainName: "one.example.com" },
    };
    expect(await refusals({ hosts: ["one", "two"], change, addresses })).toEqual(["ptr-matches-helo"]);
  });
});

describe("the pack in a preview", () => {
  it("says nothing about a stack without mail", async () => {
    const found = await validateStack(policies(), [
      ...unrelated("before"),
      declare.eip("web-eip", { publicIp: unknown }),
      declare.instance("web", { id: unknown, userData: "#!/bin/sh\napt-get install -y nginx\n" }),
      declare.instance("later", { id: unknown, userData: unknown }),
      ...unrelated("after"),
    ]);
    expect([...found]).toEqual([]);
  });

  it("tells what it could not judge, and refuses nothing for it", async () => {
    const eip = declare.eip("other-eip", { publicIp: unknown });
    const change = { spf: { content: unknownFrom(eip, declare.instance("x")) } };
    const found = await validateStack(policies(), agreeingStack({ change }));
    const undetermined = found.filter(({ policy }) => policy === "judged-completely");
    expect(undetermined.length).toBeGreaterThan(0);
    expect(found.filter(({ policy }) => levels.get(policy) === "mandatory")).toEqual([]);
  });

  it("names the address not yet allocated, the values that disagree, the resource and the fix", async () => {
    const change = { "okmail-ptr": { domainName: "other.example.com" } };
    const found = await validateStack(policies(), agreeingStack({ change }));
    const violation = found.find(({ policy }) => policy === "ptr-matches-helo");
    expect(violation?.message).toMatch(
      /^host okmail \(okmail\.example\.com, the address of Elastic IP okmail-eip\): /,
    );
    expect(violation?.message).toContain("other.example.com");
    expect(violation?.message).toContain("Set the reverse name of the address of Elastic IP okmail-eip to");
    expect(violation?.urn).toBe("urn:pulumi:test::mail::aws:ec2/instance:Instance::okmail");
  });

  it("judges no resource by itself: the first shows it the settings for blocklists, and that is all", async () => {
    const pack = policies();
    const judging = () =>
      (pack as ResourceValidationPolicy[])
        .filter((policy) => policy.validateResource !== undefined)
        .map(({ name }) => name);
    expect(judging()).toEqual(["address-not-listed"]);
    const [first] = agreeingStack();
    if (first === undefined) throw new Error("no resource");
    expect([...(await validateResource(pack, first))]).toEqual([]);
    expect(judging()).toEqual([]);
  });

  it("says the same whatever the order of the resources", async () => {
    const stack = agreeingStack({ hosts: ["b", "a"], change: { spf: undefined, "b-ptr": undefined } });
    const one = await validateStack(policies(), stack);
    expect(await validateStack(policies(), stack.toReversed())).toEqual(one);
    expect(one.length).toBeGreaterThan(2);
  });
});

describe("what the policies share", () => {
  const faulty = agreeingStack({ change: { spf: undefined, "okmail-ptr": undefined } });

  it("is judged by the first, and only those with something to say are called besides", async () => {
    const found = await validateStack(policies(), faulty);
    const speaking = new Set(found.map(({ policy }) => policy));
    expect(found.calls).toEqual(
      ["judged-completely", ...speaking].filter((name, index, all) => all.indexOf(name) === index),
    );
    expect(speaking).toContain("ptr-matches-helo");
  });

  it("is judged by the next one where the first is disabled", async () => {
    const disabled = ["judged-completely", "helo-is-host-name"];
    const found = await validateStack(policies(), faulty, { disabled });
    expect(found.map(({ policy }) => policy)).toContain("ptr-matches-helo");
    expect(found.calls[0]).toBe("a-matches-address");
  });

  it("keeps a disabled policy silent and the others whole", async () => {
    const all = await validateStack(policies(), faulty);
    const found = await validateStack(policies(), faulty, { disabled: ["ptr-matches-helo"] });
    expect([...found]).toEqual(all.filter(({ policy }) => policy !== "ptr-matches-helo"));
  });

  it("is judged anew at each call", async () => {
    const pack = policies();
    await validateStack(pack, faulty);
    const found = await validateStack(pack, agreeingStack());
    expect(found.filter(({ policy }) => levels.get(policy) === "mandatory")).toEqual([]);
    expect(await validateStack(pack, faulty)).toEqual(await validateStack(policies(), faulty));
  });
});
