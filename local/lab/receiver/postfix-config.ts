/** What a receiver's Postfix is told. */
export interface ReceiverNames {
  /** Its own name: banner, authserv-id, certificate. */
  readonly hostname: string;
  /** The one domain it takes mail for, whatever the local part. */
  readonly domain: string;
  /** DNS blocklists that it asks about each client. */
  readonly blocklists: readonly string[];
}

/** Where things lie on the receiver's host. */
export const RECEIVER_PATHS = {
  folder: "/run/okmail",
  /** Sockets of the witness. */
  policy: "/run/okmail/policy.sock",
  spf: "/run/okmail/spf.sock",
  control: "/run/okmail/control.sock",
  certificate: "/run/okmail/certificate.pem",
  /** What OpenDMARC notes of each message. */
  history: "/run/okmail/dmarc/history",
  /** Holds the Maildir `inbox`. */
  mail: "/srv/mail",
} as const;

/** The folders of each kind of Postfix on the host. */
export const POSTFIX = {
  strict: { config: "/etc/postfix", queue: "/var/spool/postfix", data: "/var/lib/postfix" },
  sink: { config: "/etc/postfix-sink", queue: "/var/spool/postfix-sink", data: "/var/lib/postfix-sink" },
} as const;

/** Ports of the milters on the receiver's loopback, and of the sink behind the receiver's Postfix. */
export const RECEIVER_PORTS = { opendkim: 8892, opendmarc: 8893, sink: 10025 } as const;

/** The user whom the Maildir belongs to; nobody else is asked about mailboxes. */
export const MAILBOX_USER = 5000;

/** What strict and lenient receivers have in common. */
const common = ({ hostname, domain }: ReceiverNames) => `
compatibility_level = 3.10
myhostname = ${hostname}
mydestination =
local_recipient_maps =
alias_maps =
inet_protocols = ipv4
virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${RECEIVER_PATHS.mail}
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:${MAILBOX_USER}
virtual_gid_maps = static:${MAILBOX_USER}
virtual_mailbox_limit = 0
smtpd_tls_security_level = may
smtpd_tls_chain_files = ${RECEIVER_PATHS.certificate}
smtpd_relay_restrictions = reject_unauth_destination
# It sends nothing: a bounce would have nowhere to go.
default_transport = error:5.0.0 this receiver sends no mail
notify_classes =
# No limits of rate: all of the lab's mail comes from a few addresses.
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
`;

/**
 * main.cf of a strict receiver (postconf(5)). Everything is judged at RCPT TO, when all is known; what is wrong for good is refused for
 * good, where Postfix by itself would only defer.
 */
export function strictMainCf(names: ReceiverNames): string {
  const policy = (context: string) =>
    `check_policy_service { unix:${RECEIVER_PATHS.policy}, policy_context=${context} }`;
  const restrictions = [
    "reject_unauth_destination",
    policy("facts"),
    policy("mode"),
    ...names.blocklists.map((zone) => `reject_rbl_client ${zone}=127.0.0.[2..11]`),
    "reject_unknown_client_hostname",
    "reject_invalid_helo_hostname",
    "reject_non_fqdn_helo_hostname",
    "reject_unknown_helo_hostname",
    policy("helo"),
    "reject_unknown_sender_domain",
    `check_policy_service unix:${RECEIVER_PATHS.spf}`,
  ];
  return `${common(names)}
smtpd_helo_required = yes
smtpd_tls_loglevel = 1
unknown_client_reject_code = 550
unknown_hostname_reject_code = 550
unknown_address_reject_code = 550
smtpd_recipient_restrictions =
    ${restrictions.join(",\n    ")}
smtpd_milters = inet:127.0.0.1:${RECEIVER_PORTS.opendkim}, inet:127.0.0.1:${RECEIVER_PORTS.opendmarc}
milter_default_action = tempfail
enable_long_queue_ids = yes
# The whole dialogue is logged: "< client: RCPT TO:..." and "> client: 550 ...".
debug_peer_list = 0.0.0.0/0
debug_peer_level = 1
`;
}

/**
 * main.cf of a receiver that takes everything and throws it away before it touches a disk: what a bench sends to. TLS and SMTP are
 * Postfix's all the same.
 */
export function sinkMainCf(names: ReceiverNames): string {
  return `${common(names)}
queue_directory = ${POSTFIX.sink.queue}
data_directory = ${POSTFIX.sink.data}
smtpd_peername_lookup = no
default_process_limit = 200
`;
}

/** Services without a listener of their own (master(5)). No chroot: it would need a copy of resolv.conf. */
const SERVICES = `
pickup     unix n - n 60    1 pickup
cleanup    unix n - n -     0 cleanup
qmgr       unix n - n 300   1 qmgr
tlsmgr     unix - - n 1000? 1 tlsmgr
rewrite    unix - - n -     - trivial-rewrite
bounce     unix - - n -     0 bounce
defer      unix - - n -     0 bounce
trace      unix - - n -     0 bounce
verify     unix - - n -     1 verify
proxymap   unix - - n -     - proxymap
showq      unix n - n -     - showq
error      unix - - n -     - error
retry      unix - - n -     - error
virtual    unix - n n -     - virtual
anvil      unix - - n -     1 anvil
postlog    unix-dgram n - n - 1 postlogd
`;

/** An SMTP server process serves one client: a process caches the blocklists' answers as long as it lives. */
export const strictMasterCf = `smtp inet n - n - - smtpd -o max_use=1
${SERVICES}`;

export const sinkMasterCf = `smtp inet n - n - - smtpd -o smtpd_proxy_filter=127.0.0.1:${RECEIVER_PORTS.sink}
${SERVICES}`;
