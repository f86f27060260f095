import { isIP } from "node:net";
import { normalizeName, reverseName } from "../mail/host-name.ts";
import type { Sender } from "../mail/judge.ts";

/** The names that say who a sender is, and whose zones' own servers are asked: HELO name, domains, reverse names. */
export function ownNamesOf({ helo, mailFrom, from = mailFrom, addresses }: Sender): string[] {
  const domain = mailFrom.slice(mailFrom.lastIndexOf("@") + 1);
  const reversed = addresses.filter((address) => isIP(address) !== 0).map(reverseName);
  return [...new Set([helo, domain, from, ...reversed].map(normalizeName).filter((name) => name !== ""))];
}
