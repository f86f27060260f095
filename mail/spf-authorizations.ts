import { isIPv4, isIPv6 } from "node:net";
import { mergeCidr } from "cidr-tools";
import { normalizeName } from "./host-name.ts";
import type { OwnAddresses } from "./own-addresses.ts";
import { lookUp, type Answers, type RecordType, type Resolver, type Unknown } from "./resolver.ts";
import { isSpfRecord, spfTerms, type SpfTerm } from "./spf-terms.ts";

/** A term that authorizes more than it should, and the domain in whose record it stands. */
export interface SpfGrant {
  readonly term: string;
  readonly domain: string;
}

export interface SpfAuthorizations {
  /** The domain's SPF record, undefined if there is none or several. */
  readonly record: string | undefined;
  /** Terms that authorize every address there is, also in includes. */
  readonly everyone: readonly SpfGrant[];
  /** Terms of the domain's own record that authorize others than the plan's addresses. */
  readonly others: readonly SpfGrant[];
  /** A look-up that nobody could answer, so that there may be more. */
  readonly unknown: Unknown | undefined;
}

/** Records read at most. A record that needs more is a permanent error anyway. */
const mostRecords = 20;

/** Whom the SPF record of `domain` authorizes besides the plan's own addresses. Names that hold a macro are left out. */
export async function spfAuthorizations(
  domain: string,
  own: OwnAddresses,
  resolver: Resolver,
): Promise<SpfAuthorizations> {
  const survey = new Survey(own, resolver);
  const record = await survey.record(domain, true);
  return { record, ...survey.result(domain) };
}

class Survey {
  readonly #own: OwnAddresses;
  readonly #resolver: Resolver;
  readonly #everyone: SpfGrant[] = [];
  readonly #others: SpfGrant[] = [];
  readonly #networks: string[] = [];
  readonly #read = new Set<string>();
  #unknown: Unknown | undefined;

  constructor(own: OwnAddresses, resolver: Resolver) {
    this.#own = own;
    this.#resolver = resolver;
  }

  /** @param isOwn whether the record is the domain's own, by redirect too, and not one that it includes from elsewhere */
  async record(domain: string, isOwn: boolean): Promise<string | undefined> {
    if (this.#read.has(domain) || this.#read.size >= mostRecords) return undefined;
    this.#read.add(domain);
    const answers = await this.#ask(domain, "TXT");
    const records = answers.map((strings) => strings.join("")).filter(isSpfRecord);
    const [record] = records;
    if (record === undefined || records.length > 1) return undefined;
    for (const term of spfTerms(record)) {
      if (term.qualifier === "+") await this.#term(term, domain, isOwn);
    }
    return record;
  }

  result(domain: string): Omit<SpfAuthorizations, "record"> {
    const together = this.#networks.reduce((sum, network) => sum + sizeOf(network), 0);
    if (
      this.#everyone.length === 0 &&
      together >= 2 ** 32 &&
      mergeCidr(this.#networks).includes("0.0.0.0/0")
    ) {
      this.#everyone.push({ term: this.#networks.map((network) => `ip4:${network}`).join(" "), domain });
    }
    return { everyone: this.#everyone, others: this.#others, unknown: this.#unknown };
  }

  async #term(term: SpfTerm, domain: string, isOwn: boolean): Promise<void> {
    const grant = { term: term.text, domain };
    if (term.value.includes("%")) return;
    const name = term.value === "" ? domain : normalizeName(term.value);
    switch (term.kind) {
      case "all":
        this.#everyone.push(grant);
        return;
      case "include":
        // A record of one's own further down is still one's own.
        await this.record(name, isOwn && name.endsWith(`.${domain}`));
        return;
      case "redirect":
        await this.record(name, isOwn);
        return;
      case "ptr":
        if (isOwn) this.#others.push(grant);
        return;
      case "exists":
        // Without a macro the same name is asked for every client.
        if ((await this.#ask(name, "A")).length > 0) this.#everyone.push(grant);
        return;
      case "ip4":
      case "ip6":
        this.#addresses([term.value], term.prefix, grant, isOwn);
        return;
      case "a":
      case "mx": {
        const hosts =
          term.kind === "a"
            ? [name]
            : (await this.#ask(name, "MX")).map(({ exchange }) => normalizeName(exchange));
        const addresses = await Promise.all(
          hosts
            .filter((host) => host !== "")
            .slice(0, 10)
            .map((host) => this.#ask(host, "A")),
        );
        this.#addresses(addresses.flat(), term.prefix, grant, isOwn);
      }
    }
  }

  #addresses(
    addresses: readonly string[],
    prefix: number | undefined,
    grant: SpfGrant,
    isOwn: boolean,
  ): void {
    if (addresses.length > 0 && prefix === 0) {
      this.#everyone.push(grant);
      return;
    }
    const networks = addresses
      .filter((address) => isIPv4(address))
      .map((address) => `${address}/${prefix ?? 32}`);
    this.#networks.push(...networks);
    const ip6 = addresses
      .filter((address) => isIPv6(address))
      .map((address) => `${address}/${prefix ?? 128}`);
    if (isOwn && [...networks, ...ip6].some((network) => this.#isForeign(network))) this.#others.push(grant);
  }

  #isForeign(network: string): boolean {
    const address = network.replace(/\/(?:32|128)$/, "");
    return address.includes("/") ? !this.#own.fill(network) : this.#own.complete && !this.#own.has(address);
  }

  async #ask<T extends RecordType>(name: string, type: T): Promise<Answers[T]> {
    const lookup = await lookUp(this.#resolver, name, type);
    if (lookup.kind === "unknown") this.#unknown ??= lookup;
    return lookup.kind === "found" ? lookup.answers : [];
  }
}

/** How many addresses an IPv4 network has. */
function sizeOf(network: string): number {
  return 2 ** (32 - Number(network.slice(network.indexOf("/") + 1)));
}
