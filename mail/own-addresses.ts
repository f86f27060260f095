import { containsCidr, mergeCidr } from "cidr-tools";

/** The addresses of a plan or of one sender, in the one form in which addresses are compared. */
export class OwnAddresses {
  /** Whether these are all of the plan's, so that any other single address is foreign. */
  readonly complete: boolean;
  readonly #addresses: ReadonlySet<string>;
  #networks: string[] | undefined;

  constructor(addresses: Iterable<string>, complete: boolean) {
    this.#addresses = new Set(addresses);
    this.complete = complete;
  }

  has(address: string): boolean {
    return this.#addresses.has(address);
  }

  /** Whether every address of `network` (`192.0.2.0/24`) is among them. */
  fill(network: string): boolean {
    this.#networks ??= mergeCidr([...this.#addresses]);
    return containsCidr(this.#networks, network);
  }
}
