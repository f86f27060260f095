import { randomBytes } from "node:crypto";
import type { ResourceDefinition } from "../provider/definition.ts";
import { resourceSchema } from "../provider/schemas.ts";
import { storedResource } from "../provider/stored-resource.ts";
import type { CloudReader, CloudRecord, CloudStore, JsonObject } from "../store.ts";
import { CloudflareError, type ApiCall } from "./api-error.ts";
import { conflicts, recordFaults } from "./dns-record-faults.ts";
import {
  DNS_RECORD,
  PROXIABLE_TYPES,
  storedDnsRecord,
  type DnsRecordInputs,
  type StoredDnsRecord,
} from "./dns-record-inputs.ts";
import { zoneOfId, type CloudflareZone } from "./zones.ts";

/** The types that the provider knows; SPF is none of them any more (RFC 7208 section 3.1). */
const TYPES = [
  ...["A", "AAAA", "CAA", "CERT", "CNAME", "DNSKEY", "DS", "HTTPS", "LOC", "MX", "NAPTR", "NS", "OPENPGPKEY"],
  ...["PTR", "SMIMEA", "SRV", "SSHFP", "SVCB", "TLSA", "TXT", "URI"],
];

/** cloudflare:index/dnsRecord:DnsRecord, a record in one of the account's zones. */
export function dnsRecord(store: CloudStore, zones: readonly CloudflareZone[]): ResourceDefinition {
  const definition = storedResource<DnsRecordInputs>(store, {
    type: DNS_RECORD,
    schema: resourceSchema(DNS_RECORD),
    formats: { type: knownType, priority: upTo65535 },
    forcesNew: ["zoneId"],
    derive: ({ proxied }) => ({ proxied: proxied ?? false }),
    recomputes: (changed) => ["modifiedOn", ...(changed.has("type") ? ["proxiable"] : [])],

    create: (cloud, inputs) => {
      const call: ApiCall = { method: "POST", path: `/zones/${inputs.zoneId}/dns_records` };
      const { name } = accept(cloud, zones, inputs, call);
      const createdOn = new Date().toISOString();
      return { id: randomBytes(16).toString("hex"), name, outputs: { createdOn, modifiedOn: createdOn } };
    },

    update: (cloud, { id }, inputs) => {
      const call: ApiCall = { method: "PUT", path: `/zones/${inputs.zoneId}/dns_records/${id}` };
      accept(cloud, zones, inputs, call, id);
      return { modifiedOn: new Date().toISOString() };
    },

    view: (_, { outputs }, inputs) => ({ ...viewOf(inputs, zones), ...outputs }),
  });

  return {
    ...definition,
    read: async (request) => {
      // An import names zone and record, everything else the record alone.
      const [id = "", zoneId] = request.id.split("/").reverse();
      const live = await definition.read({ ...request, id });
      if (live === undefined || (zoneId !== undefined && zoneId !== live.inputs.zoneId)) return undefined;
      return { ...live, inputs: { ...live.inputs, ...drift(live.inputs, live.outputs) } };
    },
  };
}

/** The records of a zone, in Cloudflare's form. */
export function dnsRecordsOf(cloud: CloudReader, zone: CloudflareZone): readonly StoredDnsRecord[] {
  return recordsOf(cloud, zone).map(({ inputs }) => storedDnsRecord(asInputs(inputs), zone.name));
}

/** Judges a record and brings it into Cloudflare's form. Throws {@link CloudflareError}. `id` is that of a record to change. */
function accept(
  cloud: CloudReader,
  zones: readonly CloudflareZone[],
  inputs: DnsRecordInputs,
  call: ApiCall,
  id?: string,
): StoredDnsRecord {
  const zone = zoneOfId(zones, inputs.zoneId, call);
  if (inputs.proxied === true && inputs.ttl !== 1) {
    throw new Error(
      "ttl must be set to 1 when `proxied` is true: When a DNS record is marked as `proxied` " +
        "the TTL must be 1 as Cloudflare will control the TTL internally.",
    );
  }
  const record = storedDnsRecord(inputs, zone.name);
  const others = recordsOf(cloud, zone)
    .filter((other) => other.id !== id)
    .map((other) => storedDnsRecord(asInputs(other.inputs), zone.name));
  const faults = recordFaults(record, inputs);
  const all = faults.length > 0 ? faults : conflicts(record, others, zone.name);
  if (all.length > 0) throw new CloudflareError(call, "400 Bad Request", all);
  return record;
}

function recordsOf(cloud: CloudReader, zone: CloudflareZone): CloudRecord[] {
  return cloud.list(DNS_RECORD).filter(({ inputs }) => inputs.zoneId === zone.id);
}

function asInputs(inputs: JsonObject): DnsRecordInputs {
  return inputs as unknown as DnsRecordInputs;
}

/** What Cloudflare answers. A record whose zone was taken from the account since is left as it was declared. */
function viewOf(inputs: DnsRecordInputs, zones: readonly CloudflareZone[]): JsonObject {
  const { zoneId, comment, settings, tags } = inputs;
  const zone = zones.find(({ id }) => id === zoneId);
  return {
    ...(zone !== undefined && { ...storedDnsRecord(inputs, zone.name) }),
    ...(comment !== undefined && { comment }),
    proxiable: PROXIABLE_TYPES.includes(inputs.type.toUpperCase()),
    includeShadowMetadata: false,
    meta: "{}",
    settings: { flattenCname: false, ipv4Only: false, ipv6Only: false, ...settings },
    tags: tags ?? [],
  };
}

/** Where Cloudflare keeps the content in another form than it was sent, and the provider doesn't know that they are the same. */
function drift(inputs: JsonObject, { type, content }: JsonObject): JsonObject {
  const isKept = inputs.content === undefined || content === undefined || (type !== "TXT" && type !== "MX");
  return isKept ? {} : { content };
}

function knownType(value: string): string | undefined {
  if (TYPES.includes(value.toUpperCase())) return undefined;
  const known = TYPES.map((type) => JSON.stringify(type)).join(" ");
  return `Attribute type value must be one of: [${known}], got: ${JSON.stringify(value)}`;
}

function upTo65535(value: number): string | undefined {
  return value >= 0 && value <= 65_535
    ? undefined
    : `Attribute priority value must be between 0.000000 and 65535.000000, got: ${value.toFixed(6)}`;
}
