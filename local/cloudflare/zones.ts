import { CloudflareError, type ApiCall } from "./api-error.ts";

/** A zone of the local Cloudflare account. */
export interface CloudflareZone {
  /** 32 hex digits. */
  readonly id: string;
  /** Domain name, lower case without final dot. */
  readonly name: string;
}

/** The zone of this id. Throws {@link CloudflareError} 7003, as Cloudflare does for a zone that the token can't see. */
export function zoneOfId(zones: readonly CloudflareZone[], id: string, call: ApiCall): CloudflareZone {
  const zone = zones.find((candidate) => candidate.id === id);
  if (zone !== undefined) return zone;
  throw new CloudflareError(call, "404 Not Found", [
    { code: 7003, message: `Could not route to ${call.path}, perhaps your object identifier is invalid?` },
    { code: 7000, message: "No route for that URI" },
  ]);
}
