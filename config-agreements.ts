import { mailboxFault } from "./mail/address.ts";
import { hostNameFault } from "./mail/host-name.ts";
import { forwardFault } from "./mail/postfix.ts";
import type { Settings } from "./config-schema.ts";

/** A setting that is right by itself and wrong beside another. */
export interface Disagreement {
  readonly path: (string | number)[];
  /** What is wrong with it: a phrase, no full stop. */
  readonly message: string;
}

/** What disagrees in a stack's settings. They may be at fault one by one, too. */
export function disagreements(settings: Settings): Disagreement[] {
  return [
    ...bounceAddress(settings),
    ...watcher(settings),
    ...reportAddresses(settings),
    ...includes(settings),
    ...selectors(settings),
    ...users(settings),
    ...certificate(settings),
    ...mtaSts(settings),
    ...dane(settings),
    ...heloNames(settings),
  ];
}

function bounceAddress({ bounceAddress: address, mailExchangers, ...settings }: Settings): Disagreement[] {
  if (address === undefined) return [];
  const path = ["bounceAddress"];
  const found: Disagreement[] = [];
  if (mailExchangers.length > 0) {
    const message =
      "has no effect while okmail:mailExchangers sends bounces elsewhere; remove one of the two";
    found.push({ path, message });
  }
  if (isOwn(address, settings)) {
    const message = `is at ${domainOf(address)}, whose mail comes to these hosts: it would go in a circle`;
    found.push({ path, message });
  }
  return found;
}

function watcher({ watch, mailExchangers, ...settings }: Settings): Disagreement[] {
  const { mail } = watch ?? {};
  if (mail === undefined || mailExchangers.length > 0 || !isOwn(mail, settings)) return [];
  const message = `is at ${domainOf(mail)}, whose mail comes to these hosts: it would stay on the host that it is about`;
  return [{ path: ["watch", "mail"], message }];
}

/** Whether mail to `address` comes to the hosts, unless other servers take the domain's mail. */
function isOwn(address: string, settings: Pick<Settings, "domain" | "hosts">): boolean {
  const { domain } = settings;
  return [domain, ...namedHosts(settings).map(({ name }) => `${name}.${domain}`)].includes(domainOf(address));
}

function domainOf(address: string): string {
  return address.replace(/^.*@/, "").toLowerCase();
}

/** Reports to the own domain come to the hosts, which take plain addresses only. */
function reportAddresses({ domain, dmarc, tlsRpt }: Settings): Disagreement[] {
  const lists: [path: string[], addresses: readonly string[]][] = [
    [["dmarc", "rua"], dmarc.rua],
    [["dmarc", "ruf"], dmarc.ruf],
    [["tlsRpt", "rua"], tlsRpt?.rua ?? []],
  ];
  return lists.flatMap(([path, addresses]) =>
    addresses.flatMap((address, index) => {
      const isOwn = mailboxFault(address) === undefined && address.toLowerCase().endsWith(`@${domain}`);
      const message = isOwn ? forwardFault(address) : undefined;
      return message === undefined ? [] : [{ path: [...path, index], message }];
    }),
  );
}

/** RFC 7208 4.6.4: a record that includes itself never ends, so it is a permanent error at every receiver. */
function includes({ domain, spf }: Settings): Disagreement[] {
  const message = "is the sender's own domain, so its SPF record would include itself";
  return spf.includes.flatMap((include, index) =>
    include === domain ? [{ path: ["spf", "includes", index], message }] : [],
  );
}

/** A selector is one record, so one key. */
function selectors({ dkim }: Settings): Disagreement[] {
  const { selector, ed25519Selector, standbySelector } = dkim;
  const taken = (setting: string, mine: string | undefined, others: Record<string, string | undefined>) => {
    const other = Object.keys(others).find((name) => mine !== undefined && others[name] === mine);
    return other === undefined
      ? []
      : [{ path: ["dkim", setting], message: `is the key of okmail:dkim.${other} too; each needs its own` }];
  };
  return [
    ...taken("ed25519Selector", ed25519Selector, { selector }),
    ...taken("standbySelector", standbySelector, { selector, ed25519Selector }),
  ];
}

function users({ submission }: Settings): Disagreement[] {
  const names = submission?.users ?? [];
  return names.flatMap((name, index) =>
    names.indexOf(name) < index ? [{ path: ["submission", "users", index], message: "is named twice" }] : [],
  );
}

function certificate({ tls }: Settings): Disagreement[] {
  if (tls.certificate === "acme") return [];
  const message = "has no effect while okmail:tls.certificate is self-signed; remove one of the two";
  return (["acmeDirectory", "acmeEmail", "caa"] as const).flatMap((setting) =>
    tls[setting] === undefined ? [] : [{ path: ["tls", setting], message }],
  );
}

/** RFC 8461 4.2: the certificate must be one that senders trust. */
function mtaSts({ mtaSts: policy, tls, mailExchangers }: Settings): Disagreement[] {
  if (policy?.mode !== "enforce" || tls.certificate === "acme" || mailExchangers.length > 0) return [];
  const message =
    "would keep all mail away from these hosts, whose certificate nobody trusts; set okmail:tls.certificate to acme first";
  return [{ path: ["mtaSts", "mode"], message }];
}

/** TLSA records belong to whoever has the key (RFC 7672 3.1.1), so to those who run the mail exchangers. */
function dane({ dane: keys, mailExchangers }: Settings): Disagreement[] {
  if (keys === undefined) return [];
  const isElsewhere = mailExchangers.length > 0;
  const elsewhere = "has no effect while okmail:mailExchangers sends mail elsewhere; remove one of the two";
  const same = "is the key of okmail:dane.key too; each needs its own";
  return [
    ...(isElsewhere ? [{ path: ["dane"], message: elsewhere }] : []),
    ...(keys.standbyKey === keys.key ? [{ path: ["dane", "standbyKey"], message: same }] : []),
  ];
}

function heloNames(settings: Settings): Disagreement[] {
  return namedHosts(settings).flatMap(({ key, name }) => {
    const fault = hostNameFault(`${name}.${settings.domain}`);
    return fault === undefined ? [] : [{ path: ["hosts", key], message: `gives no HELO name: ${fault}` }];
  });
}

/** Zod hands over the untransformed hosts when they are at fault themselves. */
function namedHosts({ hosts }: Pick<Settings, "hosts">): Settings["hosts"] {
  return Array.isArray(hosts) ? hosts : [];
}
