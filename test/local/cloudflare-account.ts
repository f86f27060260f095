import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudflareProvider } from "../../local/cloudflare/provider.ts";
import { DNS_RECORD } from "../../local/cloudflare/dns-record-inputs.ts";
import { CloudStore, type JsonObject } from "../../local/store.ts";
import { check } from "../../local/provider/resource-service.ts";
import { describeFault } from "../../local/provider/check-shape.ts";

export const ZONE = { id: "0123456789abcdef0123456789abcdef", name: "example.com" };
export const OTHER_ZONE = { id: "fedcba9876543210fedcba9876543210", name: "example.net" };

/** A Cloudflare account over a store of its own, spoken to as the engine would, without the engine. */
export interface TestAccount {
  readonly store: CloudStore;
  /** Reasons for which the inputs are refused before anything is done. */
  check(inputs: JsonObject): readonly string[];
  create(inputs: JsonObject): Promise<{ id: string; outputs: JsonObject }>;
  update(id: string, inputs: JsonObject): Promise<JsonObject>;
  read(id: string): Promise<{ id: string; inputs: JsonObject; outputs: JsonObject } | undefined>;
  remove(id: string): Promise<void>;
  getZone(args: JsonObject): Promise<JsonObject>;
  close(): void;
}

/** A record in the zone, as a program declares it. */
export function declared(type: string, name: string, content: string, extra: JsonObject = {}): JsonObject {
  return { zoneId: ZONE.id, type, name, content, ttl: 300, ...extra };
}

export function openAccount(): TestAccount {
  const directory = mkdtempSync(join(tmpdir(), "okmail-"));
  const store = CloudStore.open(directory);
  const { resources, functions } = cloudflareProvider({ store, zones: [ZONE, OTHER_ZONE] });
  const [resource] = resources;
  const [getZone] = functions;
  if (resource === undefined || getZone === undefined) throw new Error("the provider serves nothing");
  const urn = `urn:pulumi:local::okmail::${DNS_RECORD}::record`;
  const request = { urn, name: "record", secrets: new Set<string>() };
  const existing = (id: string, inputs: JsonObject = {}) => ({ ...request, id, inputs, state: {} });
  return {
    store,
    check: (inputs) =>
      check(resource, {
        name: "record",
        before: {},
        inputs,
        seed: new Uint8Array(),
        order: undefined,
      }).faults.map((fault) => describeFault(fault, "record")),
    create: async (inputs) => resource.create({ ...request, inputs }),
    update: async (id, inputs) => resource.update(existing(id, inputs)),
    read: async (id) => resource.read(existing(id)),
    remove: async (id) => resource.delete(existing(id)),
    getZone: async (args) => getZone.call(args),
    close: () => {
      store.close();
      rmSync(directory, { recursive: true });
    },
  };
}
