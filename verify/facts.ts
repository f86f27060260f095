import { isIPv4 } from "node:net";
import type { Blocklists } from "../mail/blocklists.ts";
import { exchangersOf } from "../mail/judge/exchangers.ts";
import type { Inquiry, Sender } from "../mail/judge/inquiry.ts";
import type { RecordType as WireType } from "dns-packet";
import type { Heard } from "./dns/asker.ts";
import type { Panel } from "./dns/panel.ts";
import type { Reach } from "./endpoint.ts";
import type { HttpsAnswer } from "./https.ts";
import type { SentHelo } from "./probe.ts";
import type { DeclaredRecord } from "./subject.ts";
import { visit, type RelayProbe, type Visit, type VisitOptions } from "./smtp/visit.ts";

/** A mail server by name and address, and what it showed of itself. */
export interface MailServer {
  readonly name: string;
  readonly address: string;
  /** Whether it is one of the domain's mail exchangers, and not only a host that sends. */
  readonly exchanger: boolean;
  readonly visit: Visit;
}

/** Who is spoken of: one host, or the domain with all of its hosts. */
export type Scope = "sender" | "domain";

/**
 * What is under examination, one host that sends or the domain with all of its hosts: what was asked of the DNS, and what
 * its servers show. Each is found out once.
 */
export interface Facts {
  /** The one host, or all of the domain. */
  readonly senders: readonly Sender[];
  readonly asked: Inquiry;
  readonly panel: Panel;
  /** The addresses of the host, or of the domain's exchangers. */
  readonly servers: () => Promise<readonly MailServer[]>;
  /** Fetches a document over HTTPS. */
  readonly fetch: (host: string, path: string) => Promise<HttpsAnswer>;
  /** Asks the resolvers for any type of record. */
  readonly ask: (name: string, type: WireType) => Promise<Heard | undefined>;
  readonly blocklists: Blocklists | undefined;
  readonly declared: readonly DeclaredRecord[];
  /** HELO commands that arrived at the probe; undefined where none was wanted. */
  readonly sent: Promise<readonly SentHelo[]> | undefined;
}

export interface FactsOptions {
  readonly senders: readonly Sender[];
  readonly scope: Scope;
  readonly asked: Inquiry;
  readonly panel: Panel;
  readonly reach: Reach;
  readonly visitOptions: Pick<VisitOptions, "authorities" | "limits" | "ownName">;
  readonly fetch: Facts["fetch"];
  readonly blocklists: Blocklists | undefined;
  readonly declared: readonly DeclaredRecord[];
  readonly sent: Facts["sent"];
  /** Visits by name and address; the senders of a domain share its exchangers. */
  readonly visits: Map<string, Promise<Visit>>;
}

const smtpPort = 25;

export function factsOf(options: FactsOptions): Facts {
  const { senders, asked, panel, fetch, blocklists, declared, sent } = options;
  let servers: Promise<MailServer[]> | undefined;
  return {
    senders,
    asked,
    panel,
    servers: () => (servers ??= findServers(options)),
    fetch,
    ask: (name, type) => panel.ask({ name, type }),
    blocklists,
    declared,
    sent,
  };
}

async function findServers(options: FactsOptions): Promise<MailServer[]> {
  const { asked, scope, visits } = options;
  const exchangers = await exchangersOf(asked);
  const places = scope === "domain" ? await placesOf(exchangers, asked) : ownPlaces(asked);
  return Promise.all(
    places.map(async ({ name, address }) => {
      const key = `${name} ${address}`;
      const known = visits.get(key) ?? visitTo(name, address, options);
      visits.set(key, known);
      return { name, address, exchanger: exchangers.includes(name), visit: await known };
    }),
  );
}

type Place = Pick<MailServer, "name" | "address">;

async function placesOf(names: readonly string[], asked: Inquiry): Promise<Place[]> {
  const found = names.map(async (name) =>
    (await addressesOf(name, asked)).map((address) => ({ name, address })),
  );
  return (await Promise.all(found)).flat();
}

function ownPlaces({ helo, heloFault, addresses }: Inquiry): Place[] {
  return heloFault === undefined ? addresses.map((address) => ({ name: helo, address })) : [];
}

/** The IPv4 addresses of an exchanger, and the IPv6 ones. */
async function addressesOf(name: string, { lookUp }: Inquiry): Promise<string[]> {
  const lookups = await Promise.all([lookUp(name, "A"), lookUp(name, "AAAA")]);
  return lookups.flatMap((lookup) => (lookup.kind === "found" ? [...lookup.answers] : []));
}

function visitTo(name: string, address: string, options: FactsOptions): Promise<Visit> {
  const { asked, reach, visitOptions } = options;
  // Strangers' servers are left in peace: whether they relay is not for us to find out.
  const ours = asked.ownAddresses.has(address);
  return visit(reach(address, smtpPort), {
    ...visitOptions,
    name,
    relayProbes: ours ? relayProbes(asked) : [],
  });
}

/** Envelopes from a stranger to a stranger, in the ways that have led through. No one of them gets as far as DATA. */
function relayProbes({ mailFrom, helo }: Inquiry): RelayProbe[] {
  const own = mailFrom === "" ? helo : mailFrom;
  // Reserved for examples (RFC 2606 3), so that nobody could get anything.
  const [from = "", to = ""] = ["example.org", "example.net", "example.com"].filter(
    (domain) => domain !== own && !own.endsWith(`.${domain}`),
  );
  const stranger = `okmail-relay-probe@${to}`;
  return [
    { from: `okmail-relay-probe@${from}`, to: stranger },
    { from: `postmaster@${own}`, to: stranger },
    { from: "", to: stranger },
    // A source route, which a server strips and then follows (RFC 5321 4.1.1.3).
    { from: "", to: `@${helo}:${stranger}` },
  ];
}

/** For messages: `okmail.example.com (192.0.2.10)` */
export function serverText({ name, address }: Pick<MailServer, "name" | "address">): string {
  return `${name} (${isIPv4(address) ? address : `IPv6 ${address}`})`;
}
