import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CloudStore, CorruptStateError, STORE_FILES } from "../../local/store.ts";
import type { JsonObject, NewRecord, StoreChange } from "../../local/store.ts";
import { temporaryFolder } from "./store-folder.ts";

const record = (id: string, more: Partial<NewRecord> = {}): NewRecord => ({
  type: "test:index:Thing",
  id,
  urn: `urn:pulumi:local::okmail::test:index:Thing::${id}`,
  inputs: { size: 1 },
  outputs: {},
  ...more,
});

const insert = (store: CloudStore, ...records: NewRecord[]): void =>
  store.transact((cloud) => {
    for (const one of records) cloud.insert(one);
  });

const stateText = (folder: string): string => readFileSync(join(folder, STORE_FILES.state), "utf8");

/** Closes the store and reads everything anew from the disk. */
function reopened(folder: string, store: CloudStore): CloudStore {
  store.close();
  return CloudStore.open(folder);
}

describe("a change", () => {
  test("is on the disk before the call returns", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    insert(store, record("a"));
    expect(JSON.parse(stateText(folder))).toMatchObject({ version: 1, serial: 1, records: [{ id: "a" }] });
    store.close();
  });

  test("is there after the store was opened again, in the order of creation", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    insert(store, record("b"), record("a", { name: "first", createdAt: "2026-01-01T00:00:00.000Z" }));
    store.transact((cloud) => cloud.change("test:index:Thing", "b", { outputs: { address: "192.0.2.10" } }));
    store.transact((cloud) => cloud.setFact("released", ["192.0.2.11"]));
    const before = store.all();
    const again = reopened(folder, store);
    expect(again.all()).toEqual(before);
    expect(again.all().map(({ id }) => id)).toEqual(["b", "a"]);
    expect(again.find("test:index:Thing", "b")?.outputs).toEqual({ address: "192.0.2.10" });
    expect(again.fact("released")).toEqual(["192.0.2.11"]);
    expect(again.serial).toBe(3);
    again.close();
  });

  test("is undone as a whole when the transaction throws", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    insert(store, record("a"));
    const text = stateText(folder);
    expect(() =>
      store.transact((cloud) => {
        cloud.remove("test:index:Thing", "a");
        cloud.insert(record("b"));
        cloud.setFact("key", 1);
        throw new Error("quota");
      }),
    ).toThrow("quota");
    expect(store.all().map(({ id }) => id)).toEqual(["a"]);
    expect(store.fact("key")).toBeUndefined();
    expect(stateText(folder)).toBe(text);
    store.close();
  });

  test("is undone when the disk refuses it", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    insert(store, record("a"));
    // A folder where the draft of the next state belongs.
    const draft = join(folder, `${STORE_FILES.state}.new`);
    mkdirSync(draft);
    expect(() => insert(store, record("b"))).toThrow("EISDIR");
    expect(store.all().map(({ id }) => id)).toEqual(["a"]);
    rmdirSync(draft);
    insert(store, record("c"));
    expect(store.all().map(({ id }) => id)).toEqual(["a", "c"]);
    store.close();
  });

  test("that changes nothing writes nothing", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    expect(store.transact((cloud) => cloud.list("test:index:Thing").length)).toBe(0);
    expect(existsSync(join(folder, STORE_FILES.state))).toBe(false);
    expect(store.serial).toBe(0);
    store.close();
  });

  test("shows within its own transaction", () => {
    const store = CloudStore.open(temporaryFolder());
    const seen = store.transact((cloud) => {
      cloud.insert(record("a"));
      return [cloud.list("test:index:Thing").length, store.list("test:index:Thing").length];
    });
    expect(seen).toEqual([1, 0]);
    store.close();
  });

  test.each([
    [
      "a second record of one type and id",
      (store: CloudStore) => insert(store, record("a"), record("a")),
      /already/,
    ],
    [
      "a change of what doesn't exist",
      (store: CloudStore) => store.transact((cloud) => cloud.change("test:index:Thing", "z", {})),
      /no test:index:Thing with the id z/,
    ],
    [
      "a transaction within a transaction",
      (store: CloudStore) => store.transact(() => insert(store, record("a"))),
      /under way/,
    ],
    [
      "a transaction that goes on after it returned",
      (store: CloudStore) => store.transact(() => Promise.resolve()),
      /synchronous/,
    ],
  ])("refuses %s, and leaves everything as it was", (_, act, message) => {
    const store = CloudStore.open(temporaryFolder());
    expect(() => act(store)).toThrow(message);
    expect(store.all()).toEqual([]);
    insert(store, record("after"));
    expect(store.all()).toHaveLength(1);
    store.close();
  });
});

test("removing what is gone already is no change", () => {
  const store = CloudStore.open(temporaryFolder());
  store.transact((cloud) => cloud.remove("test:index:Thing", "a"));
  expect(store.serial).toBe(0);
  store.close();
});

test("a record can't be changed behind the store's back", () => {
  const store = CloudStore.open(temporaryFolder());
  const inputs = { tags: { Name: "a" } };
  insert(store, record("a", { inputs }));
  inputs.tags.Name = "b";
  const kept = store.find("test:index:Thing", "a");
  expect(kept?.inputs).toEqual({ tags: { Name: "a" } });
  expect(() => Object.assign((kept?.inputs as { tags: object }).tags, { Name: "c" })).toThrow(TypeError);
  store.close();
});

test("resources are found by the URN of the request that created them, the replaced one first", () => {
  const store = CloudStore.open(temporaryFolder());
  const urn = "urn:pulumi:local::okmail::test:index:Thing::mail";
  insert(store, record("old", { urn }), record("other"), record("new", { urn }));
  expect(store.findByUrn(urn).map(({ id }) => id)).toEqual(["old", "new"]);
  expect(store.findByUrn("urn:pulumi:local::okmail::test:index:Thing::nothing")).toEqual([]);
  store.close();
});

describe("secrets", () => {
  const secret = "-----BEGIN PRIVATE KEY-----";

  test("are in clear in memory and nowhere in the folder, also after reopening", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    insert(
      store,
      record("a", {
        inputs: { value: secret, kind: "SecureString" },
        outputs: { value: secret },
        secrets: ["value"],
      }),
    );
    for (const file of readdirSync(folder))
      expect(readFileSync(join(folder, file), "utf8")).not.toContain("BEGIN");
    expect(stateText(folder)).toContain("SecureString");
    const again = reopened(folder, store);
    expect(again.find("test:index:Thing", "a")).toMatchObject({
      inputs: { value: secret },
      outputs: { value: secret },
    });
    again.close();
  });

  test("look different each time they are written", () => {
    const store = CloudStore.open(temporaryFolder());
    expect(store.seal(secret)).not.toBe(store.seal(secret));
    store.close();
  });

  test("can't be read with another key: the error names the file and the way out", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    insert(store, record("a", { inputs: { value: secret }, secrets: ["value"] }));
    store.close();
    writeFileSync(join(folder, STORE_FILES.key), Buffer.alloc(32).toString("base64"));
    expect(() => CloudStore.open(folder)).toThrow(CorruptStateError);
    expect(() => CloudStore.open(folder)).toThrow(/cloud\.json .*npm run local:destroy/);
  });

  test("that aren't secrets stay as they are, whatever they look like", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    const inputs: JsonObject = { tags: { $sealed: "no such thing" } };
    insert(store, record("a", { inputs }));
    const again = reopened(folder, store);
    expect(again.find("test:index:Thing", "a")?.inputs).toEqual(inputs);
    again.close();
  });
});

test("only the owner can read the folder and its files", () => {
  const folder = join(temporaryFolder(), "cloud");
  const store = CloudStore.open(folder);
  insert(store, record("a"));
  const modes = [folder, ...readdirSync(folder).map((file) => join(folder, file))].map(
    (path) => statSync(path).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o600, 0o600, 0o600]);
  store.close();
});

describe("a state file that can't be used", () => {
  test.each([
    ["that is empty", ""],
    ["that was cut off", '{ "version": 1, "serial": 3, "facts": {}, "rec'],
    ["that holds noise", "\0\0\0\0"],
    ["that is no object", "[]"],
    ["of another version", '{ "version": 2, "serial": 0, "facts": {}, "records": [] }'],
    ["without records", '{ "version": 1, "serial": 0, "facts": {} }'],
    ["with a record that is none", '{ "version": 1, "serial": 0, "facts": {}, "records": [{ "id": "a" }] }'],
  ])(
    "%s is refused: the error names the file and the way out, and the store can be opened later",
    (_, text) => {
      const folder = temporaryFolder();
      CloudStore.open(folder).close();
      const path = join(folder, STORE_FILES.state);
      writeFileSync(path, text);
      expect(() => CloudStore.open(folder)).toThrow(CorruptStateError);
      expect(() => CloudStore.open(folder)).toThrow(path);
      expect(() => CloudStore.open(folder)).toThrow("npm run local:destroy");
      writeFileSync(path, '{ "version": 1, "serial": 7, "facts": {}, "records": [] }');
      const store = CloudStore.open(folder);
      expect(store.serial).toBe(7);
      store.close();
    },
  );
});

describe("listeners", () => {
  test("hear of each change after it was made, with what was before and after", () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    const heard: StoreChange[] = [];
    const onDisk: number[] = [];
    store.onChange((change) => {
      heard.push(change);
      onDisk.push((JSON.parse(stateText(folder)) as { serial: number }).serial);
    });
    insert(store, record("a"), record("b"));
    store.transact((cloud) => {
      cloud.change("test:index:Thing", "a", { inputs: { size: 2 } });
      cloud.remove("test:index:Thing", "b");
      cloud.insert(record("c"));
      cloud.remove("test:index:Thing", "c");
    });
    expect(heard.map(({ serial }) => serial)).toEqual([1, 2]);
    expect(onDisk).toEqual([1, 2]);
    const ids = heard[1]?.deltas.map(({ before, after }) => [before?.inputs, after?.inputs]);
    expect(ids).toEqual([
      [{ size: 1 }, { size: 2 }],
      [{ size: 1 }, undefined],
    ]);
    store.close();
  });

  test("hear of facts, too", () => {
    const store = CloudStore.open(temporaryFolder());
    const heard: StoreChange[] = [];
    store.onChange((change) => heard.push(change));
    store.transact((cloud) => cloud.setFact("key", 1));
    expect(heard).toEqual([{ serial: 1, deltas: [] }]);
    store.close();
  });

  test("may change the store themselves", () => {
    const store = CloudStore.open(temporaryFolder());
    store.onChange(({ serial }) => {
      if (serial === 1) insert(store, record("b"));
    });
    insert(store, record("a"));
    expect(store.all().map(({ id }) => id)).toEqual(["a", "b"]);
    store.close();
  });

  test("hear nothing of what was undone, nor after they have left", () => {
    const store = CloudStore.open(temporaryFolder());
    let heard = 0;
    const leave = store.onChange(() => heard++);
    expect(() => insert(store, record("a"), record("a"))).toThrow();
    expect(heard).toBe(0);
    leave();
    insert(store, record("a"));
    expect(heard).toBe(0);
    store.close();
  });
});

test("any values survive the way to the disk and back", () => {
  const properties = fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => name !== "__proto__"),
    fc.jsonValue() as fc.Arbitrary<JsonObject[string]>,
  );
  fc.assert(
    fc.property(properties, properties, fc.boolean(), (inputs, outputs, isSecret) => {
      const folder = temporaryFolder();
      const store = CloudStore.open(folder);
      const secrets = isSecret ? Object.keys(inputs) : [];
      insert(store, record("a", { inputs, outputs, secrets }));
      const before = store.find("test:index:Thing", "a");
      const again = reopened(folder, store);
      expect(again.find("test:index:Thing", "a")).toEqual(before);
      again.close();
    }),
    { numRuns: 30 },
  );
});
