import * as aws from "@pulumi/aws";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { cloudConfig } from "../mail/cloud-config.ts";
import { mtaStsPolicyText, mtaStsPolicyUrl } from "../mail/mta-sts.ts";
import { declaredRecord, type DeclaredRecord } from "./declared-record.ts";
import { DkimKey, type DkimKeyArgs } from "./dkim-key.ts";
import { MailHost } from "./mail-host.ts";
import { MailRecords } from "./mail-records.ts";
import type { MailSenderArgs } from "./mail-sender-args.ts";
import {
  acmeOf,
  daneOf,
  inboundServices,
  mtaStsPolicyOf,
  receivesMail,
  reportAddresses,
  withDefaults,
  type MailSenderSettings,
} from "./mail-sender-settings.ts";
import { SendingAddress } from "./sending-address.ts";
import { SubmissionUser } from "./submission-user.ts";
import { TlsKey } from "./tls-key.ts";
import { WatchProgram } from "./watch-program.ts";

export type { MailSenderArgs } from "./mail-sender-args.ts";

/** A host as the stack's outputs show it. */
export interface SendingHost {
  readonly helo: string;
  readonly address: string;
  readonly allocationId: string;
  readonly instanceId: string;
  readonly queueVolumeId: string;
}

/** Where and as whom applications send. */
export interface SubmissionAccess {
  /** Names of the hosts, any of which takes the mail. */
  readonly hosts: readonly string[];
  /** 465 speaks TLS from the start, 587 after STARTTLS (RFC 8314 3.3). */
  readonly ports: readonly number[];
  /** The password of each user, by its name. Secret. */
  readonly passwords: pulumi.Output<Record<string, string>>;
}

/** The MTA-STS policy, which somebody has to serve: neither the hosts nor the zone can. */
export interface MtaStsDocument {
  /** Where senders look for it, over HTTPS with a trusted certificate. */
  readonly url: string;
  /** Its text, to be served as text/plain. */
  readonly policy: string;
}

/**
 * A domain's mail sender: hosts, each with an address whose A, PTR and HELO name are one, and the records by which
 * receivers recognise its mail. Made in the order Elastic IP, A, PTR, host, SPF, MX; destroyed in reverse.
 */
export class MailSender extends pulumi.ComponentResource {
  readonly hosts: pulumi.Output<SendingHost[]>;
  /** The domain's mail records as declared. */
  readonly records: pulumi.Output<DeclaredRecord[]>;
  /** The selector of the RSA key that signs. */
  readonly dkimSelector: pulumi.Output<string>;
  /** Undefined where no application sends through the hosts. */
  readonly submission: SubmissionAccess | undefined;
  /** Undefined where there is no such policy. */
  readonly mtaSts: MtaStsDocument | undefined;
  /** The DS record that the zone's registrar needs (RFC 4034 5); undefined where the zone's DNSSEC isn't ours. */
  readonly ds: pulumi.Output<string> | undefined;

  constructor(name: string, args: MailSenderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:MailSender", name, {}, opts);
    const settings = withDefaults(args);
    const { domain, zoneId, ttl, mailExchangers } = settings;
    const region = aws.getRegionOutput({}, { parent: this }).region;

    const { signing, standby } = this.createDkimKeys(`${name}-dkim`, settings);
    const users = this.createUsers(`${name}-submission`, settings);
    const watches = this.createWatch(`${name}-watch`, settings);
    const [watch] = watches;
    const secrets = [...signing, ...users];
    const hosts = settings.hosts.map((host) => {
      const { key, helo } = host;
      const tlsKeys = this.createTlsKeys(`${name}-tls-${key}`, key, settings);
      const [tlsKey] = tlsKeys;
      const address = new SendingAddress(
        `${name}-${key}`,
        { helo, zoneId, ttl, allocationId: host.allocationId, keep: settings.keepAddresses },
        { parent: this },
      );
      const mailHost = new MailHost(
        `${name}-${key}`,
        {
          helo,
          domain,
          allocationId: address.allocationId,
          userData: region.apply((regionName) =>
            cloudConfig({
              helo,
              domain,
              region: regionName,
              dkim: signing.map(({ selector, parameterName, algorithm }) => ({
                selector,
                parameterName,
                algorithm,
              })),
              submission: settings.submission && {
                messagesPerHour: settings.submission.messagesPerHour,
                users: users.map(({ name: user, parameterName }) => ({ name: user, parameterName })),
              },
              tls: { acme: acmeOf(settings), keyParameterName: tlsKey?.parameterName },
              watch: watch && { parameterName: watch.parameterName, digest: watch.digest },
              receivesMail: receivesMail(settings),
              bounceAddress: settings.bounceAddress,
              acceptedAddresses: receivesMail(settings) ? reportAddresses(settings) : [],
            }),
          ),
          instanceType: host.instanceType ?? settings.instanceType,
          imageId: settings.imageId,
          subnetId: host.subnetId,
          parameterArns: [...secrets, ...tlsKeys.slice(0, 1), ...watches].map(
            ({ parameterArn }) => parameterArn,
          ),
          topicArn: settings.watch?.topic,
          inbound: inboundServices(settings),
          queueVolumeSize: settings.queueVolumeSize,
          keepQueue: settings.keepQueues,
        },
        { parent: this, dependsOn: [address, ...secrets, ...tlsKeys, ...watches] },
      );
      return { key, helo, address, mailHost, tlsKeys };
    });
    const mtaStsPolicy = mtaStsPolicyOf(settings);
    const records = new MailRecords(
      name,
      {
        domain,
        zoneId,
        ttl,
        hosts: hosts.map(({ key, helo, address: { publicIp, symbol }, tlsKeys }) => ({
          key,
          helo,
          publicIp,
          symbol,
          tlsKeys,
        })),
        spf: settings.spf,
        dmarc: settings.dmarc,
        mtaSts: mtaStsPolicy,
        tlsRpt: settings.tlsRpt,
        certificateIssuer: acmeOf(settings) && settings.tls.caa,
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
        queueVolumeId: mailHost.queueVolumeId,
      })),
    );
    this.records = pulumi
      .all([...signing, ...standby].map(({ record }) => declaredRecord(record)))
      .apply((keys) => records.records.apply((others) => [...keys, ...others]));
    this.dkimSelector = pulumi.output(settings.dkim.selector);
    this.submission = submissionAccess(settings, users);
    this.mtaSts = mtaStsPolicy && {
      url: mtaStsPolicyUrl(domain),
      policy: mtaStsPolicyText(mtaStsPolicy),
    };
    this.ds = this.signZone(`${name}-dnssec`, settings);
    this.registerOutputs({
      hosts: this.hosts,
      records: this.records,
      dkimSelector: this.dkimSelector,
      submission: this.submission,
      mtaSts: this.mtaSts,
      ds: this.ds,
    });
  }

  private createDkimKeys(name: string, { domain, zoneId, ttl, dkim }: MailSenderSettings): DkimKeys {
    const { selector, bits, ed25519Selector, standbySelector } = dkim;
    const rsa = { algorithm: "RSA", rsaBits: bits } as const;
    const create = (keySelector: string | undefined, key: DkimKeyArgs["key"]) =>
      keySelector === undefined
        ? []
        : [
            new DkimKey(
              `${name}-${keySelector}`,
              { domain, selector: keySelector, key, zoneId, ttl },
              { parent: this },
            ),
          ];
    return {
      signing: [...create(selector, rsa), ...create(ed25519Selector, { algorithm: "ED25519" })],
      standby: create(standbySelector, rsa),
    };
  }

  /** A host's keys: that of its certificates, and that for later. */
  private createTlsKeys(name: string, host: string, settings: MailSenderSettings): TlsKey[] {
    const { key, standbyKey } = daneOf(settings) ?? {};
    return [key, standbyKey]
      .filter((each) => each !== undefined)
      .map(
        (each) =>
          new TlsKey(`${name}-${each}`, { domain: settings.domain, host, key: each }, { parent: this }),
      );
  }

  /**
   * Turns the zone's DNSSEC on, which changes nothing for anybody until the registrar has its DS record. It stays on when it
   * leaves the stack: a zone that is said to be signed and isn't any more, doesn't exist for those who validate.
   */
  private signZone(name: string, settings: MailSenderSettings): pulumi.Output<string> | undefined {
    if (daneOf(settings)?.dnssec !== true) return undefined;
    const { zoneId } = settings;
    return new cloudflare.ZoneDnssec(
      name,
      { zoneId, status: "active" },
      { parent: this, retainOnDelete: true },
    ).ds;
  }

  private createWatch(name: string, { domain, watch }: MailSenderSettings): WatchProgram[] {
    return watch === undefined ? [] : [new WatchProgram(name, { domain, watcher: watch }, { parent: this })];
  }

  private createUsers(name: string, { domain, submission }: MailSenderSettings): SubmissionUser[] {
    return (submission?.users ?? []).map(
      (user) => new SubmissionUser(`${name}-${user}`, { domain, name: user }, { parent: this }),
    );
  }
}

interface DkimKeys {
  readonly signing: readonly DkimKey[];
  readonly standby: readonly DkimKey[];
}

function submissionAccess(
  { hosts, submission }: MailSenderSettings,
  users: readonly SubmissionUser[],
): SubmissionAccess | undefined {
  return (
    submission && {
      hosts: hosts.map(({ helo }) => helo),
      ports: [465, 587],
      passwords: pulumi
        .all(users.map(({ password }) => password))
        .apply((passwords) =>
          Object.fromEntries(users.map(({ name }, index) => [name, passwords[index] ?? ""])),
        ),
    }
  );
}
