import type { PostfixOptions, Setting } from "./postfix.ts";

/**
 * The private key and the certificates of the SMTP servers in one PEM file, in this order, readable by root only. It has
 * to be there before Postfix starts, and is to be replaced as a whole; new connections have a new one within minutes.
 */
export const tlsChainPath = "/etc/postfix/okmail-tls.pem";

/** What a server that others reach needs on whatever port, empty if none listens outside. */
export function smtpServerSettings({ receivesMail, submission }: PostfixOptions): readonly Setting[] {
  return receivesMail || submission !== undefined ? reachable : [];
}

const reachable: readonly Setting[] = [
  ["smtpd_banner", "$myhostname ESMTP", "The name that the PTR record says, and nothing on the software."],
  ["smtpd_tls_security_level", "may", "Encrypts when the client can."],
  ["smtpd_tls_chain_files", tlsChainPath, "Key and certificates."],
  ["smtpd_tls_protocols", ">=TLSv1.2", "Older TLS is broken (RFC 8996)."],
  ["smtpd_tls_mandatory_protocols", "$smtpd_tls_protocols", "The same where TLS is a must."],
  ["smtpd_tls_loglevel", "1", "One line on each handshake."],
  ["smtpd_soft_error_limit", "3", "Who makes more mistakes waits a second for each answer."],
  ["smtpd_hard_error_limit", "10", "And is then cut off."],
];
