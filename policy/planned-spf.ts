import { UndeterminedError } from "../mail/resolver.ts";
import type { AddressBook } from "./address-book.ts";
import type { Plan } from "./plan.ts";
import type { DnsRecord, Eip } from "./planned-resource.ts";
import { isUnknown, known, type Unknown } from "./property.ts";
import type { ZoneIndex } from "./zone-index.ts";

/** Ends the names that texts of `PlannedSpf` ask for. No such domain can exist (RFC 6761 6.4). */
const unknownRest = ".rest-not-known-yet.invalid";

/** SPF records whose contents aren't known, as far as what they derive from tells. */
export class PlannedSpf {
  readonly #plan: Plan;
  readonly #zones: ZoneIndex;
  readonly #addresses: AddressBook;
  #mentions: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  constructor(plan: Plan, zones: ZoneIndex, addresses: AddressBook) {
    this.#plan = plan;
    this.#zones = zones;
    this.#addresses = addresses;
  }

  /**
   * The text of a TXT record whose content isn't known: the template that its MailRecords component registered; else one
   * that authorizes the addresses it derives from, `v=spf1 ip4:240.0.0.1 -all`. If the record may authorize other
   * addresses of the plan by what isn't known of it, that has a term too, whose look-up is undetermined (`refuse`):
   * `exists:%{d}.rest-not-known-yet.invalid`. Undefined if the content derives from no Elastic IP: it is taken for
   * a text of another kind.
   */
  text(owner: string, record: DnsRecord, content: Unknown): string | undefined {
    const { eips } = this.#addresses.behind(content.dependsOn);
    if (eips.length === 0) return undefined;
    for (const { urn, heloName, domain } of this.#plan.spfTemplates) {
      const own = record.ancestors.includes(urn) ? known(domain) : undefined;
      const template = known(heloName(owner)) ?? own;
      const text = template === undefined ? undefined : this.#filled(template, eips);
      if (text !== undefined) return text;
    }
    const terms = eips.map((eip) => `ip4:${this.#addresses.ofEip(eip)}`);
    if (this.#mayAuthorizeOthers(owner, eips)) terms.push(`exists:%{d}${unknownRest}`);
    return `v=spf1 ${terms.join(" ")} -all`;
  }

  /**
   * Refuses to answer for a name that a text of this class asks for.
   * @throws UndeterminedError for such a name
   */
  refuse(name: string): void {
    if (!name.endsWith(unknownRest)) return;
    const owner = name.slice(0, -unknownRest.length);
    throw new UndeterminedError(`the SPF record of ${owner} is not known before it is created`);
  }

  /**
   * Whether the record may authorize an address of the plan that it doesn't derive from. One that is known may be written
   * in it. One not yet allocated gets in only by `a`, `mx` or `include`, so some record that leads to it has to be
   * there: the owner's A, its exchangers' A, or another SPF record. (The SPF record of a host's own name is for HELO, not
   * for inclusion.)
   */
  #mayAuthorizeOthers(owner: string, eips: readonly Eip[]): boolean {
    if (this.#addresses.hasAdopted) return true;
    const included = new Set(eips);
    const reachable = new Set([owner, ...this.#exchangers(owner)].flatMap((name) => this.#heldBy(name)));
    for (const eip of this.#plan.eips) {
      if (included.has(eip)) continue;
      if (typeof eip.publicIp === "string" || reachable.has(eip.urn)) return true;
      const mentions = [...this.#mentioning(eip.urn)];
      if (mentions.some((name) => name !== owner && !this.#heldBy(name).includes(eip.urn))) return true;
    }
    return false;
  }

  /**
   * The template with addresses in place of names in braces; `%{i}` is a macro of SPF and stays. Undefined if the
   * template doesn't name exactly the Elastic IPs that the record derives from: then it is another record's, or untrue.
   */
  #filled(template: string, eips: readonly Eip[]): string | undefined {
    const byName = new Map(eips.map((eip) => [eip.name, eip]));
    const named = new Set<string>();
    const text = template.replace(/(?<!%)\{([^{}\s]+)\}/g, (braces, name: string) => {
      named.add(name);
      const eip = byName.get(name);
      return eip === undefined ? braces : this.#addresses.ofEip(eip);
    });
    const exact = byName.size === eips.length && named.size === eips.length;
    return exact && [...named].every((name) => byName.has(name)) ? text : undefined;
  }

  /** The Elastic IPs that A records of `name` derive from, while they aren't known. */
  #heldBy(name: string): string[] {
    const records = this.#zones.at(name).filter(({ type }) => known(type) === "A");
    return records.flatMap((record) => this.#unknownEips(record));
  }

  #exchangers(owner: string): string[] {
    const records = this.#zones.at(owner).filter(({ type }) => known(type) === "MX");
    return records
      .flatMap(({ contents }) => known(contents) ?? [])
      .flatMap((content) => known(content) ?? []);
  }

  /** Owners of TXT records not yet known that derive from the Elastic IP. */
  #mentioning(eip: string): ReadonlySet<string> {
    this.#mentions ??= this.#allMentions();
    return this.#mentions.get(eip) ?? new Set();
  }

  #allMentions(): Map<string, Set<string>> {
    const mentions = new Map<string, Set<string>>();
    for (const record of this.#plan.records) {
      if (known(record.type) !== "TXT") continue;
      const owner = this.#zones.ownerOf(record);
      if (owner === undefined) continue;
      for (const eip of this.#unknownEips(record)) {
        mentions.set(eip, (mentions.get(eip) ?? new Set()).add(owner));
      }
    }
    return mentions;
  }

  /** URNs of the Elastic IPs that contents of the record not yet known derive from. */
  #unknownEips({ contents }: DnsRecord): string[] {
    const unknowns = isUnknown(contents) ? [contents] : (contents ?? []).filter(isUnknown);
    return this.#addresses.behind(unknowns.flatMap(({ dependsOn }) => dependsOn)).eips.map(({ urn }) => urn);
  }
}
