import { parse } from "tldts";
import type { DnsRecord, Zone } from "./planned-resource.ts";
import { known } from "./property.ts";

/** Longest name as text (RFC 1035 2.3.4). */
export const maxName = 253;

/** What the names in one zone tell of the zone's own name, kept up to date as records come and go. */
export class ApexEvidence {
  /** Apexes that a record's relative and absolute names prove. */
  readonly #proven = new Map<string, number>();
  /** Registrable domains that the names look to be in. */
  readonly #likely = new Map<string, number>();

  add(record: DnsRecord, by: 1 | -1): void {
    const proof = provenApex(record);
    const domain = registrableDomain(known(record.recordName) ?? "");
    if (proof !== undefined) count(this.#proven, proof, by);
    else if (domain !== undefined) count(this.#likely, domain, by);
  }

  /**
   * The zone's name: what its resource says; else what a provider's answer proves; else the registrable domain that
   * most names are in, for nearly all zones are cut there. Undefined if two domains are equally likely, or if all
   * names are relative.
   */
  apex(zone: Zone | undefined): string | undefined {
    return known(zone?.apex) ?? mostFrequent(this.#proven) ?? mostFrequent(this.#likely);
  }
}

/** The record's absolute name, undefined if it can't be told, or is longer than a name can be. */
export function ownerOf(record: DnsRecord, apex: string | undefined): string | undefined {
  const name = known(record.recordName);
  const looksAbsolute = name !== undefined && registrableDomain(name) !== undefined;
  const owner =
    apex !== undefined && name !== undefined
      ? absoluteName(name, apex)
      : (known(record.fqdn) ?? (looksAbsolute ? name : undefined));
  return owner !== undefined && owner.length <= maxName ? owner : undefined;
}

/**
 * The absolute name of a record in the zone `apex`. One zone has one apex, so a name that doesn't end in it is relative.
 * `okmail`, `okmail.example.com` -> `okmail.example.com`; `@` -> `example.com`
 */
function absoluteName(recordName: string, apex: string): string {
  if (recordName === "@" || recordName === "") return apex;
  return isWithin(recordName, apex) ? recordName : `${recordName}.${apex}`;
}

/** Whether `name` is `apex` or below it. */
export function isWithin(name: string, apex: string): boolean {
  return name === apex || name.endsWith(`.${apex}`);
}

/**
 * The domain under a public suffix that `name` is in; undefined for a suffix itself and for names whose last label is
 * no known top-level domain, as that of a relative name.
 */
export function registrableDomain(name: string): string | undefined {
  const { domain, isIcann, isPrivate } = parse(name, { validateHostname: false, allowPrivateDomains: true });
  return (isIcann ?? false) || (isPrivate ?? false) ? (domain ?? undefined) : undefined;
}

/** `mail` that came back as `mail.example.com` is in the zone `example.com`. */
function provenApex(record: DnsRecord): string | undefined {
  const name = known(record.recordName);
  const fqdn = known(record.fqdn);
  if (name === undefined || fqdn === undefined || name === fqdn) return undefined;
  if (name === "@" || name === "") return fqdn;
  return fqdn.startsWith(`${name}.`) ? fqdn.slice(name.length + 1) : undefined;
}

function count(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function mostFrequent(counts: ReadonlyMap<string, number>): string | undefined {
  const [first, second] = [...counts].sort(([, one], [, other]) => other - one);
  if (first === undefined || first[1] === 0) return undefined;
  return first[1] === second?.[1] ? undefined : first[0];
}
