import type { SubmissionOptions } from "./host/options.ts";
import type { HostPart } from "./host-part.ts";
import { renderMainCf, type MainCf } from "./main-cf.ts";
import { milters, type SignerKey } from "./opendkim.ts";
import { inboundSettings } from "./postfix-inbound.ts";
import { postfixMasterCf } from "./postfix-master-cf.ts";
import { smtpServerSettings } from "./postfix-server.ts";
import { submissionSettings } from "./submission.ts";
import { transportSettings } from "./transports.ts";

export { expand, parseMainCf, renderMainCf, type MainCf } from "./main-cf.ts";
export { forwardFault } from "./postfix-inbound.ts";

/** What a sending host's Postfix has to know. */
export interface PostfixOptions {
  /** The host's name to the world: HELO, banner, Received. Equal to the name in its address's PTR record. */
  readonly helo: string;
  /** The domain whose mail it sends. */
  readonly domain: string;
  /** Whether the domain's MX is this host, so that bounces and replies come here. Without it nothing listens outside. */
  readonly receivesMail: boolean;
  /**
   * Where a receiving host forwards accepted mail and the system's own mail. Not an address of this domain.
   * @default - a mailbox on the host, /var/mail/mail
   */
  readonly bounceAddress?: string | undefined;
  /**
   * Addresses of the domain that accept mail, besides postmaster, abuse and bounces. `name+anything` counts as `name`.
   * @default []
   */
  readonly acceptedAddresses?: readonly string[] | undefined;
  /**
   * The keys that sign, which decide how many signers mail passes.
   * @default - one RSA key
   */
  readonly dkim?: readonly SignerKey[] | undefined;
  /**
   * Who may send through the host on ports 587 and 465.
   * @default - nothing listens there
   */
  readonly submission?: SubmissionOptions | undefined;
}

/** A line of main.cf and why it is there. */
export type Setting = readonly [name: string, value: string, reason: string];

/**
 * Postfix of a host. Before it starts, the file at `tlsChainPath` has to be there if a server listens outside.
 * @throws RangeError for an option that is invalid, see `postfixSettings`
 */
export function postfixPart(options: PostfixOptions): HostPart {
  return {
    packages: ["ca-certificates", "postfix"],
    services: ["postfix.service"],
    files: [
      { path: "/etc/postfix/main.cf", content: postfixMainCf(options) },
      { path: "/etc/postfix/master.cf", content: postfixMasterCf(options) },
    ],
  };
}

/**
 * The settings of a production sending host (Debian 13, Postfix 3.10).
 * @throws RangeError for a bounce address or accepted address that is none, or is of another domain, or the name of a
 * submission user that is none
 */
export function postfixSettings(options: PostfixOptions): MainCf {
  return new Map(settingRows(options).map(([name, value]) => [name, value]));
}

/** main.cf with `postfixSettings`, each with its reason. */
export function postfixMainCf(options: PostfixOptions): string {
  const reasons = new Map(settingRows(options).map(([name, , reason]) => [name, reason]));
  return renderMainCf(postfixSettings(options), reasons);
}

function settingRows(options: PostfixOptions): Setting[] {
  return [
    ...identity(options),
    ...relay,
    ...inboundSettings(options),
    ...smtpServerSettings(options),
    ...submissionSettings(options.domain, options.submission),
    ...encryption,
    ...transportSettings,
    ...signing(options),
    ...queue,
  ];
}

function identity({ helo, domain }: PostfixOptions): Setting[] {
  return [
    ["compatibility_level", "3.10", "Settings mean what they mean in Postfix 3.10."],
    ["myhostname", helo, "The host's one name; the PTR record of its address says the same."],
    ["smtp_helo_name", helo, "The name in HELO, which receivers look up and compare."],
    ["mydomain", domain, "The domain whose mail is sent."],
    ["myorigin", domain, "A sender without a domain is of this domain, so SPF, DKIM and DMARC hold for it."],
    ["inet_protocols", "ipv4", "Only the IPv4 address has a PTR record: mail over IPv6 would be refused."],
  ];
}

/** Who may send through this host: its own processes, and who logs in (`submissionServices`). */
const relay: readonly Setting[] = [
  ["mynetworks", "127.0.0.0/8", "Only the host itself may send. Everything wider is an open relay."],
  [
    "smtpd_relay_restrictions",
    "permit_mynetworks, reject_unauth_destination",
    "Mail from elsewhere is taken for our own domain only, whatever the settings below say.",
  ],
  ["smtpd_helo_required", "yes", "SMTP begins with a name."],
  ["disable_vrfy_command", "yes", "Nobody finds out addresses by asking."],
  ["smtpd_etrn_restrictions", "reject", "Nobody but the host has the queue tried again (RFC 1985)."],
  ["smtpd_forbid_bare_newline", "normalize", "No second message smuggled inside the first."],
  ["message_size_limit", "26214400", "25 MiB, what large receivers take."],
];

const encryption: readonly Setting[] = [
  ["smtp_dns_support_level", "dnssec", "The host's own resolver has checked what it answers."],
  [
    "smtp_tls_security_level",
    "dane",
    "Only to the certificate in DNSSEC, if one is there (RFC 7672). Else encrypts to all that can.",
  ],
  ["smtp_tls_protocols", ">=TLSv1.2", "Older TLS is broken (RFC 8996)."],
  ["smtp_tls_mandatory_protocols", "$smtp_tls_protocols", "The same where TLS is a must."],
  [
    "smtp_tls_CAfile",
    "/etc/ssl/certs/ca-certificates.crt",
    "The log tells trusted certificates from others.",
  ],
  ["smtp_tls_connection_reuse", "yes", "Several messages to a receiver share a connection and handshake."],
  ["smtp_tls_loglevel", "1", "One line on each handshake."],
  ["smtputf8_enable", "yes", "Addresses may have letters beyond ASCII where the receiver agrees (RFC 6531)."],
];

function signing({ dkim = [{ selector: "", algorithm: "rsa-sha256" }] }: PostfixOptions): Setting[] {
  return [
    ["smtpd_milters", milters(dkim).join(", "), "OpenDKIM signs, and refuses what isn't from the domain."],
    ["non_smtpd_milters", "$smtpd_milters", "The same for mail that a program of the host hands over."],
    ["internal_mail_filter_classes", "bounce, notify", "Our own bounces and notices are signed too."],
    [
      "milter_default_action",
      "tempfail",
      "While OpenDKIM or its key is missing, mail waits: it never leaves unsigned.",
    ],
    [
      "milter_header_checks",
      "regexp:{ { /^Authentication-Results:.* dkim=permerror/ REJECT From is no address } }",
      "So OpenDKIM marks what it leaves unsigned because it can't read From.",
    ],
  ];
}

const queue: readonly Setting[] = [
  ["maximal_queue_lifetime", "5d", "How long a receiver may be away (RFC 5321 4.5.4.1)."],
  ["bounce_queue_lifetime", "1d", "Bounces to senders that don't exist leave the queue soon."],
  ["notify_classes", "resource, software", "postmaster hears what is broken here, not who was refused."],
  ["enable_long_queue_ids", "yes", "A queue id is never used twice, so a log line means one message."],
];
