import { normalizeName } from "../mail/host-name.ts";
import {
  dnsError,
  timeLimited,
  UndeterminedError,
  type Answers,
  type RecordType,
  type Resolver,
} from "../mail/resolver.ts";
import { withoutSymbols, type SymbolTable } from "../mail/symbol.ts";
import { AddressBook } from "./address-book.ts";
import type { Plan } from "./plan.ts";
import type { DnsRecord } from "./planned-resource.ts";
import { aliasAt, atNode, type AnswerContext, type Found } from "./planned-answer.ts";
import { PlannedSpf } from "./planned-spf.ts";
import { isUnknown, known } from "./property.ts";
import { ReverseZone } from "./reverse-zone.ts";
import { maxName } from "./zone-apex.ts";
import { ZoneIndex, type EnclosingZone } from "./zone-index.ts";

export interface PlannedZoneOptions {
  /** Names the addresses that aren't allocated yet. The same table serves `findSenders`. */
  readonly symbols: SymbolTable;
  /** The plan's records by name. @default a new index */
  readonly zones?: ZoneIndex;
  /**
   * Answers for names that the plan doesn't hold. Without it a name outside the plan's zones is undetermined.
   * @default the live DNS is not asked
   */
  readonly live?: Resolver | undefined;
  /** Limit of one live look-up in milliseconds. @default 5_000 */
  readonly liveTimeLimit?: number;
  /**
   * What a record is that the plan doesn't hold, in a zone of which it manages only some records: a zone named by its
   * id alone. Others may have been written there by hand.
   * - `absent`: a deploy carries its own records, so it is missing
   * - `undetermined`: nobody can tell
   *
   * With `live` the live DNS decides, whatever this says.
   * @default absent
   */
  readonly unmanaged?: "absent" | "undetermined";
}

/** A resolver that also knows which names are proxied. */
export type PlannedZone = Required<Resolver>;

/** Aliases that are followed one after the other, as most resolvers do. */
const maxAliases = 8;

/**
 * The plan as the DNS will be once it is deployed, with the contract of Node's `dns.promises.resolve`: A, AAAA, CNAME,
 * MX, TXT and NS from the plan's records, PTR from its EipDomainNames. An address not yet allocated is its symbol; what
 * can't be told is an `UndeterminedError`.
 *
 * The plan's zones are those it manages, and those it only puts records into by a zone id. What a zone of the second
 * kind is called, its records' names tell (`ApexEvidence`). Records that the plan holds at a name and type are taken to
 * be all there are.
 *
 * Records added to the plan later are answered too; addresses and PTRs are those of the time of this call.
 */
export function plannedZone(plan: Plan, options: PlannedZoneOptions): PlannedZone {
  const { symbols, zones = new ZoneIndex(plan), live, liveTimeLimit = 5_000, unmanaged = "absent" } = options;
  const addresses = new AddressBook(plan, symbols, zones);
  const spf = new PlannedSpf(plan, zones, addresses);
  const reverse = new ReverseZone(plan, addresses);
  const context: AnswerContext = { symbols, addresses, spf };
  const liveDns = live === undefined ? undefined : withoutSymbols(timeLimited(live, liveTimeLimit), symbols);

  async function resolve<T extends RecordType>(asked: string, type: T): Promise<Answers[T]> {
    let name = normalizeName(asked);
    for (let aliases = 0; aliases <= maxAliases; aliases++) {
      const found = await lookUp(name, type);
      if (found.kind === "answers") return found.answers;
      name = found.alias;
    }
    throw dnsError("ENODATA", `${type} ${asked}`); // A chain of aliases without an end holds no record.
  }

  async function lookUp<T extends RecordType>(name: string, type: T): Promise<Found<T>> {
    if (name.length > maxName || name === "") throw dnsError("EBADNAME", `${type} ${name}`);
    spf.refuse(name);
    const zone = zones.zoneOf(name);
    if (zone === undefined) return outside(name, type);
    const node = zones.node(name, zone.apex);
    const found = node.kind === "records" ? atNode(context, name, type, node.records) : undefined;
    return found ?? absent(name, type, zone, node.kind === "nothing" ? "ENOTFOUND" : "ENODATA");
  }

  async function outside<T extends RecordType>(name: string, type: T): Promise<Found<T>> {
    const names = type === "PTR" ? reverse.resolve(name, liveDns !== undefined) : undefined;
    if (names !== undefined) return { kind: "answers", answers: names as unknown as Answers[T] };
    const found = atNode(context, name, type, zones.at(name));
    if (found !== undefined) return found;
    const maybe = zones.maybe(name, type);
    if (maybe !== undefined) throw mayBe(maybe);
    if (liveDns === undefined)
      throw new UndeterminedError(`${name} lies outside the plan's zones, and the live DNS is not asked`);
    return { kind: "answers", answers: await liveDns.resolve(name, type) };
  }

  async function absent<T extends RecordType>(
    name: string,
    type: T,
    { declared }: EnclosingZone,
    code: "ENOTFOUND" | "ENODATA",
  ): Promise<Found<T>> {
    const maybe = zones.maybe(name, type);
    if (maybe !== undefined) throw mayBe(maybe);
    if (!declared && liveDns !== undefined)
      return { kind: "answers", answers: await liveDns.resolve(name, type) };
    if (!declared && unmanaged === "undetermined")
      throw new UndeterminedError(`${name} may have a ${type} record that the plan doesn't manage`);
    throw dnsError(code, `${type} ${name}`);
  }

  function proxied(asked: string): boolean {
    let name = normalizeName(asked);
    for (let aliases = 0; aliases <= maxAliases; aliases++) {
      const zone = zones.zoneOf(name);
      const node = zone === undefined ? undefined : zones.node(name, zone.apex);
      const records = node?.kind === "records" ? node.records.filter(leadsToAddress) : [];
      if (records.some((record) => record.proxied === true)) return true;
      const unknown = records.find((record) => isUnknown(record.proxied));
      if (unknown !== undefined)
        throw new UndeterminedError(`whether ${unknown.name} is proxied is not known before it is created`);
      const alias = aliasAt(context, name, "A", records);
      if (alias === undefined) return false;
      name = alias;
    }
    return false;
  }

  return {
    resolve,
    // What throws in here, rejects.
    proxied: (name) => new Promise((settle) => settle(proxied(name))),
  };
}

/** Only such records can be proxied. */
function leadsToAddress({ type }: DnsRecord): boolean {
  return ["A", "AAAA", "CNAME"].includes(known(type) ?? "");
}

function mayBe(record: DnsRecord): UndeterminedError {
  return new UndeterminedError(`the name or type of ${record.name} is not known before it is created`);
}
