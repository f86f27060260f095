import { isIPv4 } from "node:net";
import { canonicalName, reverseName } from "../dns/name.ts";
import { lookUp, valuesOf, type Resolve } from "./lookup.ts";

/** A name that the client's address claims, and whether the name owns up to it. */
export interface ClientName {
  readonly name: string;
  /** Its addresses of the client's family. */
  readonly addresses: readonly string[];
  /** Whether the client's address is among them. */
  readonly confirmed: boolean;
}

/** The "iprev" test (RFC 8601 section 3) and what it saw. */
export interface Iprev {
  /** pass: a name is confirmed; fail: none is; permerror: there is no name; temperror: can't be told now. */
  readonly result: "pass" | "fail" | "permerror" | "temperror";
  readonly names: readonly ClientName[];
}

/** An address with more names than this is read no further; RFC 7208 section 5.5 sets the same limit. */
const MAX_NAMES = 10;

/** Looks the client's names up and asks each for its addresses. */
export async function checkIprev(resolve: Resolve, address: string): Promise<Iprev> {
  const pointers = await lookUp(resolve, reverseName(address), "PTR");
  if (pointers.status === "absent") return { result: "permerror", names: [] };
  if (pointers.status === "failed") return { result: "temperror", names: [] };

  const family = isIPv4(address) ? "A" : "AAAA";
  const claims = pointers.values.slice(0, MAX_NAMES).map(async (pointer) => {
    const name = canonicalName(pointer);
    const forward = await lookUp(resolve, name, family);
    const addresses = valuesOf(forward);
    return { name, addresses, confirmed: addresses.includes(address), unknown: forward.status === "failed" };
  });
  const checked = await Promise.all(claims);
  const names = checked.map(({ name, addresses, confirmed }) => ({ name, addresses, confirmed }));
  if (names.some(({ confirmed }) => confirmed)) return { result: "pass", names };
  return { result: checked.some(({ unknown }) => unknown) ? "temperror" : "fail", names };
}
