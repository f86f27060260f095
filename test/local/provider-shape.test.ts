import { describe, expect, test } from "vitest";
import { checkShape, describeFault, nearest } from "../../local/provider/check-shape.ts";
import { differences, sameDnsName, sameElements, sameJsonText } from "../../local/provider/compare.ts";
import type { ObjectShape } from "../../local/provider/shape.ts";
import { formatPlace } from "../../local/provider/shape.ts";
import { UNKNOWN } from "../../local/provider/values.ts";
import type { Properties } from "../../local/provider/values.ts";

const SHAPE: ObjectShape = {
  allocationId: "string",
  "size?": "number",
  "isFast?": "boolean",
  "tags?": { "*": "string" },
  "groups?": ["string"],
  "disk?": { "size?": "number", type: "string" },
  "disks?": [{ "size?": "number", "type?": "string" }],
  "free?": "any",
};

const FORMATS = {
  size: (value: number) => (value > 10 ? "is too big" : undefined),
  "tags.*": (value: string) => (value === "" ? "is empty" : undefined),
  "disks[].type": (value: string) => (value === "gp3" ? undefined : `is no disk: ${value}`),
};

const good: Properties = { allocationId: "a" };

const reasons = (inputs: Properties): string[] =>
  checkShape(inputs, SHAPE, FORMATS).map((fault) => describeFault(fault, "mail"));

describe("inputs", () => {
  test.each<[string, Properties]>([
    ["the required ones only", good],
    [
      "all of them",
      {
        ...good,
        size: 1,
        isFast: false,
        tags: { "a:b": "c" },
        groups: [],
        disk: { type: "x" },
        disks: [{}],
        free: [1],
      },
    ],
    [
      "unknown ones",
      { allocationId: UNKNOWN, size: UNKNOWN, tags: { a: UNKNOWN }, groups: [UNKNOWN], disk: UNKNOWN },
    ],
  ])("are fine with %s", (_, inputs) => {
    expect(reasons(inputs)).toEqual([]);
  });

  test.each<[string, Properties, string[]]>([
    ["missing", {}, ["Missing required property 'allocationId'. Examine values at 'mail.allocationId'."]],
    [
      "misspelt",
      { ...good, sise: 1 },
      ["Invalid or unknown key. Did you mean 'size'? Examine values at 'mail.sise'."],
    ],
    [
      "in another spelling",
      { allocation_id: "a", ...good },
      ["Invalid or unknown key. Did you mean 'allocationId'? Examine values at 'mail.allocation_id'."],
    ],
    [
      "like nothing there is",
      { ...good, zzzzzz: 1 },
      ["Invalid or unknown key. Examine values at 'mail.zzzzzz'."],
    ],
    [
      "of the wrong type",
      { allocationId: 5 },
      ["expected string type, got number type. Examine values at 'mail.allocationId'."],
    ],
    [
      "a text for a list",
      { ...good, groups: "a" },
      ["expected array type, got string type. Examine values at 'mail.groups'."],
    ],
    [
      "a list for an object",
      { ...good, disk: [] },
      ["expected object type, got array type. Examine values at 'mail.disk'."],
    ],
    [
      "of the wrong type deep within",
      { ...good, disks: [{}, { size: "1" }], tags: { "a:b": 5 } },
      [
        "expected number type, got string type. Examine values at 'mail.disks[1].size'.",
        `expected string type, got number type. Examine values at 'mail.tags["a:b"]'.`,
      ],
    ],
    [
      "missing within",
      { ...good, disk: {} },
      ["Missing required property 'type'. Examine values at 'mail.disk.type'."],
    ],
    ["in the wrong format", { ...good, size: 11 }, ["is too big. Examine values at 'mail.size'."]],
    [
      "in the wrong format deep within",
      { ...good, disks: [{ type: "gp3" }, { type: "floppy" }], tags: { Name: "" } },
      [
        "is no disk: floppy. Examine values at 'mail.disks[1].type'.",
        "is empty. Examine values at 'mail.tags.Name'.",
      ],
    ],
    [
      "wrong in several ways, all at once",
      { size: "1", colour: "red" },
      [
        "Missing required property 'allocationId'. Examine values at 'mail.allocationId'.",
        "expected number type, got string type. Examine values at 'mail.size'.",
        "Invalid or unknown key. Examine values at 'mail.colour'.",
      ],
    ],
  ])("are refused when %s", (_, inputs, expected) => {
    expect(reasons(inputs)).toEqual(expected);
  });
});

test.each([
  ["instancetype", "instanceType"],
  ["instance_type", "instanceType"],
  ["amii", "ami"],
  ["userdata", "userData"],
  ["publicIp", undefined],
])("the name meant by %s is %s", (word, meant) => {
  expect(nearest(word, ["ami", "instanceType", "userData"])).toBe(meant);
});

describe("a change of inputs", () => {
  const diff = (before: Properties, after: Properties): Record<string, string> =>
    Object.fromEntries(
      differences(before, after, SHAPE, { groups: sameElements }).map(({ place, kind }) => [
        formatPlace(place),
        kind,
      ]),
    );

  test.each<[string, Properties, Properties, Record<string, string>]>([
    ["nothing", { ...good, tags: { a: "b" } }, { ...good, tags: { a: "b" } }, {}],
    ["a value", { size: 1 }, { size: 2 }, { size: "update" }],
    ["a value more", {}, { size: 2 }, { size: "add" }],
    ["a value less", { size: 2 }, {}, { size: "delete" }],
    ["a value not known yet", { size: 2 }, { size: UNKNOWN }, { size: "update" }],
    [
      "a tag",
      { tags: { a: "b", c: "d" } },
      { tags: { a: "x", "e.f": "g" } },
      { "tags.a": "update", "tags.c": "delete", 'tags["e.f"]': "add" },
    ],
    ["the first tag", {}, { tags: { a: "b" } }, { tags: "add" }],
    [
      "a list",
      { disks: [{ size: 1 }] },
      { disks: [{ size: 2 }, {}] },
      { "disks[0].size": "update", "disks[1]": "add" },
    ],
    ["a block more", {}, { disk: { size: 1, type: "a" } }, { "disk.size": "add", "disk.type": "add" }],
    ["an empty block more", {}, { disk: {} }, { disk: "add" }],
    ["the order of what has none", { groups: ["a", "b"] }, { groups: ["b", "a"] }, {}],
    [
      "an element of what has no order",
      { groups: ["a", "b"] },
      { groups: ["b", "c"] },
      { "groups[0]": "update", "groups[1]": "update" },
    ],
    ["a type", { free: [1] }, { free: { a: 1 } }, { free: "update" }],
  ])("is seen: %s", (_, before, after, expected) => {
    expect(diff(before, after)).toEqual(expected);
  });
});

test.each([
  ["the same elements", sameElements, ["a", { b: 1 }], [{ b: 1 }, "a"], true],
  ["an element twice", sameElements, ["a", "a", "b"], ["a", "b", "b"], false],
  ["JSON with other blanks and order", sameJsonText, '{"a":1,"b":[1,2]}', '{ "b": [1, 2], "a": 1 }', true],
  ["JSON with another order of a list", sameJsonText, "[1,2]", "[2,1]", false],
  ["no JSON", sameJsonText, "{", "{", false],
  ["names with case and dot", sameDnsName, "Mail.Example.com.", "mail.example.com", true],
  ["other names", sameDnsName, "mail.example.com", "mail.example.org", false],
] as const)("%s: %o", (_, same, before, after, expected) => {
  expect(same(before, after)).toBe(expected);
});
