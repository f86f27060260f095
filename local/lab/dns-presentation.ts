import { labelsOf } from "../dns/name.ts";
import type { ResourceRecord } from "../dns/record.ts";

/** A name as zone files have it, with its final dot: `example.com` -> `example.com.`, the root is `.`. */
export function presentName(name: string): string {
  return `${labelsOf(name).map(presentLabel).join(".")}.`;
}

/** What a record says, as zone files have it (RFC 1035 section 5.1). */
export function presentData(record: ResourceRecord): string {
  switch (record.type) {
    case "A":
    case "AAAA":
      return record.data;
    case "NS":
    case "CNAME":
    case "PTR":
      return presentName(record.data);
    case "MX":
      return `${record.data.preference} ${presentName(record.data.exchange)}`;
    case "TXT":
      return record.data.map(presentString).join(" ");
    case "CAA":
      return `${record.data.flags} ${record.data.tag} ${presentString(Buffer.from(record.data.value))}`;
    case "TLSA": {
      const { usage, selector, matchingType, certificate } = record.data;
      return [usage, selector, matchingType, certificate.toString("hex")].join(" ");
    }
    case "HINFO":
      return [record.data.cpu, record.data.os].map((text) => presentString(Buffer.from(text))).join(" ");
    case "SOA": {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      return [presentName(mname), presentName(rname), serial, refresh, retry, expire, minimum].join(" ");
    }
  }
}

/** Labels come with `\DDD` where it is needed on the wire; what only zone files read otherwise is escaped here. */
function presentLabel(label: string): string {
  return label.replace(/["();@$]/g, "\\$&");
}

/** A character-string in quotes; a quote, a backslash and what isn't printable ASCII as `\DDD`. */
function presentString(octets: Buffer): string {
  const text = [...octets].map((octet) =>
    octet >= 0x20 && octet < 0x7f && octet !== 0x22 && octet !== 0x5c
      ? String.fromCharCode(octet)
      : `\\${octet.toString().padStart(3, "0")}`,
  );
  return `"${text.join("")}"`;
}
