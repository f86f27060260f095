import { normalizeName } from "../host-name.ts";
import type { Inquiry } from "./inquiry.ts";

/**
 * The mail exchangers of the MAIL FROM domain, each once, in the order of preference. Empty where there are none, where
 * the domain says so itself (null MX, RFC 7505), and where nobody can say.
 */
export async function exchangersOf({ mailFrom, lookUp }: Inquiry): Promise<string[]> {
  if (mailFrom === "") return [];
  const lookup = await lookUp(mailFrom, "MX");
  if (lookup.kind !== "found") return [];
  const sorted = lookup.answers.toSorted((one, other) => one.priority - other.priority);
  return [...new Set(sorted.map(({ exchange }) => normalizeName(exchange)).filter((name) => name !== ""))];
}
