import type { Answer } from "dns-packet";
import { normalizeName } from "../../mail/host-name.ts";
import { dnsError, type Answers, type RecordType } from "../../mail/resolver.ts";
import type { Question, Reply } from "./wire.ts";

/** What a reply says to a question, aliases followed as far as the reply has them. */
export type Said =
  | { readonly kind: "found"; readonly records: readonly Answer[]; readonly ttl: number }
  /** `ENOTFOUND` or `ENODATA`, and for how long that may be remembered. */
  | { readonly kind: "absent"; readonly code: "ENOTFOUND" | "ENODATA"; readonly ttl: number }
  /** The reply ends at an alias to a name of another zone. */
  | { readonly kind: "alias"; readonly target: string; readonly ttl: number }
  /** The server is not the one to ask: it names others, or isn't authoritative. */
  | { readonly kind: "referral" }
  | { readonly kind: "failed"; readonly code: string };

/** More aliases in a row are no honest data. */
export const longestChain = 16;

const failures: Readonly<Record<string, string>> = {
  FORMERR: "EFORMERR",
  SERVFAIL: "ESERVFAIL",
  NOTIMP: "ENOTIMP",
  REFUSED: "EREFUSED",
};

/** Reads a reply (RFC 1034 4.3.2, RFC 2308 2). A loop of aliases is a failure of the zone. */
export function readReply({ name, type }: Question, reply: Reply): Said {
  if (reply.rcode !== "NOERROR" && reply.rcode !== "NXDOMAIN")
    return { kind: "failed", code: failures[reply.rcode] ?? `E${reply.rcode}` };
  const aliases = new Map(
    reply.answers.flatMap((record) =>
      record.type === "CNAME" ? [[normalizeName(record.name), record] as const] : [],
    ),
  );
  const ttls: number[] = [];
  let owner = name;
  for (let length = 0; type !== "CNAME"; length++) {
    const alias = aliases.get(owner);
    if (alias === undefined) break;
    if (length === longestChain) return { kind: "failed", code: "ESERVFAIL" };
    owner = normalizeName(alias.data);
    ttls.push(alias.ttl ?? 0);
  }
  const records = reply.answers.filter(
    (record) => record.type === type && normalizeName(rootless(record.name)) === owner,
  );
  if (records.length > 0) return { kind: "found", records, ttl: Math.min(...ttls, ...records.map(ttlOf)) };
  const start = reply.authorities.find((record) => record.type === "SOA");
  if (start === undefined && owner !== name) return { kind: "alias", target: owner, ttl: Math.min(...ttls) };
  if (start === undefined && reply.authorities.some((record) => record.type === "NS") && !reply.authoritative)
    return { kind: "referral" };
  const ttl = Math.min(...ttls, start === undefined ? 0 : ttlOf(start));
  return { kind: "absent", code: reply.rcode === "NXDOMAIN" ? "ENOTFOUND" : "ENODATA", ttl };
}

/** What is said as a resolver says it: answers, or an error. */
export function settle<T extends RecordType>(name: string, type: T, said: Said): Answers[T] {
  switch (said.kind) {
    case "found":
      return said.records.map(shape) as unknown as Answers[T];
    case "absent":
      throw dnsError(said.code, `${type} ${name}`);
    case "failed":
      throw dnsError(said.code, `${type} ${name}`);
    // A resolver that leaves the work to its client is no resolver.
    case "alias":
    case "referral":
      throw dnsError("ESERVFAIL", `${type} ${name}`);
  }
}

/** One text for the same answer, whatever the order, the case and the time to live; the same for both kinds of absence. */
export function digestOf(said: Said): string {
  switch (said.kind) {
    case "found":
      return said.records
        .map((record) => recordText(record))
        .toSorted()
        .join("\n");
    case "absent":
      return "";
    default:
      return `(${said.kind === "failed" ? said.code : said.kind})`;
  }
}

/** The data of a record as people write it: `10 okmail.example.com`, `"v=spf1 -all"`. */
export function recordText(record: Answer): string {
  switch (record.type) {
    case "TXT":
      return JSON.stringify(textStrings(record.data).join(""));
    case "MX":
      return `${record.data.preference ?? 0} ${normalizeName(record.data.exchange)}`;
    case "A":
    case "AAAA":
      return record.data.toLowerCase();
    case "NS":
    case "PTR":
    case "CNAME":
      return normalizeName(record.data);
    case "CAA":
      return `${record.data.flags ?? 0} ${record.data.tag} ${JSON.stringify(record.data.value)}`;
    default:
      return JSON.stringify("data" in record ? record.data : "");
  }
}

function shape(record: Answer): unknown {
  switch (record.type) {
    case "TXT":
      return textStrings(record.data);
    case "MX":
      return { exchange: rootless(record.data.exchange), priority: record.data.preference ?? 0 };
    case "NS":
    case "PTR":
    case "CNAME":
      return rootless(record.data);
    default:
      return "data" in record ? record.data : undefined;
  }
}

/** Octets that are no UTF-8 stay apart from each other, and never look like what they aren't. */
function textStrings(data: string | Buffer | readonly (string | Buffer)[]): string[] {
  const strings = typeof data === "string" || Buffer.isBuffer(data) ? [data] : data;
  return strings.map((string) => (typeof string === "string" ? string : string.toString("utf8")));
}

function ttlOf(record: Answer): number {
  return ("ttl" in record ? record.ttl : undefined) ?? 0;
}

/** The library calls the root ".". */
function rootless(name: string): string {
  return name === "." ? "" : name;
}
