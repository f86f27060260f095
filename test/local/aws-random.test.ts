import fc from "fast-check";
import { expect, test } from "vitest";
import { addressNames } from "../../local/aws/reverse-dns.ts";
import { awsProvider } from "../../local/aws/provider.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import type { ResourceDefinition } from "../../local/provider/definition.ts";
import { check, diff, foresee } from "../../local/provider/resource-service.ts";
import { propertiesOf } from "../../local/provider/shape.ts";
import type { Shape } from "../../local/provider/shape.ts";
import { UNKNOWN, containsUnknown } from "../../local/provider/values.ts";
import type { Properties, Value } from "../../local/provider/values.ts";
import { CloudStore } from "../../local/store.ts";
import type { CloudRecord, JsonObject } from "../../local/store.ts";
import { REGION, imageId } from "./aws-account.ts";
import { temporaryFolder } from "./store-folder.ts";

/** An account whose names all resolve to the first three Elastic IPs. */
function openAccount(folder = temporaryFolder()): {
  store: CloudStore;
  resource: (type: string) => ResourceDefinition;
} {
  const store = CloudStore.open(folder);
  const resolve4 = (): Promise<string[]> => Promise.resolve(["192.0.2.10", "192.0.2.11", "192.0.2.12"]);
  const { resources } = awsProvider({ store, resolve4, elasticIpQuota: 4 });
  const resource = (type: string): ResourceDefinition => {
    const found = resources.find((each) => each.type === type);
    if (found === undefined) throw new Error(`no ${type}`);
    return found;
  };
  return { store, resource };
}

/** Texts that one input or another takes for right. */
const TEXTS = [
  "10.0.0.0/8",
  "arn:aws:iam::aws:policy/X",
  "{}",
  "-1",
  "tcp",
  "192.0.2.10",
  "mail.example.com",
  "Standard",
  "String",
];

/** Values of a shape, or nearly: unknown ones and wrong ones among them. */
function valueOf(shape: Shape, depth = 2): fc.Arbitrary<Value> {
  const noise = fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<Value>;
  const right = ((): fc.Arbitrary<Value> => {
    if (shape === "string") {
      return fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
        { weight: 1, arbitrary: fc.string() },
      );
    }
    if (shape === "number") return fc.integer({ min: -1, max: 70_000 });
    if (shape === "boolean") return fc.boolean();
    if (shape === "any" || depth === 0) return noise;
    if (Array.isArray(shape)) return fc.array(valueOf(shape[0] as Shape, depth - 1), { maxLength: 3 });
    return propertiesFor(shape as Readonly<Record<string, Shape>>, depth - 1);
  })();
  return fc.oneof(
    { weight: 24, arbitrary: right },
    { weight: 2, arbitrary: fc.constant(UNKNOWN) },
    { weight: 1, arbitrary: noise },
  );
}

function propertiesFor(shape: Readonly<Record<string, Shape>>, depth = 2): fc.Arbitrary<Properties> {
  if (shape["*"] !== undefined) return fc.dictionary(fc.string(), valueOf(shape["*"], depth), { maxKeys: 3 });
  const fields = propertiesOf(shape).map(({ name, shape: inner }) => [name, valueOf(inner, depth)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] }) as fc.Arbitrary<Properties>;
}

test.each(Object.values(AWS_TYPES))(
  "%s: no inputs, however odd, make a crash of Check, Diff or a preview",
  (type) => {
    const { store, resource } = openAccount();
    const definition = resource(type);
    const inputs = propertiesFor(definition.schema.inputs);
    const request = { name: "mail", before: {}, seed: new Uint8Array(), order: undefined };
    fc.assert(
      fc.property(inputs, inputs, (before, after) => {
        const checked = check(definition, { ...request, inputs: after });
        diff(definition, before, checked.inputs);
        if (checked.faults.length === 0) foresee(definition, checked.inputs);
        for (const { reason } of checked.faults) expect(reason).toMatch(/\S/);
      }),
      { numRuns: 150 },
    );
    store.close();
  },
);

test.each(Object.values(AWS_TYPES))(
  "%s: what passes Check is made, or refused with a reason, as a whole",
  async (type) => {
    const { store, resource } = openAccount();
    const definition = resource(type);
    const request = { name: "mail", before: {}, order: undefined };
    await fc.assert(
      fc.asyncProperty(
        propertiesFor(definition.schema.inputs),
        fc.uint8Array({ minLength: 8 }),
        async (inputs, seed) => {
          const checked = check(definition, { ...request, inputs, seed });
          if (checked.faults.length > 0 || containsUnknown(checked.inputs)) return;
          const serial = store.serial;
          const known = checked.inputs as JsonObject;
          try {
            const { id } = await definition.create({
              urn: "urn:x",
              name: "mail",
              inputs: known,
              secrets: new Set(),
            });
            expect(store.find(type, id)).toBeDefined();
          } catch (error) {
            expect(String(error)).toMatch(/creating .+: .+/);
            expect(store.serial).toBe(serial);
          }
        },
      ),
      { numRuns: 150 },
    );
    store.close();
  },
);

/** One thing that somebody does to the account; the numbers choose what it is done to. */
type Act = readonly [
  kind: "allocate" | "launch" | "associate" | "name" | "delete",
  which: number,
  other: number,
];

const acts = fc.array(
  fc.tuple(
    fc.constantFrom<Act[0]>("allocate", "launch", "associate", "name", "delete"),
    fc.nat({ max: 9 }),
    fc.nat({ max: 9 }),
  ),
  { minLength: 20, maxLength: 60, size: "max" },
);

test("whatever is done in whatever order, every address has one owner and one way, and the disk knows it", async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (list) => {
      const folder = temporaryFolder();
      const account = openAccount(folder);
      for (const act of list) {
        // That something is refused is fine; that it leaves a mess isn't.
        await perform(account, act).catch((error: unknown) => expect(String(error)).toMatch(/error|waiting/));
        assertConsistent(account.store);
      }
      const before = account.store.all();
      account.store.close();
      const again = CloudStore.open(folder);
      expect(again.all()).toEqual(before);
      again.close();
    }),
    { numRuns: 15 },
  );
}, 60_000);

async function perform(
  { store, resource }: ReturnType<typeof openAccount>,
  [kind, which, other]: Act,
): Promise<void> {
  const pick = (records: readonly CloudRecord[], number: number): string =>
    records[number % records.length]?.id ?? "none";
  const create = async (type: string, inputs: JsonObject): Promise<void> => {
    await resource(type).create({ urn: "urn:x", name: "x", inputs, secrets: new Set() });
  };
  const addresses = store.list(AWS_TYPES.eip);
  switch (kind) {
    case "allocate":
      return create(
        AWS_TYPES.eip,
        which < 3 ? { instance: pick(store.list(AWS_TYPES.instance), other) } : {},
      );
    case "launch":
      return create(AWS_TYPES.instance, { ami: imageId("arm64"), instanceType: "t4g.nano" });
    case "associate":
      return create(AWS_TYPES.eipAssociation, {
        allocationId: pick(addresses, which),
        instanceId: pick(store.list(AWS_TYPES.instance), other),
        ...(other > 6 && { allowReassociation: false }),
      });
    case "name":
      return create(AWS_TYPES.eipDomainName, {
        allocationId: pick(addresses, which),
        domainName: `h${other}.example.com`,
      });
    case "delete": {
      const victim = store.all()[(which * 10 + other) % Math.max(1, store.all().length)];
      if (victim === undefined) return;
      const { type, id, urn, inputs, outputs } = victim;
      await resource(type).delete({ id, urn, name: "x", inputs, state: outputs, secrets: new Set() });
      expect(store.find(type, id)).toBeUndefined();
    }
  }
}

function assertConsistent(store: CloudStore): void {
  const addresses = store.list(AWS_TYPES.eip).map(({ outputs }) => outputs.publicIp);
  expect(addresses.length).toBeLessThanOrEqual(4);
  const names = addressNames(store, REGION);
  expect(new Set(names.map(({ address }) => address)).size).toBe(names.length);
  const privateIps = store.list(AWS_TYPES.instance).map(({ outputs }) => outputs.privateIp);
  expect(new Set(privateIps).size).toBe(privateIps.length);
  const links = [...store.list(AWS_TYPES.eip), ...store.list(AWS_TYPES.eipAssociation)]
    .map(({ outputs }) => outputs.association as unknown as Record<string, string> | undefined)
    .filter((link) => link !== undefined);
  for (const end of ["allocationId", "networkInterfaceId"]) {
    expect(new Set(links.map((link) => link[end])).size).toBe(links.length);
  }
  const interfaces = new Set(
    store.list(AWS_TYPES.instance).map(({ outputs }) => outputs.primaryNetworkInterfaceId),
  );
  for (const link of links) {
    expect(store.find(AWS_TYPES.eip, link.allocationId ?? "")).toBeDefined();
    expect(interfaces).toContain(link.networkInterfaceId);
  }
  for (const { id } of store.list(AWS_TYPES.eipDomainName))
    expect(store.find(AWS_TYPES.eip, id)).toBeDefined();
}
