import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { caaContent, type CaaParts } from "./caa-content.ts";
import { fullRecordName } from "./record-name.ts";
import { tlsaContent, type TlsaParts } from "./tlsa-content.ts";
import { storedTxtContent } from "./txt-content.ts";

/** Type token of a DNS record. */
export const DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord";

/** The inputs of a DNS record that the local cloud looks at. */
export interface DnsRecordInputs {
  readonly zoneId: string;
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly content?: string;
  readonly priority?: number;
  readonly proxied?: boolean;
  readonly comment?: string;
  readonly tags?: readonly string[];
  /** An MX may have its parts here instead, a CAA and a TLSA must. */
  readonly data?: { readonly target?: string; readonly priority?: number } & Partial<CaaParts & TlsaParts>;
  readonly settings?: {
    readonly ipv4Only?: boolean;
    readonly ipv6Only?: boolean;
    readonly flattenCname?: boolean;
  };
}

/** A record as Cloudflare keeps it: full name, content in its own form. */
export interface StoredDnsRecord {
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly ttl: number;
  readonly proxied: boolean;
  readonly priority?: number;
}

/** Types whose records can stand behind the proxy. */
export const PROXIABLE_TYPES: readonly string[] = ["A", "AAAA", "CNAME"];

/** Brings a record of the zone of that name into the form in which Cloudflare keeps it and gives it back. */
export function storedDnsRecord(inputs: DnsRecordInputs, zone: string): StoredDnsRecord {
  const type = inputs.type.toUpperCase();
  const priority = inputs.priority ?? inputs.data?.priority;
  return {
    name: fullRecordName(inputs.name, zone),
    type,
    content: contentOf(type, inputs, zone),
    ttl: inputs.ttl,
    proxied: inputs.proxied ?? false,
    ...(priority !== undefined && { priority }),
  };
}

function contentOf(type: string, { content, data = {} }: DnsRecordInputs, zone: string): string {
  switch (type) {
    case "CAA":
      return caaContent(data);
    case "TLSA":
      return tlsaContent(data);
    default:
      return storedContent(type, content ?? data.target ?? "", zone);
  }
}

function storedContent(type: string, content: string, zone: string): string {
  switch (type) {
    case "TXT":
      return storedTxtContent(content);
    case "AAAA":
      // In the canonical form of RFC 5952.
      return isIPv6(content) ? ipaddr.IPv6.parse(content).toString() : content;
    case "CNAME":
    case "MX":
    case "NS":
    case "PTR":
      if (content === "@") return zone;
      // A null MX is the root alone (RFC 7505).
      return content === "." ? content : content.toLowerCase().replace(/\.$/, "");
    default:
      return content;
  }
}
