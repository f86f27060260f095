import { UndeterminedError } from "../mail/resolver.ts";
import { isSymbol } from "../mail/symbol.ts";
import type { AddressBook } from "./address-book.ts";
import type { Plan } from "./plan.ts";
import type { DnsRecord, Eip } from "./planned-resource.ts";
import { isUnknown, known, type Unknown } from "./property.ts";
import type { ZoneIndex } from "./zone-index.ts";

/** Ends the names that texts of `PlannedSpf` ask for. No such domain can exist (RFC 6761 6.4). */
const unknownRest = "rest-not-known-yet.invalid";

/** What an SPF check asks of a record that isn't known: whether what isn't known of it authorizes an address. */
interface Question {
  readonly address: string;
  readonly owner: string;
}

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
   * The text of a TXT record whose content isn't known: the template that its MailRecords component registered; else
   * one that authorizes the addresses it derives from, such as
   * `v=spf1 ip4:240.0.0.1 exists:%{i}.example.com.rest-not-known-yet.invalid -all`, where the second term stands for
   * whatever else the record says (`refuse`). Undefined if the content derives from no Elastic IP: it is taken for a text
   * of another kind.
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
    return `v=spf1 ${terms.join(" ")} exists:%{i}.${owner}.${unknownRest} -all`;
  }

  /** The question in a name that a text of this class asks for, undefined for any other name. */
  question(name: string): Question | undefined {
    if (!name.endsWith(`.${unknownRest}`)) return undefined;
    const question = name.slice(0, -unknownRest.length - 1);
    const [, address = "", owner = ""] = /^(\d+\.\d+\.\d+\.\d+)\.(.+)$/.exec(question) ?? [];
    return { address, owner };
  }

  /**
   * Whether the record may authorize the address by what isn't known of it. An address that is known may be written in it.
   * One not yet allocated gets in only by `a`, `mx` or `include`, so some record that leads to it has to be there: the
   * owner's A, its exchangers' A, or another SPF record. (The SPF record of a host's own name is for HELO, not for
   * inclusion.)
   * @throws UndeterminedError if it may
   */
  refuse({ address, owner }: Question): void {
    const eip = isSymbol(address) ? this.#addresses.allocationOf(address) : undefined;
    if (
      eip === undefined ||
      this.#holds(owner, eip) ||
      this.#exchangers(owner).some((exchanger) => this.#holds(exchanger, eip)) ||
      [...this.#mentioning(eip)].some((name) => name !== owner && !this.#holds(name, eip))
    ) {
      throw new UndeterminedError(`the SPF record of ${owner} is not known before it is created`);
    }
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

  /** Whether `name` has an A record that derives from the Elastic IP. */
  #holds(name: string, eip: string): boolean {
    return this.#zones
      .at(name)
      .some((record) => known(record.type) === "A" && this.#unknownEips(record).includes(eip));
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
