import { mailtoUri } from "./mailto-uri.ts";

/** Who hears how encryption to the domain's mail exchangers went (RFC 8460). */
export interface TlsRptOptions {
  /** Mail addresses that get the daily reports, at least one. */
  readonly rua: readonly string[];
}

/**
 * The text of the TXT record at `_smtp._tls.DOMAIN` (RFC 8460 3): `v=TLSRPTv1; rua=mailto:tls@example.com`.
 * @throws RangeError if there is no report address, or one is no mailbox
 */
export function tlsRptRecord({ rua }: TlsRptOptions): string {
  if (rua.length === 0) throw new RangeError("a TLSRPT record needs an address that reports go to");
  return `v=TLSRPTv1; rua=${rua.map(mailtoUri).join(",")}`;
}
