import { blocks, type Finding, type RuleId } from "../mail/finding.ts";
import { normalizeName, reverseName } from "../mail/host-name.ts";
import { judge } from "../mail/judge.ts";
import type { Resolver } from "../mail/resolver.ts";
import { SymbolTable } from "../mail/symbol.ts";
import { joinTxt } from "../mail/txt.ts";
import { readPlan } from "./plan.ts";
import { known, type SeenResource } from "./property.ts";
import { RecordsSoFar, type PlacedRecord } from "./records-so-far.ts";
import { reportOf } from "./report.ts";
import type { Report } from "./rules/mail-rule.ts";
import { findSenders, type HostSender } from "./senders.ts";

const instanceType = "aws:ec2/instance:Instance";
const reverseType = "aws:ec2/eipDomainName:EipDomainName";
/** What an SPF record at the MAIL FROM domain decides, and one at the HELO name. */
const domainRules: readonly RuleId[] = ["spf-is-valid", "spf-permits-address", "spf-not-too-wide"];
const heloRules: readonly RuleId[] = ["spf-is-valid", "spf-permits-helo", "spf-not-too-wide"];
const spfRules: readonly RuleId[] = [...new Set([...domainRules, ...heloRules])];

/**
 * Judges each resource of an update right before it is created, by the inputs of those before it. A record or a mail host
 * that disagrees with what is known so far is refused: of two that disagree the second never comes to be, whichever it
 * is. What can't be told yet passes; the judgement of the whole stack sees it.
 *
 * A host's address is an output, which nobody sees here. But the A record of its HELO name is made from it, as is the tag
 * mail:address.
 */
export class BeforeCreation {
  readonly #symbols = new SymbolTable();
  readonly #records = new RecordsSoFar();
  readonly #byHelo = new Map<string, HostSender[]>();
  readonly #byDomain = new Map<string, HostSender[]>();
  /** Domains of senders by the names that take their mail. */
  readonly #domainsOfExchanger = new Map<string, Set<string>>();

  /** HELO names that resolve to an address, and the name that it has in the reverse zone. */
  readonly #heloNames = new Map<string, Set<string>>();
  readonly #reverseNames = new Map<string, string>();

  readonly #told = new Set<string>();

  /** What disagrees because of `resource`. Remembers it. */
  async judge(resource: SeenResource): Promise<Report[]> {
    const findings = await this.#findings(resource);
    return findings.filter(blocks).flatMap((finding) => {
      const report = reportOf(finding, resource.urn, this.#symbols);
      // What is refused stays remembered; what comes after it is not to blame.
      const key = `${finding.rule} ${finding.subject.host ?? ""} ${finding.message}`;
      if (report === undefined || this.#told.has(key)) return [];
      this.#told.add(key);
      return [report];
    });
  }

  #findings(resource: SeenResource): Promise<Finding[]> {
    switch (resource.type) {
      case instanceType:
        return this.#judgeInstance(resource);
      case reverseType:
        return this.#judgeReverse(resource);
      default:
        return this.#judgeRecord(resource);
    }
  }

  async #judgeInstance(resource: SeenResource): Promise<Finding[]> {
    const { senders } = findSenders(readPlan([resource]), this.#symbols);
    const judged = senders.map(async (sender) => {
      push(this.#byHelo, normalizeName(sender.helo), sender);
      push(this.#byDomain, normalizeName(sender.mailFrom), sender);
      return [
        ...(await judge(sender, this.#records.dns, { only: ["helo-is-host-name"] })),
        ...(await this.#judgeAddresses(sender)),
        ...(await this.#judgeReverseNames(sender)),
        ...(await this.#judgeSpf(sender)),
        ...(await judge(sender, this.#records.dns, { only: ["mx-resolves", "mail-name-not-proxied"] })),
      ];
    });
    return (await Promise.all(judged)).flat();
  }

  async #judgeRecord(resource: SeenResource): Promise<Finding[]> {
    const placed = this.#records.add(resource);
    if (placed === undefined) return [];
    switch (placed.type) {
      case "A":
      case "AAAA":
      case "CNAME":
        return this.#judgeName(placed);
      case "TXT":
        return mayBeSpf(placed) ? this.#judgeText(placed.owner) : [];
      case "MX":
        return this.#judgeExchangers(placed);
      default:
        return [];
    }
  }

  /** The HELO name or a mail exchanger gets an address, or becomes an alias. */
  async #judgeName({ owner: name, record }: PlacedRecord): Promise<Finding[]> {
    const hosts = (this.#byHelo.get(name) ?? []).map(async (sender) => [
      ...(await judge(sender, this.#records.dns, { only: ["mail-name-not-proxied"] })),
      ...(await this.#judgeAddresses(sender)),
      ...(await this.#judgeReverseNames(sender)),
      // SPF was there first; which of the two is wrong, nobody can tell.
      ...(await this.#judgeSpf(sender)).map((finding) => ({
        ...finding,
        fix: `${finding.fix ?? ""} Or correct the address in ${record.name}, if that is what is wrong.`,
      })),
    ]);
    const exchangers = [...(this.#domainsOfExchanger.get(name) ?? [])].map((domain) =>
      this.#judgeExchanger(domain, name),
    );
    return (await Promise.all([...hosts, ...exchangers])).flat();
  }

  /** A domain gets an SPF record. */
  async #judgeText(name: string): Promise<Finding[]> {
    const judged = [
      ...(this.#byDomain.get(name) ?? []).map((sender) => this.#judgeSpf(sender, domainRules)),
      ...(this.#byHelo.get(name) ?? []).map((sender) => this.#judgeSpf(sender, heloRules)),
    ];
    return (await Promise.all(judged)).flat();
  }

  async #judgeExchangers({ owner, record }: PlacedRecord): Promise<Finding[]> {
    const exchangers = (known(record.contents) ?? []).flatMap((content) => {
      const text = known(content)?.trim();
      return text === undefined ? [] : [normalizeName(text.replace(/^\d+\s+/, ""))];
    });
    for (const exchanger of exchangers) {
      const domains = this.#domainsOfExchanger.get(exchanger) ?? new Set();
      this.#domainsOfExchanger.set(exchanger, domains.add(owner));
    }
    return (await Promise.all(exchangers.map((exchanger) => this.#judgeExchanger(owner, exchanger)))).flat();
  }

  /** Hosts of one domain share its exchangers: judged for the first of them, and each exchanger by itself. */
  async #judgeExchanger(domain: string, exchange: string): Promise<Finding[]> {
    const [sender] = this.#byDomain.get(domain) ?? [];
    if (sender === undefined) return [];
    const dns = this.#records.withExchanger(domain, { exchange, priority: 0 });
    return judge(sender, dns, { only: ["mx-resolves", "mail-name-not-proxied"] });
  }

  /** Whether the HELO name leads to an address that the host is known to have. */
  async #judgeAddresses(sender: HostSender): Promise<Finding[]> {
    const addresses = sender.addresses.length > 0 ? sender.addresses : await this.#addressesOf(sender.helo);
    return agreeingOnOne(sender, addresses, this.#records.dns, ["a-matches-address"]);
  }

  /** An address gets a reverse name. AWS grants it only to a name that resolves to the address already. */
  async #judgeReverse(resource: SeenResource): Promise<Finding[]> {
    const [reverse] = readPlan([resource]).eipDomainNames;
    const name = normalizeName(known(reverse?.domainName) ?? "");
    const findings: Promise<Finding[]>[] = [];
    for (const address of await this.#addressesOf(name)) {
      this.#reverseNames.set(address, name);
      for (const helo of this.#heloNames.get(address) ?? [])
        for (const sender of this.#byHelo.get(helo) ?? []) findings.push(this.#judgeReverseNames(sender));
    }
    return (await Promise.all(findings)).flat();
  }

  /** Whether one of the addresses of the HELO name has it as its reverse name, or still may: one is the host's own. */
  async #judgeReverseNames(sender: HostSender): Promise<Finding[]> {
    const helo = normalizeName(sender.helo);
    const addresses = await this.#addressesOf(helo);
    for (const address of addresses)
      this.#heloNames.set(address, (this.#heloNames.get(address) ?? new Set()).add(helo));
    let first: Finding[] = [];
    for (const address of addresses) {
      const name = this.#reverseNames.get(address);
      if (name === undefined) return [];
      const findings = await this.#judgeReverseName(sender, address, name);
      if (!findings.some(blocks)) return [];
      if (first.length === 0) first = findings;
    }
    return first;
  }

  #judgeReverseName(sender: HostSender, address: string, name: string): Promise<Finding[]> {
    const dns = this.#records.withReverse(reverseName(address), name);
    return judge({ ...sender, addresses: [address] }, dns, { only: ["ptr-matches-helo"] });
  }

  /** Whether SPF permits an address of the HELO name; with none seen yet, whether it is valid for any. */
  async #judgeSpf(sender: HostSender, only = spfRules): Promise<Finding[]> {
    const seen = await this.#addressesOf(sender.helo);
    const addresses = seen.length > 0 ? seen : sender.addresses;
    if (addresses.length > 0) return agreeingOnOne(sender, addresses, this.#records.texts, only);
    return judge({ ...sender, addresses: [nobody] }, this.#records.texts, {
      only: ["spf-is-valid", "spf-not-too-wide"],
    });
  }

  async #addressesOf(name: string): Promise<readonly string[]> {
    const { resolve, proxied } = this.#records.dns;
    try {
      return (await proxied(name)) ? [] : await resolve(name, "A");
    } catch {
      return []; // Not known yet.
    }
  }
}

/** An address that nobody sends from, in place of one not known yet: a fault of the record itself shows with any. */
const nobody = "255.255.255.255";

/**
 * Findings about the address that fares best: a name or host with several addresses agrees if one of them does, since
 * records for the others may come yet.
 */
async function agreeingOnOne(
  sender: HostSender,
  addresses: readonly string[],
  dns: Resolver,
  only: readonly RuleId[],
): Promise<Finding[]> {
  let first: Finding[] = [];
  for (const address of addresses) {
    const findings = await judge({ ...sender, addresses: [address] }, dns, { only });
    if (!findings.some(blocks)) return findings;
    if (first.length === 0) first = findings;
  }
  return first;
}

function mayBeSpf({ record: { contents } }: PlacedRecord): boolean {
  return (known(contents) ?? []).some((content) => /^\s*v=spf1/i.test(joinTxt(known(content) ?? "")));
}

function push(table: Map<string, HostSender[]>, key: string, sender: HostSender): void {
  const found = table.get(key);
  if (found === undefined) table.set(key, [sender]);
  else found.push(sender);
}
