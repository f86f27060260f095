import { reversedLabels } from "../dns/name.ts";
import { lookUp, valuesOf, type Resolve } from "./lookup.ts";

/** What a blocklist says of an address. */
export interface BlocklistResult {
  readonly zone: string;
  readonly result: "listed" | "clear" | "temperror";
  /** The list's words to the sender. */
  readonly reason?: string;
}

/**
 * Asks a DNS blocklist (RFC 5782 section 2.1): an A record within 127.0.0.0/8 means listed. Answers from 127.255.255.0/24
 * are how some lists say that they refuse to answer, and others are no answers of a list at all: neither is a listing.
 */
export async function checkBlocklist(
  resolve: Resolve,
  address: string,
  zone: string,
): Promise<BlocklistResult> {
  const name = `${reversedLabels(address)}.${zone}`;
  const answer = await lookUp(resolve, name, "A");
  if (answer.status === "failed") return { zone, result: "temperror" };
  const codes = valuesOf(answer).filter((code) => code.startsWith("127."));
  if (!codes.some((code) => !code.startsWith("127.255.255.")))
    return { zone, result: codes.length === 0 ? "clear" : "temperror" };
  const text = valuesOf(await lookUp(resolve, name, "TXT"))[0]?.join("");
  return { zone, result: "listed", ...(text !== undefined && { reason: text }) };
}
