import { Secret, UnknownValueError } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { addToPlan, Plan, readPlan } from "../../policy/plan.ts";
import { isUnknown, type SeenResource } from "../../policy/property.ts";
import {
  agreeingStack,
  declare,
  knownFrom,
  resource,
  unknown,
  unknownFrom,
  unrelated,
} from "../helpers/planned-stack.ts";

const eip = declare.eip("mail-eip", { publicIp: unknown, allocationId: unknown }, { protect: true });

describe("the test's own stack", () => {
  it("throws Pulumi's error for an unknown property, and for one inside an object", () => {
    const record = declare.record("r", { content: unknownFrom(eip), data: { target: unknown } });
    expect(() => record.props.content as unknown).toThrow(UnknownValueError);
    expect(() => (record.props.data as { target: unknown }).target).toThrow(UnknownValueError);
  });
});

describe("readPlan", () => {
  it("finds what matters between unrelated resources, and nothing among them alone", () => {
    const plan = readPlan(agreeingStack({ hosts: ["a", "b"] }));
    expect([...plan.eips].map(({ name }) => name)).toEqual(["a-eip", "b-eip"]);
    expect([...plan.instances].map(({ name }) => name)).toEqual(["a", "b"]);
    expect(readPlan([...unrelated("x")]).eips.size).toBe(0);
  });

  it("turns an unknown into a value that names what it derives from", () => {
    const plan = readPlan([
      eip,
      declare.record("a", { type: "A", name: "x.example.com", content: unknownFrom(eip) }),
    ]);
    expect(plan.records[0]?.contents).toEqual([{ unknown: true, dependsOn: [eip.urn] }]);
  });

  it("reads properties one by one, so that an unknown one hides no other", () => {
    const plan = readPlan([
      declare.record("a", {
        type: "A",
        name: "x.example.com",
        content: unknown,
        zoneId: unknown,
        proxied: true,
      }),
    ]);
    expect(plan.records[0]).toMatchObject({ type: "A", recordName: "x.example.com", proxied: true });
  });

  it("keeps the known elements of a list with an unknown one", () => {
    const plan = readPlan([
      declare.route53Record("r", { type: "A", records: ["192.0.2.1", unknownFrom(eip)] }),
    ]);
    expect(plan.records[0]?.contents).toEqual(["192.0.2.1", { unknown: true, dependsOn: [eip.urn] }]);
  });

  it("reads the known tag beside an unknown one", () => {
    const [instance] = readPlan([
      declare.instance("i", { tags: { "mail:helo": "a.example.com", x: unknown } }),
    ]).instances;
    expect(instance?.tag("mail:helo")).toBe("a.example.com");
    expect(isUnknown(instance?.tag("x"))).toBe(true);
    expect(instance?.tag("mail:domain")).toBeUndefined();
  });

  it("takes a secret's value", () => {
    const secret = new Secret("secret.example.com");
    const plan = readPlan([declare.domainName("p", { domainName: secret })]);
    expect([...plan.eipDomainNames][0]?.domainName).toBe("secret.example.com");
  });

  const wrong: readonly (readonly [what: string, SeenResource, note: string])[] = [
    ["a number for a name", declare.record("r", { name: 7 }), "name of r is no string, so it is left out"],
    [
      "a string for a list",
      declare.route53Record("r", { records: "x" }),
      "records of r is no list, so it is left out",
    ],
    [
      "a number in a list",
      declare.route53Record("r", { records: [7] }),
      "records.0 of r is no string, so it is left out",
    ],
    [
      "a string for a flag",
      declare.record("r", { proxied: "yes" }),
      "proxied of r is no boolean, so it is left out",
    ],
    [
      "a string for an object",
      declare.record("r", { data: "x" }),
      "data of r is no object, so it is left out",
    ],
  ];
  it.each(wrong)("leaves %s out, with a note", (_, broken, note) => {
    const plan = readPlan([broken]);
    expect(plan.notes).toEqual([{ urn: broken.urn, text: note }]);
  });

  it("takes null and what is missing for absent, without a note", () => {
    const plan = readPlan([declare.record("r", { name: null, content: null })]);
    expect(plan.records[0]).toMatchObject({ recordName: undefined, contents: [] });
    expect(plan.notes).toEqual([]);
  });

  it("settles names once: lower case, no final dot", () => {
    const plan = readPlan([
      declare.record("r", { name: "OKMAIL.Example.COM.", type: "a" }),
      declare.domainName("p", { domainName: "Okmail.Example.com." }),
    ]);
    expect(plan.records[0]).toMatchObject({ recordName: "okmail.example.com", type: "A" });
    expect([...plan.eipDomainNames][0]?.domainName).toBe("okmail.example.com");
  });

  const addresses: readonly (readonly [what: string, props: Record<string, unknown>, expected: unknown])[] = [
    ["known once it is allocated", { publicIp: "192.0.2.1" }, "192.0.2.1"],
    [
      "known from the start if a certain one is asked for",
      { publicIp: unknown, address: "192.0.2.2" },
      "192.0.2.2",
    ],
    ["unknown until then, also if the provider shows nothing", {}, { unknown: true }],
    ["unknown for an empty output", { publicIp: "" }, { unknown: true }],
  ];
  it.each(addresses)("has an Elastic IP's address %s", (_, props, expected) => {
    const [read] = readPlan([declare.eip("e", props)]).eips;
    if (typeof expected === "string") expect(read?.publicIp).toBe(expected);
    else expect(read?.publicIp).toMatchObject(expected as object);
  });

  it("knows whether an Elastic IP is protected", () => {
    const plan = readPlan([eip, declare.eip("bare")]);
    expect([...plan.eips].map(({ protect }) => protect)).toEqual([true, false]);
  });

  it("reads a resource's inputs alone, without dependencies or parent", () => {
    const plan = new Plan();
    const inputs = {
      type: "cloudflare:index/dnsRecord:DnsRecord",
      name: "r",
      urn: "urn:r",
      props: { name: "x.example.com", type: "A", content: "192.0.2.1" },
    };
    expect(addToPlan(plan, { ...inputs, opts: { protect: false, parent: "urn:parent" } })).toBe(true);
    expect(plan.records[0]).toMatchObject({ contents: ["192.0.2.1"], ancestors: ["urn:parent"] });
    expect(addToPlan(plan, resource("aws:s3/bucket:Bucket", "b"))).toBe(false);
  });

  it("takes the types of other providers that merely end alike for nothing", () => {
    const plan = readPlan([resource("azure:ec2/eip:Eip", "e"), resource("aws:ec2/eip:EipX", "e")]);
    expect(plan.eips.size).toBe(0);
  });

  const mxForms: readonly (readonly [what: string, SeenResource])[] = [
    ["content and priority", declare.record("mx", { type: "MX", content: "a.example.com", priority: 10 })],
    ["data", declare.record("mx", { type: "MX", data: { target: "a.example.com", priority: 10 } })],
    ["the older value", declare.oldRecord("mx", { type: "MX", value: "a.example.com", priority: 10 })],
  ];
  it.each(mxForms)("reads a Cloudflare MX given by %s", (_, record) => {
    expect(readPlan([record]).records[0]).toMatchObject({ contents: ["a.example.com"], priority: 10 });
  });

  it("takes a proxied flag that nobody gave for Cloudflare's default, and one that derives from something for unknown", () => {
    const [computed, derived] = readPlan([
      declare.record("one", { proxied: unknown }),
      declare.record("two", { proxied: unknownFrom(eip) }),
    ]).records;
    expect(computed?.proxied).toBe(false);
    expect(isUnknown(derived?.proxied)).toBe(true);
  });
});

describe("a link to another resource", () => {
  const instance = declare.instance("host", { id: "i-1" });
  const other = declare.instance("other", { id: "i-2" });
  const follow = (instanceId: unknown) => {
    const plan = readPlan([...unrelated("a"), instance, other, declare.association("as", { instanceId })]);
    const [association] = plan.eipAssociations;
    return association === undefined ? undefined : plan.instances.follow(association.instance)?.name;
  };

  const links: readonly (readonly [what: string, id: unknown, found: string | undefined])[] = [
    ["leads by a known id", "i-2", "other"],
    ["leads by what an unknown id derives from", unknownFrom(instance), "host"],
    ["leads to the resource with the id, not to what it derives from", knownFrom("i-2", instance), "other"],
    ["leads nowhere from two resources of that kind", unknownFrom(instance, other), undefined],
    ["passes over what it derives from of another kind", unknownFrom(eip, other), "other"],
    ["leads nowhere by an id outside the plan", "i-3", undefined],
    [
      "leads nowhere by an id outside the plan, whatever it derives from",
      knownFrom("i-3", instance),
      undefined,
    ],
    ["leads nowhere if it is empty", "", undefined],
    ["leads nowhere if it is absent", undefined, undefined],
  ];
  it.each(links)("%s", (_, id, found) => {
    expect(follow(id)).toBe(found);
  });

  it("leads by dependency where the provider doesn't repeat the id among its outputs", () => {
    const bare = declare.instance("bare");
    const plan = readPlan([bare, declare.association("as", { instanceId: knownFrom("i-9", bare) })]);
    const [association] = plan.eipAssociations;
    expect(association && plan.instances.follow(association.instance)?.name).toBe("bare");
  });
});
