import {
  UndeterminedError,
  type Answers,
  type MxRecord,
  type RecordType,
  type Resolver,
} from "../mail/resolver.ts";
import { SymbolTable } from "../mail/symbol.ts";
import { addToPlan, Plan } from "./plan.ts";
import type { DnsRecord } from "./planned-resource.ts";
import { plannedZone, type PlannedZone } from "./planned-zone.ts";
import { known, type SeenResource } from "./property.ts";
import { ZoneIndex } from "./zone-index.ts";

/** A record just added, at its absolute name. */
export interface PlacedRecord {
  readonly owner: string;
  readonly type: string;
  readonly record: DnsRecord;
}

/**
 * The DNS records of an update that is under way, by their inputs. What is there is known; what isn't may come yet, so
 * nothing is ever absent.
 */
export class RecordsSoFar {
  readonly #plan = new Plan();
  readonly #zones = new ZoneIndex(this.#plan);
  readonly #zone: PlannedZone = plannedZone(this.#plan, {
    symbols: new SymbolTable(),
    zones: this.#zones,
    unmanaged: "undetermined",
  });

  /** Adds a record or a zone; the record if it is one and its name and type can be told. */
  add(resource: SeenResource): PlacedRecord | undefined {
    const before = this.#plan.records.length;
    addToPlan(this.#plan, resource);
    const record = this.#plan.records.length > before ? this.#plan.records.at(-1) : undefined;
    if (record === undefined) return undefined;
    const owner = this.#zones.ownerOf(record);
    const type = known(record.type);
    return owner === undefined || type === undefined ? undefined : { owner, type, record };
  }

  /** For questions whose answer stays true whatever comes: a proxied name, an alias, an address of a name. */
  readonly dns: Required<Resolver> = {
    resolve: async (name, type) => this.#seen(name, type),
    proxied: (name) => this.#zone.proxied(name),
  };

  /**
   * For SPF, where a disagreement must stay one. The text of a record is whole; but a name may get more addresses and
   * exchangers, which could permit what isn't permitted yet, so these are undetermined.
   */
  readonly texts: Resolver = {
    resolve: async (name, type) => {
      if (type !== "TXT") throw new UndeterminedError(`${name} may get more ${type} records`);
      return this.#seen(name, type);
    },
  };

  /** `dns` with one MX record of `domain` in place of all. */
  withExchanger(domain: string, exchanger: MxRecord): Required<Resolver> {
    return {
      ...this.dns,
      resolve: async <T extends RecordType>(name: string, type: T): Promise<Answers[T]> =>
        type === "MX" && name === domain ? ([exchanger] as unknown as Answers[T]) : this.#seen(name, type),
    };
  }

  /** `dns` with one PTR record, which the plan of inputs doesn't show: an address is an output. */
  withReverse(reverse: string, name: string): Required<Resolver> {
    return {
      ...this.dns,
      resolve: async <T extends RecordType>(asked: string, type: T): Promise<Answers[T]> =>
        type === "PTR" && asked === reverse ? ([name] as unknown as Answers[T]) : this.#seen(asked, type),
    };
  }

  async #seen<T extends RecordType>(name: string, type: T): Promise<Answers[T]> {
    try {
      return await this.#zone.resolve(name, type);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code !== "ENOTFOUND" && code !== "ENODATA") throw error;
      throw new UndeterminedError(`${name} may get a ${type} record yet`);
    }
  }
}
