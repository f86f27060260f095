import sdk from "@pulumi/pulumi/runtime/rpc.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UNKNOWN, containsUnknown, known, unknowns, unwrap, wrap } from "../../local/provider/values.ts";
import type { Properties } from "../../local/provider/values.ts";

/** Properties as the engine sends them. */
const struct = (value: object): structs.Struct =>
  structs.Struct.fromJavaScript(value as Record<string, JavaScriptValue>);

const secret = (value: unknown): object => ({ [sdk.specialSigKey]: sdk.specialSecretSig, value });
const output = (more: object): object => ({ [sdk.specialSigKey]: sdk.specialOutputValueSig, ...more });
const resource = (more: object): object => ({ [sdk.specialSigKey]: sdk.specialResourceSig, ...more });

describe("properties from the wire", () => {
  test.each<[string, object, Properties, string[]]>([
    [
      "plain values",
      { a: 1, b: "x", c: true, d: [1, { e: "f" }] },
      { a: 1, b: "x", c: true, d: [1, { e: "f" }] },
      [],
    ],
    ["absent values", { a: null, b: { c: null, d: 1 } }, { b: { d: 1 } }, []],
    ["unknown values", { a: sdk.unknownValue, b: [sdk.unknownValue] }, { a: UNKNOWN, b: [UNKNOWN] }, []],
    ["unknown lists", { a: "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2" }, { a: UNKNOWN }, []],
    ["secrets", { a: secret("x"), b: "y" }, { a: "x", b: "y" }, ["a"]],
    ["secrets within", { a: { b: [secret("x")] } }, { a: { b: ["x"] } }, ["a"]],
    ["unknown secrets", { a: secret(sdk.unknownValue) }, { a: UNKNOWN }, ["a"]],
    ["known outputs", { a: output({ value: 5 }) }, { a: 5 }, []],
    ["unknown secret outputs", { a: output({ secret: true }) }, { a: UNKNOWN }, ["a"]],
    ["references to resources", { a: resource({ urn: "urn:x", id: "i-1" }) }, { a: "i-1" }, []],
    ["references to resources to come", { a: resource({ urn: "urn:x", id: "" }) }, { a: UNKNOWN }, []],
    ["references to components", { a: resource({ urn: "urn:x" }) }, { a: "urn:x" }, []],
  ])("may be %s", (_, wire, properties, secrets) => {
    const unwrapped = unwrap(struct(wire));
    expect(unwrapped.properties).toEqual(properties);
    expect([...unwrapped.secrets]).toEqual(secrets);
  });

  test("may be missing altogether", () => {
    expect(unwrap(undefined).properties).toEqual({});
  });
});

test("properties for the wire are what the SDK reads: secrets as secrets, the unknown as unknown", () => {
  const wire = wrap({ a: "x", b: UNKNOWN, c: { d: [UNKNOWN, 1] } }, ["a"]);
  expect(wire.toJavaScript()).toEqual({
    a: { [sdk.specialSigKey]: sdk.specialSecretSig, value: "x" },
    b: sdk.unknownValue,
    c: { d: [sdk.unknownValue, 1] },
  });
});

test("any known properties survive the way over the wire, null apart", () => {
  // google-protobuf loses what is called __proto__.
  const value = fc.jsonValue().filter((json) => !/null|__proto__/.test(JSON.stringify(json)));
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((name) => name !== "__proto__"),
        value,
      ),
      fc.boolean(),
      (json, isSecret) => {
        const properties = json as Properties;
        const secrets = isSecret ? Object.keys(properties) : [];
        const back = unwrap(wrap(properties, secrets));
        // JSON has no -0.
        expect(JSON.parse(JSON.stringify(back.properties))).toEqual(JSON.parse(JSON.stringify(properties)));
        expect([...back.secrets].sort()).toEqual([...secrets].sort());
      },
    ),
  );
});

test("what is unknown somewhere within isn't known", () => {
  expect(containsUnknown({ a: [{ b: UNKNOWN }] })).toBe(true);
  expect(containsUnknown({ a: [{ b: "" }] })).toBe(false);
  expect(() => known({ a: 1, b: [UNKNOWN], c: UNKNOWN })).toThrow("b, c");
  expect(known({ a: 1 })).toEqual({ a: 1 });
  expect(unknowns(["a"])).toEqual({ a: UNKNOWN });
});
