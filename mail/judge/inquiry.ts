import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { Severity } from "../finding.ts";
import { hostNameFault, normalizeName } from "../host-name.ts";
import { OwnAddresses } from "../own-addresses.ts";
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

/** What one blocklist says about an address. "unknown": it did not answer, refused to, or can't be believed. */
export interface Listing {
  /** The list's name for messages: its zone, without any access key. */
  readonly zone: string;
  readonly outcome: "listed" | "clear" | "unknown";
  /** What the list's answer means; of one that is unknown why, a clause: `the look-up timed out`. */
  readonly detail?: string | undefined;
  /** How much a listing weighs: whether receivers refuse mail for it. @default the rule's severity */
  readonly severity?: Severity | undefined;
  /** How to get off the list, or how to get an answer, in sentences. */
  readonly fix?: string | undefined;
  /** Who says what the answer means. */
  readonly source?: string | undefined;
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
  /** The same as the host says it. */
  readonly saidHelo: string;
  /** Why `saidHelo` is no host name, undefined if it is one. Then nothing else can be asked about it. */
  readonly heloFault: string | undefined;
  readonly addresses: readonly string[];
  /** What was given as an address and is none. */
  readonly invalidAddresses: readonly string[];
  /** The sender's and the plan's. */
  readonly ownAddresses: OwnAddresses;
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
  const addresses = settledAddresses(sender.addresses);
  const checks = new Map<string, Promise<SpfCheck>>();
  return {
    helo,
    saidHelo: sender.helo,
    heloFault: hostNameFault(sender.helo),
    addresses,
    invalidAddresses: sender.addresses.filter((address) => isIP(address) === 0),
    ownAddresses: ownAddressesOf(addresses, sender.ownAddresses),
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

function settledAddresses(addresses: readonly string[]): string[] {
  return addresses.filter((address) => isIP(address) !== 0).map(settledAddress);
}

function ownAddressesOf(addresses: readonly string[], planned: readonly string[] | undefined): OwnAddresses {
  if (planned === undefined) return new OwnAddresses(addresses, false);
  const known = plans.get(planned) ?? new OwnAddresses(settledAddresses(planned), true);
  plans.set(planned, known);
  return addresses.every((address) => known.has(address))
    ? known
    : new OwnAddresses([...addresses, ...settledAddresses(planned)], true);
}

/** The senders of a plan share the list of its addresses, which may be long. */
const plans = new WeakMap<readonly string[], OwnAddresses>();

/** The one text of an address: IPv4 as it is, IPv6 compressed and in lower case. */
export function settledAddress(address: string): string {
  return isIP(address) === 6 ? ipaddr.parse(address.replace(/%.*$/, "")).toString() : address;
}
