import { isIPv4 } from "node:net";
import { providerDefaultName } from "../mail/host-name.ts";
import { dnsError, UndeterminedError } from "../mail/resolver.ts";
import { isSymbol } from "../mail/symbol.ts";
import type { AddressBook } from "./address-book.ts";
import type { Plan } from "./plan.ts";
import { known, isUnknown, type Value } from "./property.ts";

/** The reverse names of the plan's addresses: AWS holds that zone, and an EipDomainName asks it for a name. */
export class ReverseZone {
  readonly #plan: Plan;
  readonly #addresses: AddressBook;
  readonly #requests = new Map<string, Value<string>[]>();

  constructor(plan: Plan, addresses: AddressBook) {
    this.#plan = plan;
    this.#addresses = addresses;
    for (const { allocation, domainName } of plan.eipDomainNames) {
      const key = plan.eips.keyOf(allocation);
      if (key !== undefined) this.#requests.set(key, [...(this.#requests.get(key) ?? []), domainName]);
    }
  }

  /**
   * The PTR of a reverse name: what an EipDomainName asks for, else AWS's own name for the address. Undefined if the
   * plan doesn't decide it: the address is none of the plan's, or adopted without a request for a name; or nothing asks
   * for a name and the live DNS may tell whether somebody did by hand.
   * @throws ENOTFOUND if there is none yet, UndeterminedError if it can't be told
   */
  resolve(name: string, liveMayTell: boolean): string[] | undefined {
    const address = addressOf(name);
    const allocation = address === undefined ? undefined : this.#addresses.allocationOf(address);
    if (address === undefined || allocation === undefined) return undefined;
    const requests = this.#requests.get(allocation);
    if (requests !== undefined) return [requestedName(address, requests)];
    const eip = this.#plan.eips.get(allocation);
    if (eip === undefined || (liveMayTell && !isSymbol(address))) return undefined;
    const ptr = known(eip.ptrRecord);
    if (ptr !== undefined && ptr !== known(eip.publicDns) && providerDefaultName(ptr) === undefined)
      throw new UndeterminedError(
        `the PTR of ${address} was ${ptr} when AWS was last asked, but no EipDomainName of the plan keeps it`,
      );
    const standard = known(eip.publicDns);
    if (standard === undefined) throw dnsError("ENOTFOUND", `PTR ${name}`);
    return [standard];
  }
}

function requestedName(address: string, requests: readonly Value<string>[]): string {
  const names = new Set(requests);
  const [only, ...others] = names;
  if (others.length > 0)
    throw new UndeterminedError(`several EipDomainNames ask for the PTR of ${address}; one of them wins`);
  if (isUnknown(only)) throw new UndeterminedError(`the PTR that ${address} is to get is not known yet`);
  if (only === undefined) throw new UndeterminedError(`the EipDomainName for ${address} gives no name`);
  return only;
}

/** `10.2.0.192.in-addr.arpa` -> `192.0.2.10` */
function addressOf(name: string): string | undefined {
  const [, octets] = /^((?:\d+\.){4})in-addr\.arpa$/.exec(name) ?? [];
  const address = octets?.slice(0, -1).split(".").reverse().join(".");
  return address !== undefined && isIPv4(address) ? address : undefined;
}
