import { mailboxFault } from "./address.ts";

/**
 * Where reports go: `mailto:` with everything encoded that RFC 6068 2, the tag lists of DMARC (RFC 9989 4.7) or the
 * fields of TLSRPT (RFC 8460 3) forbid: `a!b@example.com` -> `mailto:a%21b@example.com`.
 * @throws RangeError if `address` is no mailbox
 */
export function mailtoUri(address: string): string {
  const fault = mailboxFault(address);
  if (fault !== undefined) throw new RangeError(`the report address "${address}" ${fault}`);
  const at = address.lastIndexOf("@");
  const localPart = address.slice(0, at).replace(/[^A-Za-z0-9._~+-]/g, percentEncoded);
  return `mailto:${localPart}@${address.slice(at + 1)}`;
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
