import { isIPv4, isIPv6 } from "node:net";
import { fault, validationFault, type ApiFault } from "./api-error.ts";
import { CAA_TAGS, caaParts } from "./caa-content.ts";
import { PROXIABLE_TYPES, type DnsRecordInputs, type StoredDnsRecord } from "./dns-record-inputs.ts";
import { isRecordName, isTargetName } from "./record-name.ts";
import { tlsaParts } from "./tlsa-content.ts";
import { txtStrings } from "./txt-content.ts";

/** Types that the local cloud serves. Cloudflare has more. */
const SERVED_TYPES: readonly string[] = ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "TLSA", "TXT"];

/** Types whose parts are in `data`. */
const DATA_FIELDS: Readonly<Record<string, string>> = {
  CAA: "data (flags, tag, value)",
  TLSA: "data (usage, selector, matchingType, certificate)",
};

/** Octets of a digest, by matching type (RFC 6698 2.1.3). */
const DIGEST_LENGTHS: Readonly<Record<number, number>> = { 1: 32, 2: 64 };

/** Characters of one TXT record's text, quotation marks aside, and of all at a name together. */
const MAX_TXT = 2048;
const MAX_TXT_AT_NAME = 8192;

const MX_HELP =
  "https://developers.cloudflare.com/dns/manage-dns-records/how-to/email-records/#add-mx-records";
const SAME_NAME_HELP =
  "https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/";

/**
 * What Cloudflare has against a record by itself: all of it, in the API's own words and codes where these are known from
 * reports of users.
 */
export function recordFaults(record: StoredDnsRecord, inputs: DnsRecordInputs): readonly ApiFault[] {
  const { name, type, ttl, proxied } = record;
  const faults: ApiFault[] = [];
  if (!SERVED_TYPES.includes(type))
    faults.push(validationFault(`the local cloud doesn't serve ${type} records`));
  if (!isRecordName(name)) faults.push(fault(9000, "DNS name is invalid."));
  if (!isTimeToLive(ttl))
    faults.push(fault(9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic."));
  if (proxied && !PROXIABLE_TYPES.includes(type))
    faults.push(fault(9004, "This record type cannot be proxied."));
  if (/[\r\n]/.test(inputs.comment ?? "")) faults.push(validationFault("a comment can't have line breaks"));
  return [...faults, ...contentFaults(record)];
}

/** What Cloudflare has against a record because of those that are there: `others` are the other records of the zone `origin`. */
export function conflicts(
  record: StoredDnsRecord,
  others: readonly StoredDnsRecord[],
  origin: string,
): readonly ApiFault[] {
  const beside = others.filter(({ name }) => name === record.name);
  if (beside.some((other) => isIdentical(record, other)))
    return [fault(81058, "An identical record already exists.")];
  const delegation = record.name === origin ? [] : delegationConflicts(record, beside);
  return [...delegation, ...aliasConflicts(record, beside), ...textConflicts(record, beside)].slice(0, 1);
}

function contentFaults({ name, type, content, priority }: StoredDnsRecord): readonly ApiFault[] {
  if (content === "") {
    return [validationFault(`${DATA_FIELDS[type] ?? "content"} is a required field of ${type} records`)];
  }
  switch (type) {
    case "A":
      return isIPv4(content) ? [] : [fault(9005, "Content for A record must be a valid IPv4 address.")];
    case "AAAA":
      return isIPv6(content) ? [] : [fault(9006, "Content for AAAA record must be a valid IPv6 address.")];
    case "CNAME":
      if (!isTargetName(content)) return [fault(9007, "Content for CNAME record is invalid.")];
      return content === name ? [fault(9039, "CNAME content cannot reference itself.")] : [];
    case "MX":
      return mailExchangerFaults(content, priority);
    case "NS":
    case "PTR":
      return isTargetName(content) ? [] : [validationFault(`Content for ${type} record is invalid.`)];
    case "TXT":
      return txtFaults(content);
    case "CAA":
      return caaFaults(content);
    case "TLSA":
      return tlsaFaults(content);
    default:
      return [];
  }
}

function mailExchangerFaults(content: string, priority: number | undefined): readonly ApiFault[] {
  const faults: ApiFault[] = [];
  if (priority === undefined) faults.push(fault(9100, "priority is a required field."));
  if (content !== "." && !isTargetName(content)) {
    const what = "Change the content of your MX record to be a hostname (and not an IP address).";
    faults.push(fault(9009, `${what} For more details, refer to <${MX_HELP}>.`));
  }
  return faults;
}

function txtFaults(content: string): readonly ApiFault[] {
  if (txtStrings(content) === undefined)
    return [
      validationFault(
        "the content of a TXT record must have no quotation marks, or matching ones around each string",
      ),
    ];
  const { length } = textOf(content);
  return length > MAX_TXT
    ? [validationFault(`the content of a TXT record must be ${MAX_TXT} characters or less, it is ${length}`)]
    : [];
}

function caaFaults(content: string): readonly ApiFault[] {
  const parts = caaParts(content);
  if (parts === undefined)
    return [validationFault(`the tag of a CAA record must be one of ${CAA_TAGS.join(", ")}`)];
  return parts.flags > 255 ? [validationFault("the flags of a CAA record must be between 0 and 255")] : [];
}

function tlsaFaults(content: string): readonly ApiFault[] {
  const parts = tlsaParts(content);
  if (parts === undefined || parts.certificate === "" || parts.certificate.length % 2 === 1)
    return [
      validationFault("the certificate of a TLSA record must be hexadecimal digits, two for each octet"),
    ];
  const { usage, selector, matchingType, certificate } = parts;
  if (Math.max(usage, selector, matchingType) > 255)
    return [validationFault("the numbers of a TLSA record must be between 0 and 255")];
  const octets = certificate.length / 2;
  const wanted = DIGEST_LENGTHS[matchingType] ?? octets;
  return octets === wanted
    ? []
    : [validationFault(`a digest of matching type ${matchingType} has ${wanted} octets, not ${octets}`)];
}

function isTimeToLive(ttl: number): boolean {
  return ttl === 1 || (Number.isInteger(ttl) && ttl >= 60 && ttl <= 86_400);
}

function isIdentical(one: StoredDnsRecord, other: StoredDnsRecord): boolean {
  if (one.type !== other.type || one.priority !== other.priority) return false;
  return one.type === "TXT" ? textOf(one.content) === textOf(other.content) : one.content === other.content;
}

function textOf(content: string): string {
  return Buffer.concat(txtStrings(content) ?? []).toString("latin1");
}

/** A name below the apex with NS records belongs to other name servers, whole. */
function delegationConflicts(
  record: StoredDnsRecord,
  beside: readonly StoredDnsRecord[],
): readonly ApiFault[] {
  const isDelegated = beside.some(({ type }) => type === "NS");
  if (record.type !== "NS" && isDelegated) return [fault(81056, "NS records with that host already exist.")];
  return record.type === "NS" && beside.length > 0 && !isDelegated
    ? [fault(81055, "Non-NS records with that host already exist.")]
    : [];
}

function aliasConflicts(record: StoredDnsRecord, beside: readonly StoredDnsRecord[]): readonly ApiFault[] {
  const isThere = (...types: readonly string[]) => beside.some(({ type }) => types.includes(type));
  const details = ` For more details, refer to <${SAME_NAME_HELP}>.`;
  if (record.type === "CNAME" && isThere(...PROXIABLE_TYPES))
    return [fault(81053, `An A, AAAA, or CNAME record with that host already exists.${details}`)];
  if (PROXIABLE_TYPES.includes(record.type) && isThere("CNAME"))
    return [fault(81054, `A CNAME record with that host already exists.${details}`)];
  // Cloudflare itself lets a CNAME stand beside MX and TXT where it flattens the alias. The DNS doesn't know such a thing.
  if (record.type === "CNAME" ? beside.length > 0 : isThere("CNAME"))
    return [
      validationFault(
        `${record.name} has a CNAME record, beside which no other data can stand (RFC 1034 3.6.2)`,
      ),
    ];
  return [];
}

function textConflicts(record: StoredDnsRecord, beside: readonly StoredDnsRecord[]): readonly ApiFault[] {
  if (record.type !== "TXT") return [];
  const lengths = [record, ...beside.filter(({ type }) => type === "TXT")].map(
    ({ content }) => textOf(content).length,
  );
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return total > MAX_TXT_AT_NAME
    ? [
        validationFault(
          `the TXT records at ${record.name} must be ${MAX_TXT_AT_NAME} characters or less together, they are ${total}`,
        ),
      ]
    : [];
}
