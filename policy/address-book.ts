import { isIPv4 } from "node:net";
import type { SymbolTable } from "../mail/symbol.ts";
import type { Plan } from "./plan.ts";
import type { Eip } from "./planned-resource.ts";
import { known, type Link, type Value } from "./property.ts";
import type { ZoneIndex } from "./zone-index.ts";

/** A static address that mail may leave from. */
export interface StaticAddress {
  /** IPv4, or a symbol for one that is not allocated yet. */
  readonly address: string;
  /** The Elastic IP, if the plan manages it; undefined for one that it only adopts. */
  readonly eip: Eip | undefined;
}

/**
 * The addresses of Elastic IPs. One that the plan allocates is a symbol until it is known. One that it adopts by its
 * allocation id is no symbol: its address stands elsewhere in the plan, or can't be told.
 */
export class AddressBook {
  readonly #plan: Plan;
  readonly #symbols: SymbolTable;
  readonly #zones: ZoneIndex;
  readonly #adopted: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #allocations: ReadonlyMap<string, string>;

  constructor(plan: Plan, symbols: SymbolTable, zones: ZoneIndex) {
    this.#plan = plan;
    this.#symbols = symbols;
    this.#zones = zones;
    this.#adopted = this.#adoptedAddresses();
    this.#allocations = new Map([
      ...Array.from(this.#adopted, ([key, addresses]) =>
        [...addresses].map((address) => [address, key] as const),
      ).flat(),
      ...Array.from(plan.eips, (eip) => [this.ofEip(eip), eip.urn] as const),
    ]);
  }

  /** The address of an Elastic IP of the plan. */
  ofEip(eip: Eip): string {
    return typeof eip.publicIp === "string"
      ? this.#symbols.written(eip.publicIp)
      : this.#symbols.address(this.symbolName(eip), eip.fromOwnPool ? "own pool" : "amazon");
  }

  /** What the Elastic IP is called in symbols: its logical name, or its URN where others share that. */
  symbolName(eip: Eip): string {
    return this.#plan.eips.named(eip.name).length > 1 ? eip.urn : eip.name;
  }

  /** The address that an allocation id stands for; undefined if the plan doesn't tell. */
  ofAllocation(allocation: Link): StaticAddress | undefined {
    const eip = this.#plan.eips.follow(allocation);
    if (eip !== undefined) return { address: this.ofEip(eip), eip };
    const key = this.#plan.eips.keyOf(allocation);
    const addresses = key === undefined ? undefined : this.#adopted.get(key);
    const [address, ...others] = addresses ?? [];
    return address === undefined || others.length > 0 ? undefined : { address, eip: undefined };
  }

  /** Whether the plan uses Elastic IPs that it doesn't manage. */
  get hasAdopted(): boolean {
    return this.#adopted.size > 0;
  }

  /** An address that is written down. */
  ofAddress(address: string): StaticAddress {
    const written = this.#symbols.written(address);
    return { address: written, eip: this.#plan.eips.get(this.allocationOf(written) ?? "") };
  }

  /**
   * The allocation that `address` comes from: the key of its links (`Registry.keyOf`), undefined if it is none of the
   * plan's.
   */
  allocationOf(address: string): string | undefined {
    return this.#allocations.get(address);
  }

  /**
   * The Elastic IPs whose addresses a value derives from, by way of associations and NAT gateways too, and whether
   * it derives from nothing else.
   */
  behind(urns: readonly string[]): { readonly eips: readonly Eip[]; readonly alone: boolean } {
    const eips = new Set<Eip>();
    let alone = urns.length > 0;
    for (const urn of urns) {
      const found = this.#eipsOf(urn);
      for (const eip of found) eips.add(eip);
      alone &&= found.length > 0;
    }
    return { eips: [...eips], alone };
  }

  #eipsOf(urn: string): Eip[] {
    const eip = this.#plan.eips.get(urn);
    if (eip !== undefined) return [eip];
    const association = this.#plan.eipAssociations.get(urn)?.allocation;
    const allocations =
      association === undefined ? this.#plan.natGateways.get(urn)?.allocations : [association];
    return (allocations ?? []).flatMap((allocation) => this.#plan.eips.follow(allocation) ?? []);
  }

  #adoptedAddresses(): Map<string, Set<string>> {
    const { eips, eipAssociations, declaredAddresses, natGateways, eipDomainNames } = this.#plan;
    const found = new Map<string, Set<string>>();
    const add = (allocation: Link, address: Value<string>): void => {
      const key = eips.keyOf(allocation);
      const written = known(address);
      if (key === undefined || written === undefined || !isIPv4(written)) return;
      found.set(key, (found.get(key) ?? new Set()).add(this.#symbols.written(written)));
    };
    for (const { allocation, publicIp } of eipAssociations) add(allocation, publicIp);
    for (const { allocation, publicIp } of declaredAddresses) add(allocation, publicIp);
    for (const { allocations, publicIp } of natGateways) {
      const [only, ...others] = allocations.filter((allocation) => eips.keyOf(allocation) !== undefined);
      if (only !== undefined && others.length === 0) add(only, publicIp);
    }
    // AWS grants a PTR only to a name whose A record already is the address: so that record tells it.
    for (const { allocation, domainName } of eipDomainNames) {
      const key = eips.keyOf(allocation);
      if (key === undefined || found.has(key)) continue;
      const records = this.#zones.at(known(domainName) ?? "").filter(({ type }) => known(type) === "A");
      const contents = records.flatMap(({ contents }) => known(contents) ?? []);
      const [only, ...others] = contents;
      if (others.length === 0) add(allocation, only);
    }
    return found;
  }
}
