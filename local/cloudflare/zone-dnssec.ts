import { generateKeyPairSync } from "node:crypto";
import type { ResourceDefinition } from "../provider/definition.ts";
import { resourceSchema } from "../provider/schemas.ts";
import { storedResource } from "../provider/stored-resource.ts";
import type { CloudStore, JsonObject } from "../store.ts";
import { delegationSigner, ZONE_KEY } from "./delegation-signer.ts";
import { zoneOfId, type CloudflareZone } from "./zones.ts";

/** Type token of a zone's DNSSEC. */
export const ZONE_DNSSEC = "cloudflare:index/zoneDnssec:ZoneDnssec";

/** States that one can ask for; `pending` and `error` are Cloudflare's own words. */
const STATES = ["active", "disabled"];

/** Seconds to live in the DS record that Cloudflare shows. */
const DS_TTL = 3600;

interface Inputs {
  readonly zoneId: string;
}

/**
 * cloudflare:index/zoneDnssec:ZoneDnssec, DNSSEC of a zone. A zone has its key once, whoever asks for it again. The local DNS
 * signs nothing: no zone above it has the DS record, and until one has, nobody looks at signatures.
 */
export function zoneDnssec(store: CloudStore, zones: readonly CloudflareZone[]): ResourceDefinition {
  return storedResource<Inputs>(store, {
    type: ZONE_DNSSEC,
    schema: resourceSchema(ZONE_DNSSEC),
    formats: { status: knownState },
    forcesNew: ["zoneId"],
    recomputes: () => ["modifiedOn"],

    create: (cloud, { zoneId }) => {
      const { name } = zoneOfId(zones, zoneId, { method: "PATCH", path: `/zones/${zoneId}/dnssec` });
      const before = cloud.find(ZONE_DNSSEC, zoneId);
      cloud.remove(ZONE_DNSSEC, zoneId);
      return { id: zoneId, outputs: { ...(before?.outputs ?? newKey(name)), modifiedOn: now() } };
    },

    update: () => ({ modifiedOn: now() }),
  });
}

function newKey(zone: string): JsonObject {
  const { x = "", y = "" } = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({
    format: "jwk",
  });
  const publicKey = Buffer.concat([x, y].map((part) => Buffer.from(part, "base64url")));
  const { flags, algorithm, digestType } = ZONE_KEY;
  const { keyTag, digest } = delegationSigner(zone, publicKey);
  return {
    algorithm: String(algorithm),
    digest,
    digestAlgorithm: "SHA256",
    digestType: String(digestType),
    ds: `${zone}. ${DS_TTL} IN DS ${keyTag} ${algorithm} ${digestType} ${digest}`,
    flags,
    keyTag,
    keyType: "ECDSAP256SHA256",
    publicKey: publicKey.toString("base64"),
  };
}

function knownState(value: string): string | undefined {
  if (STATES.includes(value.toLowerCase())) return undefined;
  const known = STATES.map((state) => JSON.stringify(state)).join(" ");
  return `Attribute status value must be one of: [${known}], got: ${JSON.stringify(value)}`;
}

function now(): string {
  return new Date().toISOString();
}
