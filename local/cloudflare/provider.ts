import type { ProviderDefinition } from "../provider/definition.ts";
import { SCHEMAS } from "../provider/schemas.ts";
import type { CloudStore } from "../store.ts";
import { dnsRecord } from "./dns-record.ts";
import { getZone } from "./get-zone.ts";
import { zoneDnssec } from "./zone-dnssec.ts";
import type { CloudflareZone } from "./zones.ts";

/** What the local Cloudflare account has. */
export interface CloudflareOptions {
  readonly store: CloudStore;
  /** The zones that exist from the start; none can be made. */
  readonly zones: readonly CloudflareZone[];
}

/** The stand-in for Cloudflare, to be served by `serveProvider`. Throws on a zone without a proper id or name. */
export function cloudflareProvider({ store, zones }: CloudflareOptions): ProviderDefinition {
  for (const { id, name } of zones) {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new Error(`zone id "${id}" isn't 32 hex digits`);
    if (!/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$/.test(name))
      throw new Error(`zone name "${name}" is no lower-case domain name`);
  }
  return {
    name: "cloudflare",
    version: SCHEMAS.cloudflare.version,
    resources: [dnsRecord(store, zones), zoneDnssec(store, zones)],
    functions: [getZone(zones)],
    config: SCHEMAS.cloudflare.config,
  };
}
