import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { delegationSigner } from "../../local/cloudflare/delegation-signer.ts";
import { zoneDnssec } from "../../local/cloudflare/zone-dnssec.ts";
import { describeFault } from "../../local/provider/check-shape.ts";
import type { ResourceDefinition } from "../../local/provider/definition.ts";
import { check } from "../../local/provider/resource-service.ts";
import { CloudStore } from "../../local/store.ts";
import { ZONE } from "./cloudflare-account.ts";

test("a DS record is made of the key as RFC 6605 6.1 makes it", () => {
  const publicKey =
    "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==";
  expect(delegationSigner("example.net", Buffer.from(publicKey, "base64"))).toEqual({
    keyTag: 55648,
    digest: "B4C8C1FE2E7477127B27115656AD6256F424625BF5C1E2770CE6D6E37DF61D17",
  });
});

describe("DNSSEC of a zone", () => {
  let folder: string;
  let store: CloudStore;
  let resource: ResourceDefinition;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "okmail-"));
    store = CloudStore.open(folder);
    resource = zoneDnssec(store, [ZONE]);
  });
  afterEach(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });

  const request = {
    urn: "urn:pulumi:local::okmail::zone-dnssec",
    name: "dnssec",
    secrets: new Set<string>(),
  };
  const create = async (zoneId = ZONE.id) =>
    resource.create({ ...request, inputs: { zoneId, status: "active" } });

  test("has a key, and tells the DS record that the registrar needs", async () => {
    const { id, outputs } = await create();
    expect(id).toBe(ZONE.id);
    const publicKey = Buffer.from(outputs.publicKey as string, "base64");
    const { keyTag, digest } = delegationSigner(ZONE.name, publicKey);
    expect(outputs).toMatchObject({ keyTag, digest, flags: 257 });
    expect(outputs.ds).toBe(`example.com. 3600 IN DS ${keyTag} 13 2 ${digest}`);
  });

  test("keeps its key when it is turned on again", async () => {
    const { outputs } = await create();
    expect((await create()).outputs.ds).toBe(outputs.ds);
  });

  test("is refused for a zone that the token can't see", async () => {
    await expect(create("0".repeat(32))).rejects.toThrow("Could not route to /zones/0000");
  });

  test.each([
    ["active", []],
    ["on", ['must be one of: ["active" "disabled"], got: "on"']],
  ])("of status %j is judged before anything is done", (status, faults) => {
    const inputs = { zoneId: ZONE.id, status };
    const found = check(resource, {
      name: "dnssec",
      before: {},
      inputs,
      seed: new Uint8Array(),
      order: undefined,
    }).faults.map((fault) => describeFault(fault, "dnssec"));
    expect(found).toEqual(faults.map((fault) => expect.stringContaining(fault) as string));
  });
});
