import { isIPv4 } from "node:net";
import type { Answers, RecordType, Resolver } from "./resolver.ts";

/**
 * First octets of the symbols' block, 240.0.0.0/5: the lower half of the addresses that RFC 1112 4 reserves, which
 * no host on the internet ever has.
 */
const symbolOctets = { first: 240, last: 247 };

/** From here on symbols stand for addresses of the sender's own pools (BYOIP, IPAM), whose networks people write down. */
const ownPoolOctet = 244;

/** How many addresses each half of the block has. */
const capacity = 2 ** 26;

/** An address of the block inside any text; not a part of a longer number such as 240.0.0.1.5 or 1240.0.0.1. */
const blockAddress = /(?<![\d.])(24[0-7])((?:\.\d{1,3}){3})(?!\.?\d)/g;

/** The same written backwards, as the reverse zone has it. */
const blockReverseName = /(?<![\d.])((?:\d{1,3}\.){3})(24[0-7])\.in-addr\.arpa/g;

/**
 * Whether `address` stands for an address that is not allocated yet. Only a `SymbolTable` gives out addresses of the
 * block, and what people write down never has one (`SymbolTable.written`), so the address alone tells.
 */
export function isSymbol(address: string): boolean {
  const octet = Number(address.slice(0, address.indexOf(".")));
  return octet >= symbolOctets.first && octet <= symbolOctets.last && isIPv4(address);
}

/** Whether `address` is a symbol for an address from a pool of the sender's own: a written network may hold it. */
export function isOwnPoolSymbol(address: string): boolean {
  return isSymbol(address) && Number(address.slice(0, address.indexOf("."))) >= ownPoolOctet;
}

/**
 * The addresses that a plan will have and does not have yet. Each is named by the Elastic IP it will come from and
 * stands in for it as an address of a reserved block, so that the DNS, SPF and the judge work on it as on any other:
 * `mail-okmail-address` -> 240.0.0.1. The same name has the same symbol throughout one table.
 */
export class SymbolTable {
  readonly #addresses = new Map<string, string>();
  readonly #names = new Map<string, string>();
  /** Addresses of the block that somebody wrote down, by what took their place. */
  readonly #moved = new Map<string, string>();

  /**
   * The symbol of the Elastic IP `name` (its logical name or URN), given out in the order of asking. Who asks first says
   * whether the address comes from a pool of the sender's own.
   */
  address(name: string, from: "amazon" | "own pool" = "amazon"): string {
    const known = this.#addresses.get(name);
    if (known !== undefined) return known;
    const number = this.#addresses.size + 1;
    if (number >= capacity) throw new RangeError("more than 67 million addresses are not allocated yet");
    const first = from === "amazon" ? symbolOctets.first : ownPoolOctet;
    const octets = [first + (number >>> 24), number >>> 16, number >>> 8, number];
    const address = octets.map((octet) => octet & 0xff).join(".");
    this.#addresses.set(name, address);
    this.#names.set(address, name);
    return address;
  }

  /** The Elastic IP that `address` stands for, undefined if it is no symbol of this table. */
  nameOf(address: string): string | undefined {
    return this.#names.get(address);
  }

  /**
   * The text that a template stands for, with symbols in place of names in braces.
   * `v=spf1 ip4:{mail-okmail-address} -all` -> `v=spf1 ip4:240.0.0.1 -all`
   */
  fill(template: string): string {
    return template.replace(/\{([^{}\s]+)\}/g, (_, name: string) => this.address(name));
  }

  /**
   * A text or address that people wrote down, with the block's addresses moved out of it: what is written down never
   * equals a symbol. 240.0.0.1 becomes 248.0.0.1, as reserved and useless as it was; messages show it as written.
   */
  written(text: string): string {
    return text.replace(blockAddress, (address, octet: string, rest: string) => {
      const elsewhere = `${Number(octet) + 8}${rest}`;
      this.#moved.set(elsewhere, address);
      return elsewhere;
    });
  }

  /**
   * A message for people: each symbol becomes `the address of Elastic IP mail-okmail-address`, inside an SPF term
   * `ip4:{mail-okmail-address}`, and each moved address what was written.
   */
  describe(text: string): string {
    return text
      .replace(blockReverseName, (reverse, octets: string, last: string) => {
        const name = this.#names.get(`${last}.${octets.slice(0, -1).split(".").reverse().join(".")}`);
        return name === undefined ? reverse : `the reverse name of the address of Elastic IP ${name}`;
      })
      .replace(blockAddress, (address, _octet, _rest, offset: number, whole: string) => {
        const name = this.#names.get(address);
        if (name === undefined) return address;
        return whole[offset - 1] === ":" ? `{${name}}` : `the address of Elastic IP ${name}`;
      })
      .replace(
        /(?<![\d.])2(?:4[89]|5[0-5])(?:\.\d{1,3}){3}(?!\.?\d)/g,
        (address) => this.#moved.get(address) ?? address,
      );
  }
}

/**
 * A resolver over what is written down or live, fit to answer next to symbols: `SymbolTable.written` on all its
 * addresses and texts.
 */
export function withoutSymbols(resolver: Resolver, symbols: SymbolTable): Resolver {
  const rewrite = (answers: unknown, type: RecordType): unknown => {
    if (type === "A") return (answers as Answers["A"]).map((address) => symbols.written(address));
    // The strings of a record are one text (RFC 7208 3.3); an address may go across two of them.
    if (type === "TXT")
      return (answers as Answers["TXT"]).map((strings) => [symbols.written(strings.join(""))]);
    return answers;
  };
  const resolve = async <T extends RecordType>(name: string, type: T): Promise<Answers[T]> =>
    rewrite(await resolver.resolve(name, type), type) as Answers[T];
  const proxied = resolver.proxied?.bind(resolver);
  return proxied === undefined ? { resolve } : { resolve, proxied };
}
