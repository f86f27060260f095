import type { PolicyResource } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { SymbolTable } from "../../mail/symbol.ts";
import { readPlan } from "../../policy/plan.ts";
import { plannedZone } from "../../policy/planned-zone.ts";
import { answerOf } from "../helpers/answer-of.ts";
import { dnsZone } from "../helpers/dns-zone.ts";
import { declare, knownFrom, unknown, unknownFrom, unrelated } from "../helpers/planned-stack.ts";

const one = declare.eip("one", { publicIp: unknown });
const two = declare.eip("two", { publicIp: unknown });
const allocated = declare.eip("allocated", { publicIp: "203.0.113.7", allocationId: "eipalloc-7" });
const eips = [one, two, allocated];

/** Symbols of `one` and `two`, in the order in which the tests name them. */
function setUp(records: readonly PolicyResource[]) {
  const symbols = new SymbolTable();
  const [first, second] = [symbols.address("one"), symbols.address("two")];
  const plan = readPlan([...unrelated("before"), ...eips, ...records, ...unrelated("after")]);
  return { first, second, zone: plannedZone(plan, { symbols }) };
}

const record = (
  type: string,
  content: unknown,
  more: Record<string, unknown> = {},
  parent?: PolicyResource,
) =>
  declare.record(
    `${type}-${typeof more.name === "string" ? more.name : "apex"}`,
    { zoneId: "z1", name: "example.com", type, content, ...more },
    parent === undefined ? {} : { parent },
  );

describe("an A record whose content isn't known", () => {
  const association = declare.association("as", { allocationId: unknownFrom(two) });
  const gateway = declare.natGateway("nat", { allocationId: unknownFrom(two) });
  const instance = declare.instance("host");
  const contents: readonly (readonly [title: string, content: unknown, answer: string | undefined])[] = [
    ["is the symbol of the one Elastic IP it derives from", unknownFrom(one), "first"],
    ["is the symbol of the Elastic IP behind an association", unknownFrom(association), "second"],
    ["is the symbol of the Elastic IP behind a NAT gateway", unknownFrom(gateway), "second"],
    ["is the address itself if that is allocated", unknownFrom(allocated), "203.0.113.7"],
    ["can't be told if it derives from two Elastic IPs", unknownFrom(one, two), undefined],
    ["can't be told if it derives from something else too", unknownFrom(one, instance), undefined],
    ["can't be told if it derives from an instance", unknownFrom(instance), undefined],
    ["can't be told if it derives from nothing", unknown, undefined],
  ];
  it.each(contents)("%s", async (_, content, expected) => {
    const { first, second, zone } = setUp([association, gateway, instance, record("A", content)]);
    const answer = expected === "first" ? first : expected === "second" ? second : expected;
    expect(await answerOf(zone, "example.com", "A")).toEqual(
      answer === undefined ? "EUNDETERMINED" : [answer],
    );
  });

  it("is undetermined as a whole if one of several can't be told", async () => {
    const { zone } = setUp([record("A", "192.0.2.1"), record("A", unknown, { name: "Example.com" })]);
    expect(await answerOf(zone, "example.com", "A")).toBe("EUNDETERMINED");
  });
});

describe("an address that is written down", () => {
  it("never equals a symbol", async () => {
    const { first, zone } = setUp([record("A", "240.0.0.1"), record("TXT", '"v=spf1 ip4:240.0.0.1 -all"')]);
    expect(first).toBe("240.0.0.1");
    expect(await answerOf(zone, "example.com", "A")).not.toEqual([first]);
    expect(JSON.stringify(await answerOf(zone, "example.com", "TXT"))).not.toContain(first);
  });

  it("is what the record says, whatever it derives from", async () => {
    const { zone } = setUp([record("A", knownFrom("192.0.2.9", one))]);
    expect(await answerOf(zone, "example.com", "A")).toEqual(["192.0.2.9"]);
  });
});

describe("two Elastic IPs of one logical name", () => {
  it("have two symbols", async () => {
    const parents = ["p", "q"].map((name) => declare.sendingAddress(name));
    const twins = parents.map((parent, index) => ({
      ...declare.eip("twin", { publicIp: unknown }, { parent }),
      urn: `urn:twin-${index}`,
    }));
    const { zone } = setUp([
      ...twins,
      ...twins.map((twin, index) => record("A", unknownFrom(twin), { name: `h${index}.example.com` })),
    ]);
    const answers = await Promise.all([
      answerOf(zone, "h0.example.com", "A"),
      answerOf(zone, "h1.example.com", "A"),
    ]);
    expect(answers[0]).not.toEqual(answers[1]);
  });
});

describe("an SPF record whose content isn't known", () => {
  const text = async (zone: ReturnType<typeof setUp>["zone"], name = "example.com") => {
    const answer = await answerOf(zone, name, "TXT");
    return Array.isArray(answer) ? (answer as string[][]).map((strings) => strings.join("")) : answer;
  };

  it("authorizes the symbols it derives from", async () => {
    const { first, second, zone } = setUp([record("TXT", unknownFrom(one, two))]);
    const [spf] = (await text(zone)) as string[];
    expect(spf).toMatch(new RegExp(`^v=spf1 ip4:${first} ip4:${second} .*-all$`));
  });

  it("says nothing more if nothing else of the plan can be in it", async () => {
    const symbols = new SymbolTable();
    const plan = readPlan([one, record("TXT", unknownFrom(one))]);
    expect(await text(plannedZone(plan, { symbols }))).toEqual([`v=spf1 ip4:${symbols.address("one")} -all`]);
  });

  const others: readonly (readonly [title: string, more: readonly PolicyResource[], doubt: boolean])[] = [
    ["leaves out an Elastic IP that nothing else leads to", [two], false],
    ["may hold an address that is known", [allocated], true],
    ["may hold the owner's A record", [two, record("A", unknownFrom(two))], true],
    [
      "may hold an exchanger's A record",
      [two, record("MX", "mx.example.com"), record("A", unknownFrom(two), { name: "mx.example.com" })],
      true,
    ],
    [
      "may include another SPF record",
      [two, record("TXT", unknownFrom(two), { name: "_spf.example.com" })],
      true,
    ],
    [
      "doesn't include a host's own SPF record",
      [
        two,
        record("TXT", unknownFrom(two), { name: "b.example.com" }),
        record("A", unknownFrom(two), { name: "b.example.com" }),
      ],
      false,
    ],
    [
      "may hold an adopted address",
      [declare.association("as", { allocationId: "eipalloc-9", publicIp: "198.51.100.9" })],
      true,
    ],
  ];
  it.each(others)("%s", async (_, more, doubt) => {
    const plan = readPlan([one, record("TXT", unknownFrom(one)), ...more]);
    // The live DNS, which knows no such name, is not asked for it.
    const zone = plannedZone(plan, { symbols: new SymbolTable(), live: dnsZone({}) });
    const [spf = ""] = (await text(zone)) as string[];
    const [, name] = / exists:(\S+) /.exec(spf) ?? [];
    expect(name !== undefined).toBe(doubt);
    if (name !== undefined) expect(await answerOf(zone, name, "A")).toBe("EUNDETERMINED");
  });

  it("is the template that its MailRecords component registered", async () => {
    const parent = declare.mailRecords("mail", {
      spfTemplate: "v=spf1 ip4:{one} ip4:{two} exists:%{i}.x.example.org -all",
      heloSpfTemplates: { "okmail.example.com": "v=spf1 ip4:{one} ~all" },
    });
    const { first, second, zone } = setUp([
      parent,
      record("TXT", unknownFrom(one, two), {}, parent),
      record("TXT", unknownFrom(one), { name: "okmail.example.com" }, parent),
    ]);
    expect(await text(zone)).toEqual([`v=spf1 ip4:${first} ip4:${second} exists:%{i}.x.example.org -all`]);
    expect(await text(zone, "okmail.example.com")).toEqual([`v=spf1 ip4:${first} ~all`]);
  });

  const untrue: readonly (readonly [title: string, template: unknown])[] = [
    ["names an Elastic IP that the record doesn't derive from", "v=spf1 ip4:{one} ip4:{allocated} -all"],
    ["leaves one out", "v=spf1 ip4:{one} -all"],
    ["isn't known", unknownFrom(one)],
    ["is no text", 7],
  ];
  it.each(untrue)("is no template that %s", async (_, spfTemplate) => {
    const parent = declare.mailRecords("mail", { spfTemplate });
    const { first, second, zone } = setUp([parent, record("TXT", unknownFrom(one, two), {}, parent)]);
    expect(JSON.stringify(await text(zone))).toContain(`ip4:${first} ip4:${second} `);
  });

  it("is no template of a component that it doesn't belong to", async () => {
    const parent = declare.mailRecords("mail", { spfTemplate: "v=spf1 ip4:{one} ip4:{two} ?all" });
    const { zone } = setUp([parent, record("TXT", unknownFrom(one, two))]);
    expect(JSON.stringify(await text(zone))).not.toContain("?all");
  });

  it("is undetermined if it derives from no Elastic IP and stands alone", async () => {
    const { zone } = setUp([record("TXT", unknown)]);
    expect(await text(zone)).toBe("EUNDETERMINED");
  });

  it("is taken for another kind of text beside an SPF record", async () => {
    const { zone } = setUp([record("TXT", '"v=spf1 -all"'), record("TXT", unknown, { name: "EXAMPLE.com" })]);
    expect(await text(zone)).toEqual(["v=spf1 -all"]);
  });
});
