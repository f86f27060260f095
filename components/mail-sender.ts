import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { cloudConfig } from "../mail/cloud-config.ts";
import type { DmarcOptions } from "../mail/dmarc.ts";
import type { SpfOptions } from "../mail/spf-record.ts";
import { DkimKey } from "./dkim-key.ts";
import { MailHost } from "./mail-host.ts";
import { MailRecords, type DeclaredRecord } from "./mail-records.ts";
import { SendingAddress } from "./sending-address.ts";

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
   * A public subnet to stand in.
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
   * The AMI of all hosts. Setting another one replaces the instances; addresses stay.
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
   * The DKIM key.
   *
   * @default - RSA 2048 bit, selector okmail1
   */
  readonly dkim?:
    { readonly selector?: string | undefined; readonly bits?: pulumi.Input<number> | undefined } | undefined;
  /**
   * The DMARC record (RFC 9989).
   *
   * @default - policy none, no reports: move to quarantine or reject once the reports show nothing but your own mail
   */
  readonly dmarc?: Partial<DmarcOptions> | undefined;
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
   * Seconds that resolvers may keep a record; 1 means automatic.
   *
   * @default 300
   */
  readonly ttl?: pulumi.Input<number> | undefined;
  /**
   * Whether Elastic IPs are protected, and stay in the account when they leave the stack.
   *
   * @default true
   */
  readonly keepAddresses?: boolean | undefined;
}

/** A host as the stack's outputs show it. */
export interface SendingHost {
  readonly helo: string;
  readonly address: string;
  readonly allocationId: string;
  readonly instanceId: string;
}

/**
 * A domain's mail sender: hosts, each with an address whose A, PTR and HELO name are one, and the records by which
 * receivers recognise its mail. Made in the order Elastic IP, A, PTR, host, SPF, MX; destroyed in reverse.
 */
export class MailSender extends pulumi.ComponentResource {
  readonly hosts: pulumi.Output<SendingHost[]>;
  /** The domain's mail records as declared. */
  readonly records: pulumi.Output<DeclaredRecord[]>;
  /** The DKIM selector that signs. */
  readonly dkimSelector: pulumi.Output<string>;

  constructor(name: string, args: MailSenderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:MailSender", name, {}, opts);
    const settings = withDefaults(args);
    const { domain, zoneId, ttl, mailExchangers, bounceAddress } = settings;
    const receivesMail = mailExchangers.length === 0;
    const region = aws.getRegionOutput({}, { parent: this }).region;

    const dkimKey = new DkimKey(
      `${name}-dkim-${settings.dkim.selector}`,
      { domain, ...settings.dkim },
      { parent: this },
    );
    const hosts = settings.hosts.map((host) => {
      const helo = `${host.name ?? host.key}.${domain}`;
      const address = new SendingAddress(
        `${name}-${host.key}`,
        { helo, zoneId, ttl, allocationId: host.allocationId, keep: settings.keepAddresses },
        { parent: this },
      );
      const mailHost = new MailHost(
        `${name}-${host.key}`,
        {
          helo,
          domain,
          allocationId: address.allocationId,
          userData: region.apply((regionName) =>
            cloudConfig({
              helo,
              domain,
              region: regionName,
              dkim: { selector: dkimKey.selector, parameterName: dkimKey.parameterName },
              receivesMail,
              bounceAddress,
              acceptedAddresses: receivesMail ? reportAddresses(settings) : [],
            }),
          ),
          instanceType: host.instanceType ?? settings.instanceType,
          imageId: settings.imageId,
          subnetId: host.subnetId,
          parameterArns: [dkimKey.parameterArn],
          receivesMail,
        },
        { parent: this, dependsOn: [address, dkimKey] },
      );
      return { key: host.key, helo, address, mailHost };
    });
    const records = new MailRecords(
      name,
      {
        domain,
        zoneId,
        ttl,
        hosts: hosts.map(({ key, helo, address: { publicIp, symbol } }) => ({ key, helo, publicIp, symbol })),
        spf: settings.spf,
        dmarc: settings.dmarc,
        dkim: dkimKey,
        mailExchangers,
      },
      { parent: this, dependsOn: hosts.map(({ mailHost }) => mailHost) },
    );

    this.hosts = pulumi.output(
      hosts.map(({ helo, address, mailHost }) => ({
        helo,
        address: address.publicIp,
        allocationId: address.allocationId,
        instanceId: mailHost.instanceId,
      })),
    );
    this.records = records.records;
    this.dkimSelector = pulumi.output(dkimKey.selector);
    this.registerOutputs({ hosts: this.hosts, records: this.records, dkimSelector: this.dkimSelector });
  }
}

function withDefaults(args: MailSenderArgs) {
  return {
    ...args,
    hosts: args.hosts ?? [{ key: "okmail" }],
    instanceType: args.instanceType ?? "t4g.small",
    spf: { all: "fail", a: false, mx: false, includes: [], ip4: [], ...args.spf } satisfies SpfOptions,
    dkim: { selector: args.dkim?.selector ?? "okmail1", bits: args.dkim?.bits ?? 2048 },
    dmarc: { policy: "none", rua: [], ...args.dmarc } satisfies DmarcOptions,
    mailExchangers: args.mailExchangers ?? [],
    ttl: args.ttl ?? 300,
    keepAddresses: args.keepAddresses ?? true,
  };
}

/** Addresses in the sender's own domain that DMARC reports go to: the hosts must take what they have asked for. */
function reportAddresses({ domain, dmarc }: { domain: string; dmarc: DmarcOptions }): string[] {
  const all = [...dmarc.rua, ...(dmarc.ruf ?? [])];
  return [...new Set(all.filter((address) => address.toLowerCase().endsWith(`@${domain}`)))];
}
