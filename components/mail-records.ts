import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { caaIssue } from "../mail/caa.ts";
import { dmarcRecord, type DmarcOptions } from "../mail/dmarc.ts";
import { mtaStsRecord, type MtaStsPolicy } from "../mail/mta-sts.ts";
import { heloSpfRecord, spfRecord, type SpfOptions } from "../mail/spf-record.ts";
import { tlsaData, tlsaName } from "../mail/tlsa.ts";
import { tlsRptRecord, type TlsRptOptions } from "../mail/tls-rpt.ts";
import { quoteTxt } from "../mail/txt.ts";
import { declaredRecord, type DeclaredRecord } from "./declared-record.ts";

/** A host as its records see it. */
export interface RecordedHost {
  /** The stable key that names the host's resources. */
  readonly key: string;
  readonly helo: pulumi.Input<string>;
  readonly publicIp: pulumi.Input<string>;
  /** Stands for the address in templates, see `SendingAddress.symbol`. */
  readonly symbol: pulumi.Input<string>;
  /**
   * The keys of its TLS on port 25, now and later, each by a name that stays.
   *
   * @default - none that stays
   */
  readonly tlsKeys?:
    readonly { readonly key: string; readonly publicKeyPem: pulumi.Input<string> }[] | undefined;
}

export interface MailRecordsArgs {
  readonly domain: string;
  /** The Cloudflare zone that holds the domain. */
  readonly zoneId: pulumi.Input<string>;
  /** Seconds that resolvers may keep the records; 1 means automatic. */
  readonly ttl: pulumi.Input<number>;
  readonly hosts: readonly RecordedHost[];
  readonly spf: SpfOptions;
  readonly dmarc: DmarcOptions;
  /**
   * The policy on TLS for mail that comes to the domain.
   *
   * @default - none
   */
  readonly mtaSts?: MtaStsPolicy | undefined;
  /**
   * Who gets reports on TLS for mail that comes to the domain.
   *
   * @default - nobody
   */
  readonly tlsRpt?: TlsRptOptions | undefined;
  /**
   * The certification authority that may issue certificates for the HELO names, and no other, as it calls itself in CAA
   * records.
   *
   * @default - any
   */
  readonly certificateIssuer?: string | undefined;
  /** Names that take the domain's mail, the preferred one first; none: the hosts themselves. */
  readonly mailExchangers: readonly string[];
}

/**
 * The domain's mail records, but for the DKIM keys', which stand before any host: SPF, also for each HELO name, DMARC, what
 * is asked for of MTA-STS, TLSRPT, CAA and TLSA, and last MX, which invites mail.
 */
export class MailRecords extends pulumi.ComponentResource {
  /** The domain's SPF text with symbols in place of addresses not yet allocated, so that a preview can judge it. */
  readonly spfTemplate: pulumi.Output<string>;
  /** The same for each HELO name. */
  readonly heloSpfTemplates: pulumi.Output<Record<string, string>>;
  readonly records: pulumi.Output<DeclaredRecord[]>;

  constructor(name: string, args: MailRecordsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:MailRecords", name, {}, opts);
    const addresses = pulumi.all(args.hosts.map((host) => host.publicIp));
    const symbols = pulumi.all(args.hosts.map((host) => host.symbol));

    const record = (logicalName: string, fields: RecordFields, dependsOn: pulumi.Resource[] = []) =>
      new cloudflare.DnsRecord(
        `${name}-${logicalName}`,
        { zoneId: args.zoneId, ttl: args.ttl, ...fields },
        { parent: this, dependsOn },
      );
    const text = (logicalName: string, recordName: pulumi.Input<string>, content: pulumi.Input<string>) =>
      record(logicalName, { name: recordName, type: "TXT", content: pulumi.output(content).apply(quoteTxt) });

    const spf = text(
      "spf",
      args.domain,
      addresses.apply((found) => spfRecord(found, args.spf)),
    );
    const heloSpf = args.hosts.map(({ key, helo, publicIp }) =>
      text(
        `${key}-spf`,
        helo,
        pulumi.output(publicIp).apply((address) => heloSpfRecord([address])),
      ),
    );
    const dmarc = text("dmarc", `_dmarc.${args.domain}`, dmarcRecord(args.dmarc));
    const mtaSts = args.mtaSts && text("mta-sts", `_mta-sts.${args.domain}`, mtaStsRecord(args.mtaSts));
    const tlsRpt = args.tlsRpt && text("tls-rpt", `_smtp._tls.${args.domain}`, tlsRptRecord(args.tlsRpt));
    const { certificateIssuer } = args;
    const caa =
      certificateIssuer === undefined
        ? []
        : args.hosts.map(({ key, helo }) =>
            record(`${key}-caa`, { name: helo, type: "CAA", data: caaIssue(certificateIssuer) }),
          );
    const tlsa = args.hosts.flatMap(({ key, helo, tlsKeys = [] }) =>
      tlsKeys.map((tlsKey) =>
        record(`${key}-tlsa-${tlsKey.key}`, {
          name: pulumi.output(helo).apply(tlsaName),
          type: "TLSA",
          data: pulumi.output(tlsKey.publicKeyPem).apply(tlsaData),
        }),
      ),
    );

    // Last: until the rest stands, nobody is invited to send bounces and replies.
    const exchangers =
      args.mailExchangers.length > 0
        ? args.mailExchangers.map((target, index) => ({
            key: String(index + 1),
            target,
            priority: 10 * (index + 1),
          }))
        : args.hosts.map(({ key, helo }) => ({ key, target: helo, priority: 10 }));
    const mx = exchangers.map(({ key, target, priority }) =>
      record(`mx-${key}`, { name: args.domain, type: "MX", content: target, priority }, [spf, ...heloSpf]),
    );

    this.spfTemplate = symbols.apply((found) => spfRecord(found, args.spf));
    this.heloSpfTemplates = pulumi
      .all(args.hosts.map(({ helo, symbol }) => pulumi.all([helo, symbol])))
      .apply((entries) =>
        Object.fromEntries(entries.map(([helo, symbol]) => [helo, heloSpfRecord([symbol])])),
      );
    const asked = [mtaSts, tlsRpt].filter((each) => each !== undefined);
    this.records = pulumi.all([spf, ...heloSpf, dmarc, ...asked, ...caa, ...tlsa, ...mx].map(declaredRecord));
    this.registerOutputs({
      spfTemplate: this.spfTemplate,
      heloSpfTemplates: this.heloSpfTemplates,
      records: this.records,
    });
  }
}

type RecordFields = Pick<cloudflare.DnsRecordArgs, "name" | "type" | "content" | "data" | "priority">;
