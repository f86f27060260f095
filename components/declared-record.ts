import type * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";

/** A record as it was declared, for outputs and reports. */
export interface DeclaredRecord {
  readonly name: string;
  readonly type: string;
  readonly content: string;
}

/** A record in the words of a zone file's last columns: an MX has its preference before the name. */
export function declaredRecord(record: cloudflare.DnsRecord): pulumi.Output<DeclaredRecord> {
  const { name, type, content, priority } = record;
  return pulumi.all([name, type, content, priority]).apply(([recordName, recordType, text, preference]) => ({
    name: recordName,
    type: recordType,
    content: recordType === "MX" ? `${preference} ${text}` : text,
  }));
}
