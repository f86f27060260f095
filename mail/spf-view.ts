import { reverseName } from "./host-name.ts";
import {
  dnsError,
  failedLookup,
  UndeterminedError,
  type Answers,
  type RecordType,
  type Resolver,
  type Unknown,
} from "./resolver.ts";
import type { SpfResolve } from "./spf-evaluation.ts";
import { isSpfRecord, replaceNetworks, spfTerms } from "./spf-terms.ts";
import { isOwnPoolSymbol, isSymbol } from "./symbol.ts";

/** A look-up that nobody could answer. */
export interface UnknownAnswer extends Unknown {
  readonly type: RecordType;
}

/** The DNS as one SPF evaluation sees it, and what the evaluation has seen of it. */
export interface SpfView {
  readonly resolve: SpfResolve;
  /** The SPF records read, as published, by domain and in order. */
  readonly records: ReadonlyMap<string, readonly string[]>;
  /** Every question that reached the DNS: `TXT example.com`. */
  readonly asked: readonly string[];
  /** Those of them that found nothing. */
  readonly voids: readonly string[];
  /** What nobody could answer. */
  readonly unknowns: readonly UnknownAnswer[];
  /** Written networks, as terms of the records read, that may hold the client once it is allocated. */
  readonly possible: readonly string[];
  /** The hosts of each set of mail exchangers read, by domain. A null MX has none. */
  readonly exchanges: ReadonlyMap<string, readonly string[]>;
}

/**
 * The DNS for the evaluation of `client`, true but for one thing: all that is known of addresses not allocated yet is
 * which of them are the same. So a symbol shares a network with no other address. Written networks hold no symbol
 * unless they hold everybody (or may hold it, see `possible`), and addresses of other hosts stand in the half of the address space where `client` isn't.
 */
export function spfView(client: string, resolver: Resolver): SpfView {
  const records = new Map<string, readonly string[]>();
  const asked: string[] = [];
  const voids: string[] = [];
  const unknowns: UnknownAnswer[] = [];
  const possible: string[] = [];
  const exchanges = new Map<string, readonly string[]>();

  const fromOwnPool = isOwnPoolSymbol(client);
  const clientIsSymbol = isSymbol(client);
  const elsewhere = Number(client.split(".")[0]) >= 128 ? "0.0.0.0" : "255.255.255.255";
  const standIn = (address: string): string =>
    address !== client && (clientIsSymbol || isSymbol(address)) ? elsewhere : address;

  /** Macros put the client's address into names (RFC 7208 7.2). The reverse name is one that a plan does know. */
  const refuseUnknowable = (name: string): void => {
    if (!clientIsSymbol || name === reverseName(client)) return;
    if (![client, client.split(".").reverse().join(".")].some((address) => name.includes(address))) return;
    throw new UndeterminedError(`the name ${name} depends on an address that is not allocated yet`);
  };

  const read = <T extends RecordType>(name: string, type: T, answers: Answers[T]): unknown => {
    if (type === "A") return (answers as Answers["A"]).map(standIn);
    if (type === "MX") {
      const hosts = (answers as Answers["MX"]).map(({ exchange }) => exchange.replace(/\.$/, ""));
      exchanges.set(
        name,
        hosts.filter((host) => host !== ""),
      );
    }
    if (type !== "TXT") return answers;
    const texts = (answers as Answers["TXT"]).map((strings) => strings.join(""));
    const published = texts.filter(isSpfRecord);
    if (published.length > 0) records.set(name, published);
    if (fromOwnPool) possible.push(...published.flatMap(writtenNetworks));
    return texts.map((text) => [replaceNetworks(text, standIn)]);
  };

  const resolve: SpfResolve = async (name, rrtype) => {
    const type = rrtype as RecordType;
    asked.push(`${type} ${name}`);
    try {
      refuseUnknowable(name);
      const answers = await resolver.resolve(name, type);
      // mailauth doesn't count an empty answer as a void look-up, only this error.
      if (answers.length === 0) throw dnsError("ENODATA", `${type} ${name}`);
      return read(name, type, answers) as string[] | string[][];
    } catch (error) {
      const lookup = failedLookup(error, name, type);
      if (lookup.kind === "absent") voids.push(`${type} ${name}`);
      else unknowns.push({ type, why: lookup.why, undetermined: lookup.undetermined });
      throw error;
    }
  };
  return { resolve, records, asked, voids, unknowns, possible, exchanges };
}

/** The networks of more than one address that the record permits in so many words. */
function writtenNetworks(record: string): string[] {
  return spfTerms(record)
    .filter(({ kind, qualifier, prefix = 32 }) => kind === "ip4" && qualifier === "+" && prefix < 32)
    .map(({ text }) => text);
}
