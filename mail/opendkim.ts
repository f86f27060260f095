/** Where Postfix finds OpenDKIM, as Postfix writes it and as OpenDKIM writes it. */
export const milterSocket = "inet:127.0.0.1:8891";
const openDkimSocket = "inet:8891@127.0.0.1";

/** What OpenDKIM signs and with which key. */
export interface OpenDkimOptions {
  /** The signing domain (d=). */
  readonly domain: string;
  /** The host's own name, whose mail is signed for the domain too. */
  readonly helo: string;
  /** The selector (s=). */
  readonly selector: string;
}

/** A file of the host. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
}

/** Path of the private key on the host, in the folder that Debian's package has for keys (0700, opendkim). */
export function dkimKeyPath(selector: string): string {
  return `/etc/dkimkeys/${selector}.pem`;
}

/**
 * OpenDKIM's configuration (opendkim.conf(5)) for signing only. The key stands in a key table, which is read for each
 * message: so OpenDKIM starts without the key, answers "try again" until it is there, and takes a new one at once.
 */
export function openDkimFiles({ domain, helo, selector }: OpenDkimOptions): HostFile[] {
  return [
    {
      path: "/etc/opendkim.conf",
      content: `# Signs, and verifies nothing: so it needs no DNS.
Mode s
Socket ${openDkimSocket}
UserID opendkim
UMask 007
PidFile /run/opendkim/opendkim.pid
Syslog yes
SyslogSuccess yes

# Which sender is signed with which key.
SigningTable refile:/etc/opendkim/signing.table
KeyTable file:/etc/opendkim/key.table
SignatureAlgorithm rsa-sha256
# Survives changed white space (RFC 6376 3.4).
Canonicalization relaxed/relaxed
# Nobody can add a second From (RFC 6376 8.15).
OversignHeaders From
`,
    },
    {
      path: "/etc/opendkim/key.table",
      content: `okmail ${domain}:${selector}:${dkimKeyPath(selector)}\n`,
    },
    {
      path: "/etc/opendkim/signing.table",
      content: `*@${domain} okmail\n*@${helo} okmail\n`,
    },
  ];
}
