import type { DmarcOptions } from "../mail/dmarc.ts";
import type { HostOptions } from "../mail/cloud-config.ts";
import type { MtaStsPolicy } from "../mail/mta-sts.ts";
import type { SpfOptions } from "../mail/spf-record.ts";
import type { InboundService } from "./host-security-group.ts";
import type { HostArgs, MailSenderArgs } from "./mail-sender-args.ts";

/** A sender's arguments with everything settled that has a default. */
export type MailSenderSettings = ReturnType<typeof withDefaults>;

export function withDefaults(args: MailSenderArgs) {
  return {
    ...args,
    hosts: (args.hosts ?? [{ key: "okmail" }]).map((host: HostArgs) => ({
      ...host,
      helo: `${host.name ?? host.key}.${args.domain}`,
    })),
    instanceType: args.instanceType ?? "t4g.small",
    spf: { all: "fail", a: false, mx: false, includes: [], ip4: [], ...args.spf } satisfies SpfOptions,
    dkim: { ...args.dkim, selector: args.dkim?.selector ?? "okmail1", bits: args.dkim?.bits ?? 2048 },
    dmarc: { policy: "none", rua: [], ...args.dmarc } satisfies DmarcOptions,
    submission: args.submission && {
      ...args.submission,
      messagesPerHour: args.submission.messagesPerHour ?? 500,
    },
    mailExchangers: args.mailExchangers ?? [],
    tls: {
      ...args.tls,
      certificate: args.tls?.certificate ?? "acme",
      acmeDirectory: args.tls?.acmeDirectory ?? "https://acme-v02.api.letsencrypt.org/directory",
    },
    dane: args.dane && {
      ...args.dane,
      key: args.dane.key ?? "key1",
      dnssec: args.dane.dnssec ?? true,
    },
    ttl: args.ttl ?? 300,
    queueVolumeSize: args.queueVolumeSize ?? 20,
    keepAddresses: args.keepAddresses ?? true,
    keepQueues: args.keepQueues ?? true,
  };
}

/** Whether bounces and replies come to the hosts themselves. */
export function receivesMail({ mailExchangers }: MailSenderSettings): boolean {
  return mailExchangers.length === 0;
}

/** The authority that the hosts get certificates from; undefined if they make their own, or need none. */
export function acmeOf(settings: MailSenderSettings): HostOptions["tls"]["acme"] {
  const { certificate, acmeDirectory, acmeEmail } = settings.tls;
  const isReached = receivesMail(settings) || settings.submission !== undefined;
  return certificate === "acme" && isReached ? { directory: acmeDirectory, email: acmeEmail } : undefined;
}

/** What the hosts are open for. */
export function inboundServices(settings: MailSenderSettings): InboundService[] {
  return [
    ...(receivesMail(settings) ? (["smtp"] as const) : []),
    ...(acmeOf(settings) !== undefined ? (["http"] as const) : []),
    ...(settings.submission !== undefined ? (["submissions", "submission"] as const) : []),
  ];
}

/** The MTA-STS policy with the mail exchangers that there are. */
export function mtaStsPolicyOf(settings: MailSenderSettings): MtaStsPolicy | undefined {
  const { mtaSts, mailExchangers, hosts } = settings;
  return mtaSts && { ...mtaSts, mx: receivesMail(settings) ? hosts.map(({ helo }) => helo) : mailExchangers };
}

/** The keys that TLSA records tell of; undefined where there are none, or nothing comes to the hosts. */
export function daneOf(settings: MailSenderSettings): MailSenderSettings["dane"] {
  return receivesMail(settings) ? settings.dane : undefined;
}

/** Addresses in the sender's own domain that reports go to: the hosts must take what they have asked for. */
export function reportAddresses({ domain, dmarc, tlsRpt }: MailSenderSettings): string[] {
  const all = [...dmarc.rua, ...(dmarc.ruf ?? []), ...(tlsRpt?.rua ?? [])];
  return [...new Set(all.filter((address) => address.toLowerCase().endsWith(`@${domain}`)))];
}
