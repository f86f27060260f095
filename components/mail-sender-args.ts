import type * as pulumi from "@pulumi/pulumi";
import type { DmarcOptions } from "../mail/dmarc.ts";
import type { Watcher } from "../mail/host/watch.ts";
import type { MtaStsPolicy } from "../mail/mta-sts.ts";
import type { SpfOptions } from "../mail/spf-record.ts";
import type { TlsRptOptions } from "../mail/tls-rpt.ts";

/** One host of a sender. */
export interface HostArgs {
  /**
   * Names the host's resources in Pulumi, and stays when the host is renamed: so a new name keeps the address.
   */
  readonly key: string;
  /**
   * The first label of the HELO name.
   *
   * @default - the key
   */
  readonly name?: string | undefined;
  /**
   * EC2 instance type.
   *
   * @default - `MailSenderArgs.instanceType`
   */
  readonly instanceType?: pulumi.Input<string> | undefined;
  /**
   * A public subnet to stand in. The host's volume for mail stays in the subnet's availability zone.
   *
   * @default - a default subnet of the region
   */
  readonly subnetId?: pulumi.Input<string> | undefined;
  /**
   * Allocation id of an Elastic IP to adopt: used, never managed.
   *
   * @default - a new Elastic IP
   */
  readonly allocationId?: pulumi.Input<string> | undefined;
}

/**
 * The DKIM keys, by selectors. All keys are published; the standby key signs nothing. To change keys: name a standby
 * selector, wait until its record is everywhere, swap the two selectors, and take the standby away once no mail is under
 * way that the old key has signed.
 */
export interface DkimArgs {
  /**
   * The RSA key that signs.
   *
   * @default "okmail1"
   */
  readonly selector?: string | undefined;
  /**
   * Length of RSA keys in bits.
   *
   * @default 2048
   */
  readonly bits?: pulumi.Input<number> | undefined;
  /**
   * An Ed25519 key that signs too, for receivers that know it (RFC 8463).
   *
   * @default - none
   */
  readonly ed25519Selector?: string | undefined;
  /**
   * An RSA key that is published for later.
   *
   * @default - none
   */
  readonly standbySelector?: string | undefined;
}

/** The applications that send through the hosts. */
export interface SubmissionArgs {
  /** A name for each, by which it authenticates; it gets a password of its own. */
  readonly users: readonly string[];
  /**
   * Most messages that one user sends in an hour; one to several recipients counts once for each.
   *
   * @default 500
   */
  readonly messagesPerHour?: number | undefined;
}

/** The certificates by which hosts encrypt what comes in. */
export interface TlsArgs {
  /**
   * Where they come from: a certification authority that speaks ACME, which then reaches the hosts on port 80, or the
   * hosts themselves.
   *
   * @default "acme"
   */
  readonly certificate?: "acme" | "self-signed" | undefined;
  /**
   * URL of the authority's directory (RFC 8555 7.1.1). Its terms of service are accepted by its use.
   *
   * @default "https://acme-v02.api.letsencrypt.org/directory"
   */
  readonly acmeDirectory?: string | undefined;
  /**
   * Whom the authority may write to.
   *
   * @default - nobody
   */
  readonly acmeEmail?: string | undefined;
  /**
   * What the authority calls itself in CAA records (RFC 8659), such as `letsencrypt.org`: no other may then issue
   * certificates for the HELO names.
   *
   * @default - any authority may
   */
  readonly caa?: string | undefined;
}

/**
 * The keys by which senders know the hosts that take mail (DANE, RFC 7672), by names. Each host has its own key of each name;
 * all are published, and the standby key is in no certificate yet. They change as DKIM keys do, see `DkimArgs`
 * (RFC 7671 8.1).
 */
export interface DaneArgs {
  /**
   * The key of the hosts' certificates.
   *
   * @default "key1"
   */
  readonly key?: string | undefined;
  /**
   * A key that is published for later.
   *
   * @default - none
   */
  readonly standbyKey?: string | undefined;
  /**
   * Whether the zone's DNSSEC is turned on, without which nobody heeds the keys (RFC 7672 2.1). It is never turned off: what
   * the registrar says of the zone may hang on it.
   *
   * @default true
   */
  readonly dnssec?: boolean | undefined;
}

export interface MailSenderArgs {
  /** The domain whose mail is sent: the MAIL FROM and From domain, lower case, no final dot. */
  readonly domain: string;
  /** Id of the Cloudflare zone that holds the domain. */
  readonly zoneId: pulumi.Input<string>;
  /**
   * The hosts.
   *
   * @default - one, called okmail
   */
  readonly hosts?: readonly HostArgs[] | undefined;
  /**
   * EC2 instance type of hosts that name none. The architecture follows from it.
   *
   * @default "t4g.small"
   */
  readonly instanceType?: pulumi.Input<string> | undefined;
  /**
   * The AMI of all hosts. Setting another one replaces the instances; addresses and queues stay.
   *
   * @default - the newest Debian 13 when a host is first made, kept from then on
   */
  readonly imageId?: pulumi.Input<string> | undefined;
  /**
   * What the domain's SPF record says besides the sender's own addresses.
   *
   * @default - nothing but `-all`
   */
  readonly spf?: Partial<SpfOptions> | undefined;
  /**
   * The DKIM keys.
   *
   * @default - one, RSA 2048 bit, selector okmail1
   */
  readonly dkim?: DkimArgs | undefined;
  /**
   * The DMARC record (RFC 9989).
   *
   * @default - policy none, no reports: move to quarantine or reject once the reports show nothing but your own mail
   */
  readonly dmarc?: Partial<DmarcOptions> | undefined;
  /**
   * Submission for the domain's applications, on ports 465 and 587 (RFC 6409, RFC 8314).
   *
   * @default - only programs on the hosts themselves send
   */
  readonly submission?: SubmissionArgs | undefined;
  /**
   * Other mail servers that take the domain's mail (bounces, replies), the preferred one first.
   *
   * @default - the hosts themselves
   */
  readonly mailExchangers?: readonly string[] | undefined;
  /**
   * Where the hosts forward bounces and mail to postmaster and abuse.
   *
   * @default - they are kept in a mailbox on the host
   */
  readonly bounceAddress?: string | undefined;
  /**
   * Whom the hosts tell when something is wrong with them, with their names or on a blocklist, and when it is over: an address
   * or an SNS topic. A topic is told also while no mail leaves.
   *
   * @default - nobody
   */
  readonly watch?: Watcher | undefined;
  /**
   * Certificates of the hosts that something comes to.
   *
   * @default - from Let's Encrypt
   */
  readonly tls?: TlsArgs | undefined;
  /**
   * The policy on TLS for mail that comes to the domain (RFC 8461). Its text has to be served, see `MailSender.mtaSts`.
   *
   * @default - none
   */
  readonly mtaSts?: Omit<MtaStsPolicy, "mx"> | undefined;
  /**
   * Reports on TLS for mail that comes to the domain (RFC 8460).
   *
   * @default - none
   */
  readonly tlsRpt?: TlsRptOptions | undefined;
  /**
   * Keys of the hosts in TLSA records, where the hosts take the domain's mail.
   *
   * @default - none
   */
  readonly dane?: DaneArgs | undefined;
  /**
   * Seconds that resolvers may keep a record; 1 means automatic.
   *
   * @default 300
   */
  readonly ttl?: pulumi.Input<number> | undefined;
  /**
   * Size of each host's volume for mail, in GiB. It can grow, never shrink.
   *
   * @default 20
   */
  readonly queueVolumeSize?: pulumi.Input<number> | undefined;
  /**
   * Whether Elastic IPs are protected, and stay in the account when they leave the stack.
   *
   * @default true
   */
  readonly keepAddresses?: boolean | undefined;
  /**
   * The same for the volumes that hold mail.
   *
   * @default true
   */
  readonly keepQueues?: boolean | undefined;
}
