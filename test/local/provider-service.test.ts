import { promisify } from "node:util";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { faultOf } from "../../local/provider/check-shape.ts";
import type { ProviderDefinition } from "../../local/provider/definition.ts";
import { debugProviders } from "../../local/provider/serve.ts";
import { storedResource } from "../../local/provider/stored-resource.ts";
import { UNKNOWN } from "../../local/provider/values.ts";
import type { Properties } from "../../local/provider/values.ts";
import { CloudStore } from "../../local/store.ts";
import { ProviderClient, urn } from "./provider-client.ts";
import type { DiffAnswer } from "./provider-client.ts";
import { temporaryFolder } from "./store-folder.ts";

const THING = "test:index:Thing";

let store: CloudStore;
let client: ProviderClient;

/** A provider with one resource type that uses every trait. */
function testProvider(latency = 0): ProviderDefinition {
  return {
    name: "test",
    version: "1.2.3",
    latency,
    config: { "region?": "string", "retries?": "number", "tags?": { "*": "string" } },
    checkConfig: ({ region }) => (region === "moon" ? [{ property: "region", reason: "is too far" }] : []),
    functions: [
      {
        token: "test:index:double",
        schema: { inputs: { number: "number" }, outputs: { result: "number" } },
        call: ({ number }) => ({ result: Number(number) * 2 }),
      },
    ],
    resources: [
      storedResource<{ size: number; password?: string }, number>(store, {
        type: THING,
        schema: {
          inputs: {
            "name?": "string",
            size: "number",
            "password?": "string",
            "zone?": "string",
            "note?": "string",
          },
          outputs: {
            address: "string",
            double: "number",
            name: "string",
            "note?": "string",
            "password?": "string",
            passwordEcho: "string",
            size: "number",
            token: "string",
            version: "number",
            "zone?": "string",
          },
        },
        defaults: { zone: "a" },
        autoname: { property: "name", maxLength: 20 },
        forcesNew: ["zone", "name"],
        replacedBy: (differences, { note }) => (note === "replace me" ? differences : []),
        formats: { size: (size: number) => (size > 100 ? "is too big" : undefined) },
        check: ({ size, note }) => (size === 13 && note === "unlucky" ? [faultOf("note", "is unlucky")] : []),
        secretOutputs: ["token"],
        echoes: { passwordEcho: "password" },
        derive: ({ size }) => ({ double: typeof size === "number" ? size * 2 : UNKNOWN }),
        recomputes: (changed) => (changed.has("size") ? ["version"] : []),
        prepare: ({ size }) => Promise.resolve(size + 1),
        create: (cloud, { size, password = "" }, { name }, prepared) => {
          cloud.setFact("prepared", prepared);
          if (size === 99) throw new Error("The quota of things is reached");
          return {
            id: `thing-${name}`,
            outputs: { address: "192.0.2.1", token: "t", version: 1, passwordEcho: password, hidden: "x" },
          };
        },
        update: (_, { outputs }, { size }, prepared) => {
          if (size === 99) throw new Error("The quota of things is reached");
          return { version: Number(outputs.version) + 1, prepared };
        },
        delete: (_, { id }) => {
          if (id === "thing-stuck") throw new Error("The thing is in use");
        },
      }),
    ],
  };
}

beforeEach(async () => {
  store = CloudStore.open(temporaryFolder());
  client = await ProviderClient.start(testProvider());
});
afterEach(async () => {
  await client.close();
  store.close();
});

test("the version is the SDK's", async () => {
  expect(await client.version()).toBe("1.2.3");
});

test("the engine is told how to attach", () => {
  const close = (): Promise<void> => Promise.resolve();
  expect(
    debugProviders([
      { name: "aws", port: 1, close },
      { name: "tls", port: 2, close },
    ]),
  ).toBe("aws:1,tls:2");
});

test("secrets are accepted, resources and outputs are not, names may be made up to order", async () => {
  const send = promisify<rpc.ProviderHandshakeRequest, rpc.ProviderHandshakeResponse>(
    client.raw.handshake.bind(client.raw),
  );
  const answer = await send(new rpc.ProviderHandshakeRequest());
  expect(answer.toObject()).toMatchObject({
    acceptSecrets: true,
    acceptResources: false,
    acceptOutputs: false,
    supportsAutonamingConfiguration: true,
  });
});

describe("Check", () => {
  test("adds defaults and a name, and keeps the name", async () => {
    const first = await client.check(THING, "mail", { size: 1 });
    expect(first).toMatchObject({ failures: [], inputs: { size: 1, zone: "a" } });
    expect(first.inputs.name).toMatch(/^mail-[0-9a-f]{7}$/);
    const again = await client.check(THING, "mail", { size: 2 }, { before: first.inputs, seed: "other" });
    expect(again.inputs.name).toBe(first.inputs.name);
    const other = await client.check(THING, "mail", { size: 2 }, { seed: "other" });
    expect(other.inputs.name).not.toBe(first.inputs.name);
  });

  test("shortens a made-up name, and makes none where there is one", async () => {
    const long = await client.check(THING, "a-name-that-is-far-too-long", { size: 1 });
    expect(long.inputs.name).toMatch(/^a-name-that-[0-9a-f-]{8}$/);
    expect((await client.check(THING, "mail", { size: 1, name: "x" })).inputs.name).toBe("x");
  });

  test.each([
    ["propose", "mail-stack-42", "mail-stack-42"],
    ["enforce", "exactly this", "exactly this"],
    ["disable", "", undefined],
  ] as const)("obeys the engine's order to %s a name", async (mode, proposed, expected) => {
    const { AutonamingOptions } = rpc.CheckRequest;
    const modes = {
      propose: AutonamingOptions.Mode.PROPOSE,
      enforce: AutonamingOptions.Mode.ENFORCE,
      disable: AutonamingOptions.Mode.DISABLE,
    };
    const request = new rpc.CheckRequest()
      .setUrn(urn(THING, "mail"))
      .setAutonaming(new AutonamingOptions().setMode(modes[mode]).setProposedName(proposed));
    const send = promisify<rpc.CheckRequest, rpc.CheckResponse>(client.raw.check.bind(client.raw));
    expect((await send(request)).getInputs()?.toJavaScript().name).toBe(expected);
  });

  test("tells all failures at once, by property", async () => {
    const { failures } = await client.check(THING, "mail", { zone: 5, size: 101, sise: 1 });
    expect(failures.toSorted()).toEqual([
      ["sise", "Invalid or unknown key. Did you mean 'size'? Examine values at 'mail.sise'."],
      ["size", "is too big. Examine values at 'mail.size'."],
      ["zone", "expected string type, got number type. Examine values at 'mail.zone'."],
    ]);
  });

  test("judges inputs together only when each is fine", async () => {
    expect((await client.check(THING, "mail", { size: 13, note: "unlucky" })).failures).toEqual([
      ["note", "is unlucky. Examine values at 'mail.note'."],
    ]);
    expect((await client.check(THING, "mail", { size: UNKNOWN, note: "unlucky" })).failures).toEqual([]);
  });

  test("doesn't name the property of a secret or a long value, which the engine would print", async () => {
    const { failures } = await client.check(
      THING,
      "mail",
      { size: 1, password: 5, note: 5 },
      { secrets: ["password"] },
    );
    expect(failures.map(([property]) => property).sort()).toEqual(["", "note"]);
    const long = await client.check(THING, "mail", { size: 1, zone: ["x".repeat(200)] });
    expect(long.failures.map(([property]) => property)).toEqual([""]);
  });

  test("keeps secrets secret and the unknown unknown", async () => {
    const checked = await client.check(
      THING,
      "mail",
      { size: UNKNOWN, password: "p" },
      { secrets: ["password"] },
    );
    expect(checked.inputs).toMatchObject({ size: UNKNOWN, password: "p" });
    expect(checked.secrets).toEqual(["password"]);
  });
});

describe("a preview", () => {
  test("of a creation knows the inputs and what follows from them, and changes nothing", async () => {
    const { id, outputs, secrets } = await client.create(
      THING,
      "mail",
      { size: 4, zone: "a", password: "p" },
      { preview: true, secrets: ["password"] },
    );
    expect(id).toBe("");
    expect(outputs).toEqual({
      address: UNKNOWN,
      double: 8,
      name: UNKNOWN,
      password: "p",
      passwordEcho: UNKNOWN,
      size: 4,
      token: UNKNOWN,
      version: UNKNOWN,
      zone: "a",
    });
    expect([...secrets].sort()).toEqual(["password", "passwordEcho", "token"]);
    expect(store.all()).toEqual([]);
  });

  test("of a creation from unknown inputs passes them on", async () => {
    const { outputs } = await client.create(
      THING,
      "mail",
      { size: UNKNOWN, note: UNKNOWN },
      { preview: true },
    );
    expect(outputs).toMatchObject({ size: UNKNOWN, double: UNKNOWN, note: UNKNOWN });
  });

  test("of an update knows what stays, and changes nothing", async () => {
    const state = await client.up(THING, "mail", { size: 4, note: "x" });
    const { outputs } = await client.update(state, { size: 5, zone: "a", name: UNKNOWN }, { preview: true });
    expect(outputs).toMatchObject({
      address: "192.0.2.1",
      double: 10,
      size: 5,
      version: UNKNOWN,
      name: UNKNOWN,
    });
    expect(outputs).not.toHaveProperty("note");
    expect(store.find(THING, state.id)?.inputs.size).toBe(4);
  });
});

describe("a resource", () => {
  test("is created, recorded with its URN, and answered with all its outputs but hidden facts", async () => {
    const state = await client.up(THING, "mail", { size: 4, password: "p" }, { secrets: ["password"] });
    expect(state.id).toBe("thing-mail");
    expect(state.outputs).toMatchObject({
      address: "192.0.2.1",
      double: 8,
      password: "p",
      size: 4,
      token: "t",
      version: 1,
    });
    expect(state.outputs).not.toHaveProperty("hidden");
    const [record] = store.findByUrn(urn(THING, "mail"));
    expect(record).toMatchObject({ id: "thing-mail", inputs: { size: 4 }, outputs: { hidden: "x" } });
    expect([...(record?.secrets ?? [])].sort()).toEqual(["password", "passwordEcho", "token"]);
    expect(store.fact("prepared")).toBe(5);
  });

  test("that is refused leaves nothing, and the engine gets the reason", async () => {
    await expect(client.up(THING, "mail", { size: 99 })).rejects.toThrow("The quota of things is reached");
    expect(store.all()).toEqual([]);
    expect(store.fact("prepared")).toBeUndefined();
  });

  test("is updated", async () => {
    const state = await client.up(THING, "mail", { size: 4, note: "x" });
    const changed = await client.change(state, { size: 5 });
    expect(changed.outputs).toMatchObject({ address: "192.0.2.1", double: 10, size: 5, version: 2 });
    expect(changed.outputs).not.toHaveProperty("note");
    expect(store.find(THING, state.id)).toMatchObject({ inputs: { size: 5 }, outputs: { prepared: 6 } });
    await expect(client.change(changed, { size: 99 })).rejects.toThrow("quota");
    expect(store.find(THING, state.id)?.inputs.size).toBe(5);
  });

  test("is read with the inputs that would give it", async () => {
    const state = await client.up(THING, "mail", { size: 4 });
    expect(await client.refresh(state)).toEqual(state);
    store.transact((cloud) => cloud.change(THING, state.id, { inputs: { ...state.inputs, size: 7 } }));
    expect(await client.refresh(state)).toMatchObject({
      inputs: { size: 7 },
      outputs: { size: 7, double: 14 },
    });
  });

  test("is imported by its id, its secrets as secrets", async () => {
    const state = await client.up(THING, "mail", { size: 4, password: "p" }, { secrets: ["password"] });
    expect(await client.import(THING, "other", state.id)).toEqual({ ...state, name: "other" });
    const request = new rpc.ReadRequest().setId(state.id).setUrn(urn(THING, "mail"));
    const answer = await promisify<rpc.ReadRequest, rpc.ReadResponse>(client.raw.read.bind(client.raw))(
      request,
    );
    expect(JSON.stringify(answer.getInputs()?.toJavaScript().password)).toContain(
      "1b47061264138c4ac30d75fd1eb44270",
    );
  });

  test("that is gone is read as gone, deleted without complaint, and not updated", async () => {
    const state = await client.up(THING, "mail", { size: 4 });
    await client.delete(state);
    expect(store.all()).toEqual([]);
    expect(await client.refresh(state)).toBeUndefined();
    await client.delete(state);
    await expect(client.update(state, { size: 5 })).rejects.toThrow("pulumi refresh");
  });

  test("that can't be deleted stays", async () => {
    const state = await client.up(THING, "stuck", { size: 4 });
    await expect(client.delete(state)).rejects.toThrow("The thing is in use");
    expect(store.find(THING, state.id)).toBeDefined();
  });
});

describe("Diff", () => {
  test.each<[string, Properties, DiffAnswer]>([
    [
      "nothing",
      { size: 4, zone: "a" },
      { changes: false, replaces: [], deleteBeforeReplace: false, details: {} },
    ],
    [
      "an update",
      { size: 5, zone: "a" },
      { changes: true, replaces: [], deleteBeforeReplace: false, details: { size: "update" } },
    ],
    [
      "a replacement",
      { size: 5, zone: "b" },
      {
        changes: true,
        replaces: ["zone"],
        deleteBeforeReplace: false,
        details: { size: "update", zone: "update-replace" },
      },
    ],
    [
      "a replacement that depends",
      { size: 5, zone: "a", note: "replace me" },
      {
        changes: true,
        replaces: ["size", "note"],
        deleteBeforeReplace: false,
        details: { size: "update-replace", note: "add-replace" },
      },
    ],
    [
      "an unknown that may replace",
      { size: 4, zone: UNKNOWN },
      { changes: true, replaces: ["zone"], deleteBeforeReplace: false, details: { zone: "update-replace" } },
    ],
  ])("says %s", async (_, inputs, expected) => {
    const state = {
      type: THING,
      name: "mail",
      id: "thing-mail",
      inputs: { size: 4, zone: "a" },
      outputs: {},
    };
    expect(await client.diff(state, inputs)).toEqual(expected);
  });

  test("leaves out what is to be ignored", async () => {
    const state = {
      type: THING,
      name: "mail",
      id: "thing-mail",
      inputs: { size: 4, zone: "a" },
      outputs: {},
    };
    expect(await client.diff(state, { size: 5, zone: "b" }, ["zone"])).toMatchObject({
      details: { size: "update" },
      replaces: [],
    });
  });

  test.each([
    ["a name that the program gives: the old one must go first", "mail", true],
    ["a name that was made up: the new one gets another", "mail-0123abc", false],
  ])("of a replacement with %s", async (_, name, expected) => {
    const state = {
      type: THING,
      name: "mail",
      id: "thing-mail",
      inputs: { size: 4, zone: "a", name },
      outputs: {},
    };
    expect((await client.diff(state, { size: 4, zone: "b", name })).deleteBeforeReplace).toBe(expected);
    expect((await client.diff(state, { size: 5, zone: "a", name })).deleteBeforeReplace).toBe(false);
  });
});

describe("functions", () => {
  test("are called", async () => {
    expect(await client.invoke("test:index:double", { number: 4 })).toEqual({ result: 8 });
  });

  test.each<[string, string, Parameters<ProviderClient["invoke"]>[1], string]>([
    ["that don't exist", "test:index:triple", {}, "no function test:index:triple. It has: test:index:double"],
    ["with a missing argument", "test:index:double", {}, "number: Missing required property 'number'"],
    ["with a wrong argument", "test:index:double", { number: "4" }, "number: expected number type"],
    ["with an unknown argument", "test:index:double", { number: UNKNOWN }, "isn't known yet"],
  ])("%s are refused", async (_, token, args, message) => {
    await expect(client.invoke(token, args)).rejects.toThrow(message);
  });
});

test("a resource type that doesn't exist is refused by name, with those that do", async () => {
  await expect(client.check("test:index:Nothing", "x", {})).rejects.toThrow(
    "The local cloud has no resource type test:index:Nothing. It has: test:index:Thing",
  );
  await expect(client.create("test:index:Nothing", "x", {})).rejects.toThrow("no resource type");
});

describe("the provider's settings", () => {
  test.each<[string, Properties, string[][]]>([
    ["none", {}, []],
    [
      "good ones, as the engine writes them",
      { region: "earth", retries: "3", tags: '{"a":"b"}', version: "1.2.3" },
      [],
    ],
    ["an unknown one", { region: UNKNOWN }, []],
    [
      "one that there isn't",
      { regio: "earth" },
      [["regio", "regio: Invalid or unknown key. Did you mean 'region'?"]],
    ],
    [
      "one of the wrong type",
      { retries: "many" },
      [["retries", "retries: expected number type, got string type"]],
    ],
    ["a wrong one", { region: "moon" }, [["region", "is too far"]]],
  ])("are checked: %s", async (_, settings, expected) => {
    expect(await client.checkConfig(settings)).toEqual(expected);
  });
});

test.each(["parameterize", "call", "construct", "getMapping", "getMappings", "diffConfig"] as const)(
  "%s isn't served",
  async (method) => {
    const requests = {
      parameterize: new rpc.ParameterizeRequest(),
      call: new rpc.CallRequest(),
      construct: new rpc.ConstructRequest(),
      getMapping: new rpc.GetMappingRequest(),
      getMappings: new rpc.GetMappingsRequest(),
      diffConfig: new rpc.DiffRequest(),
    };
    const send = promisify(client.raw[method].bind(client.raw)) as (request: unknown) => Promise<unknown>;
    await expect(send(requests[method])).rejects.toMatchObject({ code: 12 });
  },
);

describe("with a latency", () => {
  test("a change takes its time, and a cancelled one is never made", async () => {
    const slow = await ProviderClient.start(testProvider(150));
    const start = performance.now();
    await slow.up(THING, "mail", { size: 1 });
    expect(performance.now() - start).toBeGreaterThan(140);
    const cancelled = slow.up(THING, "other", { size: 1 });
    const refused = expect(cancelled).rejects.toThrow("Cancelled before anything was changed");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await slow.cancel();
    await refused;
    expect(store.all().map(({ id }) => id)).toEqual(["thing-mail"]);
    await slow.up(THING, "third", { size: 1 });
    await slow.close();
  });
});
