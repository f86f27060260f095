import { caaParts } from "../cloudflare/caa-content.ts";
import type { StoredDnsRecord } from "../cloudflare/dns-record-inputs.ts";
import { tlsaParts } from "../cloudflare/tlsa-content.ts";
import { txtStrings } from "../cloudflare/txt-content.ts";
import { canonicalName } from "./name.ts";
import type { ResourceRecord } from "./record.ts";

/** What a proxied name resolves to, whatever its record holds: stand-ins for Cloudflare's own addresses (RFC 5737, 3849). */
export const PROXY_ADDRESSES = {
  A: ["198.51.100.201", "198.51.100.202"],
  AAAA: ["2001:db8:cf::201", "2001:db8:cf::202"],
} as const;

/** Seconds that "automatic", written as 1, stands for. */
const AUTOMATIC_TTL = 300;

/** What Cloudflare's name servers answer for one of its records. */
export function servedRecords(record: StoredDnsRecord): readonly ResourceRecord[] {
  const { type, content } = record;
  const base = { name: canonicalName(record.name), ttl: record.ttl === 1 ? AUTOMATIC_TTL : record.ttl };
  if (record.proxied) return proxied(base);
  switch (type) {
    case "A":
    case "AAAA":
      return [{ ...base, type, data: content }];
    case "CNAME":
    case "NS":
    case "PTR":
      return [{ ...base, type, data: canonicalName(content) }];
    case "MX":
      return [
        { ...base, type, data: { preference: record.priority ?? 0, exchange: canonicalName(content) } },
      ];
    case "TXT":
      return [{ ...base, type, data: txtStrings(content) ?? [] }];
    case "CAA":
      return [caaParts(content)].flatMap((data) => (data === undefined ? [] : [{ ...base, type, data }]));
    case "TLSA":
      return [tlsaParts(content)].flatMap((parts) =>
        parts === undefined
          ? []
          : [{ ...base, type, data: { ...parts, certificate: Buffer.from(parts.certificate, "hex") } }],
      );
    default:
      return [];
  }
}

function proxied(base: { readonly name: string; readonly ttl: number }): ResourceRecord[] {
  return [
    ...PROXY_ADDRESSES.A.map((data) => ({ ...base, type: "A", data }) as const),
    ...PROXY_ADDRESSES.AAAA.map((data) => ({ ...base, type: "AAAA", data }) as const),
  ];
}
