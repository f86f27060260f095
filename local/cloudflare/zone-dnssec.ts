import { createHash, generateKeyPairSync } from "node:crypto";
import { labelsOf } from "../dns/name.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import { resourceSchema } from "../provider/schemas.ts";
import { storedResource } from "../provider/stored-resource.ts";
import type { CloudStore, JsonObject } from "../store.ts";
import { zoneOfId, type CloudflareZone } from "./zones.ts";

const TYPE = "cloudflare:index/zoneDnssec:ZoneDnssec";

/** States that one can ask for; `pending` and `error` are Cloudflare's own words. */
const STATES = ["active", "disabled"];

/** A key that signs keys (RFC 4034 2.1), by ECDSA on P-256 (RFC 6605), told of by its SHA-256 digest (RFC 4509). */
const KEY = { flags: 257, protocol: 3, algorithm: 13, digestType: 2 } as const;

/** Seconds to live in the DS record that Cloudflare shows. */
const DS_TTL = 3600;

interface Inputs {
  readonly zoneId: string;
  readonly status?: string;
}

/**
 * cloudflare:index/zoneDnssec:ZoneDnssec, DNSSEC of a zone. A zone has its key once, whoever asks for it again. The local DNS
 * signs nothing: no zone above it has the DS record, and until one has, nobody looks at signatures.
 */
export function zoneDnssec(store: CloudStore, zones: readonly CloudflareZone[]): ResourceDefinition {
  return storedResource<Inputs>(store, {
    type: TYPE,
    schema: resourceSchema(TYPE),
    formats: { status: knownState },
    forcesNew: ["zoneId"],
    recomputes: () => ["modifiedOn"],

    create: (cloud, { zoneId }) => {
      const { name } = zoneOfId(zones, zoneId, { method: "PATCH", path: `/zones/${zoneId}/dnssec` });
      const before = cloud.find(TYPE, zoneId);
      cloud.remove(TYPE, zoneId);
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
  const { flags, protocol, algorithm, digestType } = KEY;
  const rdata = Buffer.concat([Buffer.from([flags >> 8, flags & 0xff, protocol, algorithm]), publicKey]);
  const digest = createHash("sha256").update(wireName(zone)).update(rdata).digest("hex").toUpperCase();
  const keyTag = keyTagOf(rdata);
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

/** RFC 4034 appendix B: the sum of the data's 16-bit words, carries added once. */
function keyTagOf(rdata: Buffer): number {
  let sum = 0;
  for (const [index, octet] of rdata.entries()) sum += index % 2 === 0 ? octet << 8 : octet;
  return (sum + (sum >> 16)) & 0xffff;
}

function wireName(name: string): Buffer {
  const labels = labelsOf(name).map((label) => Buffer.from(label));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.alloc(1)]);
}

function knownState(value: string): string | undefined {
  if (STATES.includes(value.toLowerCase())) return undefined;
  const known = STATES.map((state) => JSON.stringify(state)).join(" ");
  return `Attribute status value must be one of: [${known}], got: ${JSON.stringify(value)}`;
}

function now(): string {
  return new Date().toISOString();
}
