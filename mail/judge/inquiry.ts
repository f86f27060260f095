import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { hostNameFault, normalizeName } from "../host-name.ts";
import {
  lookUp,
  remembering,
  timeLimited,
  type Lookup,
  type RecordType,
  type Resolver,
} from "../resolver.ts";
import { checkSpf, type SpfCheck } from "../spf.ts";

/** A host's key for DKIM signatures. */
export interface DkimSelector {
  readonly selector: string;
  /** The signing domain (d=). @default the sender's `from` */
  readonly domain?: string | undefined;
  /** The public key that the host signs with, in PEM. Left out while it is not known. */
  readonly publicKey?: string | undefined;
}

/** One host that sends mail, as the plan or the configuration has it. */
export interface Sender {
  /** The host's name in the plan, for messages. */
  readonly name?: string | undefined;
  /** The public addresses that it sends from, or their symbols. */
  readonly addresses: readonly string[];
  /** The name it says in HELO. */
  readonly helo: string;
  /** The domain of MAIL FROM, or an address there; "" for a host that sends with the null reverse-path only. */
  readonly mailFrom: string;
  /** The domain of the From field. @default `mailFrom` */
  readonly from?: string | undefined;
  readonly selectors: readonly DkimSelector[];
  /** All addresses of the plan, for telling whom else SPF authorizes. @default the sender's `addresses` */
  readonly ownAddresses?: readonly string[] | undefined;
}

/** What one blocklist says about an address. "unknown": it did not answer, or refused to. */
export interface Listing {
  /** The list's name for messages: its zone, without any access key. */
  readonly zone: string;
  readonly outcome: "listed" | "clear" | "unknown";
  /** The list's reason or return code. */
  readonly detail?: string | undefined;
}

export interface InquiryOptions {
  /** Looks an address up on blocklists. @default no blocklist is asked */
  readonly listings?: ((address: string) => Promise<readonly Listing[]>) | undefined;
  /** Limit of one DNS look-up in milliseconds. @default 10_000 */
  readonly lookupTimeLimit?: number | undefined;
}

/** One judgement under way: the sender in its settled form, and the questions that rules ask. */
export interface Inquiry {
  readonly helo: string;
  /** Why `helo` is no host name, undefined if it is one. Then nothing else can be asked about it. */
  readonly heloFault: string | undefined;
  readonly addresses: readonly string[];
  /** What was given as an address and is none. */
  readonly invalidAddresses: readonly string[];
  readonly ownAddresses: readonly string[] | undefined;
  readonly mailFrom: string;
  readonly from: string;
  readonly selectors: readonly Required<DkimSelector>[];
  readonly resolver: Resolver;
  readonly lookUp: <T extends RecordType>(name: string, type: T) => Promise<Lookup<T>>;
  /** The SPF check of one address for one identity; each is evaluated once. */
  readonly spf: (address: string, identity: "mailfrom" | "helo") => Promise<SpfCheck>;
  readonly listings: InquiryOptions["listings"];
}

/** Names and addresses get their one form here. Nothing is asked yet. */
export function inquiry(sender: Sender, resolver: Resolver, options: InquiryOptions = {}): Inquiry {
  const dns = remembering(timeLimited(resolver, options.lookupTimeLimit ?? 10_000));
  const helo = normalizeName(sender.helo);
  const mailFrom = normalizeName(sender.mailFrom.slice(sender.mailFrom.lastIndexOf("@") + 1));
  const from = normalizeName(sender.from ?? mailFrom);
  const checks = new Map<string, Promise<SpfCheck>>();
  return {
    helo,
    heloFault: hostNameFault(helo),
    addresses: sender.addresses.filter((address) => isIP(address) !== 0).map(settledAddress),
    invalidAddresses: sender.addresses.filter((address) => isIP(address) === 0),
    ownAddresses: sender.ownAddresses?.filter((address) => isIP(address) !== 0).map(settledAddress),
    mailFrom,
    from,
    selectors: sender.selectors.map(({ selector, domain = from, publicKey }) => ({
      selector: normalizeName(selector),
      domain: normalizeName(domain),
      publicKey,
    })),
    resolver: dns,
    lookUp: (name, type) => lookUp(dns, name, type),
    spf: (address, identity) => {
      const key = `${identity} ${address}`;
      const known = checks.get(key);
      if (known !== undefined) return known;
      const check = checkSpf(address, identity === "mailfrom" ? mailFrom : "", helo, dns);
      checks.set(key, check);
      return check;
    },
    listings: options.listings,
  };
}

/** The one text of an address: IPv4 as it is, IPv6 compressed and in lower case. */
export function settledAddress(address: string): string {
  return isIP(address) === 6 ? ipaddr.parse(address.replace(/%.*$/, "")).toString() : address;
}
