import { reverseName } from "../../local/dns/name.ts";
import { parseDkimRecord } from "../../mail/dkim.ts";
import { discoverDmarc, type DmarcDiscovery } from "../../mail/dmarc-discovery.ts";
import { normalizeName } from "../../mail/host-name.ts";
import { inquiry, type Inquiry } from "../../mail/judge/inquiry.ts";
import type { Lookup, Resolver } from "../../mail/resolver.ts";
import type { SpfCheck } from "../../mail/spf.ts";
import type { Subject } from "../subject.ts";
import type { StackSettings } from "./stack-settings.ts";

/** The form that opens port 25. Nothing but it does: there is no API for it. */
export const form = {
  title: "Request to remove email sending limitations",
  url: "https://console.aws.amazon.com/support/contacts#/rdns-limits",
} as const;

/** What the form asks for, filled in. Its JSON is what `--json` writes. */
export interface EmailRequest {
  readonly version: 1;
  readonly form: typeof form;
  /** One request for each Region. */
  readonly region: string | null;
  readonly account: string | null;
  /** Whom AWS answers. */
  readonly email: string | null;
  /** Lines of the use case. What is missing stands in brackets. */
  readonly useCase: readonly string[];
  readonly addresses: readonly RequestedAddress[];
  readonly missing: readonly Missing[];
}

/** An Elastic IP with the name that it has to have. */
export interface RequestedAddress {
  readonly address: string;
  readonly reverseDns: string;
  /** What the address's PTR record says now; null: nobody can say. */
  readonly presentReverseDns: readonly string[] | null;
}

export interface Missing {
  readonly what: string;
  /** How to supply it. */
  readonly how: string;
}

export interface RequestOptions {
  readonly resolver: Resolver;
  /** undefined: they aren't known, as of a mail server that is no stack of ours. */
  readonly settings?: StackSettings | undefined;
  readonly region?: string | undefined;
  readonly account?: string | undefined;
  readonly email?: string | undefined;
  readonly useCase?: string | undefined;
  readonly measures?: readonly string[] | undefined;
}

const ownAddressOnly =
  "Each server sends from its own Elastic IP only, over IPv4. The address's reverse name, the server's HELO name and that name's " +
  "A record are one.";

/** Fills the form in, from what is known of the sender and from what its zone says now. */
export async function emailRequest(subject: Subject, options: RequestOptions): Promise<EmailRequest> {
  const { resolver, settings, account, email, useCase, measures = [] } = options;
  const region = options.region ?? settings?.region;
  const senders = subject.senders.map((sender) => inquiry(sender, resolver));
  const [addresses, published] = await Promise.all([
    Promise.all(senders.flatMap(addressFacts)),
    publishedFacts(senders),
  ]);

  const missing: Missing[] = [];
  const miss = (what: string, how: string) => {
    missing.push({ what, how });
    return `[${what}]`;
  };
  if (email === undefined) miss("the address that AWS answers to", "--email ops@example.com");
  if (region === undefined)
    miss("the Region of the addresses, for each of which there is a request", "--region eu-central-1");
  const what =
    useCase ?? miss("what you send and to whom", '--use-case "Receipts to customers who have an account"');
  return {
    version: 1,
    form,
    region: region ?? null,
    account: account ?? null,
    email: email ?? null,
    useCase: [
      `We run the mail servers of ${subject.domain} on EC2: ${senders.map(({ helo }) => helo).join(", ")}. ` +
        `They send: ${sentence(what)}`,
      "Please open outbound port 25 for them: they deliver to the recipients' mail exchangers themselves.",
      "How we keep unwanted mail from being sent:",
      ...[
        ...accessOf(subject.domain, settings, measures, miss),
        ...measures.map(sentence),
        ...authenticityOf(published, miss),
        ...(settings === undefined ? [] : [ownAddressOnly]),
      ].map((measure) => `- ${measure}`),
    ],
    addresses: addresses.map((facts) => requestedAddress(facts, miss)),
    missing,
  };
}

/** Names what is missing and how to supply it; gives what stands in its place. */
type Miss = (what: string, how: string) => string;

interface AddressFacts {
  readonly helo: string;
  readonly address: string;
  readonly forward: Lookup<"A">;
  readonly reverse: Lookup<"PTR">;
}

function addressFacts({ helo, addresses, lookUp }: Inquiry): Promise<AddressFacts>[] {
  return addresses.map(async (address) => {
    const [forward, reverse] = await Promise.all([lookUp(helo, "A"), lookUp(reverseName(address), "PTR")]);
    return { helo, address, forward, reverse };
  });
}

function requestedAddress({ helo, address, forward, reverse }: AddressFacts, miss: Miss): RequestedAddress {
  const how = "deploy first: AWS sets a reverse name only to a name whose A record holds the address";
  if (forward.kind === "unknown") miss(`whether ${helo} has the A record ${address}`, forward.why);
  else if (forward.kind === "absent") miss(`the A record of ${helo} with ${address}`, how);
  else if (!forward.answers.includes(address))
    miss(`the A record of ${helo} with ${address} (now ${forward.answers.join(", ")})`, how);
  return { address, reverseDns: helo, presentReverseDns: namesIn(reverse) };
}

function namesIn(lookup: Lookup<"PTR">): readonly string[] | null {
  switch (lookup.kind) {
    case "found":
      return lookup.answers.map(normalizeName);
    case "absent":
      return [];
    case "unknown":
      return null;
  }
}

interface PublishedFacts {
  readonly mailFrom: string;
  readonly from: string;
  /** Of each address. */
  readonly spf: readonly SpfCheck[];
  readonly keys: readonly { readonly name: string; readonly lookup: Lookup<"TXT"> }[];
  readonly dmarc: DmarcDiscovery;
}

async function publishedFacts(senders: readonly Inquiry[]): Promise<PublishedFacts> {
  const [asked] = senders;
  if (asked === undefined)
    throw new RangeError("there is no sender to write a request for: give at least one");
  const { mailFrom, from, resolver, lookUp } = asked;
  const names = new Set(
    senders.flatMap(({ selectors }) =>
      selectors.map(({ selector, domain }) => `${selector}._domainkey.${domain}`),
    ),
  );
  const [spf, keys, dmarc] = await Promise.all([
    Promise.all(
      senders.flatMap((sender) => sender.addresses.map((address) => sender.spf(address, "mailfrom"))),
    ),
    Promise.all([...names].map(async (name) => ({ name, lookup: await lookUp(name, "TXT") }))),
    discoverDmarc(from, resolver),
  ]);
  return { mailFrom, from, spf, keys, dmarc };
}

/** SPF, DKIM and DMARC as they are published. */
function authenticityOf({ mailFrom, from, spf, keys, dmarc }: PublishedFacts, miss: Miss): string[] {
  const failing = spf.find(({ result }) => result !== "pass");
  const record = spf[0]?.record;
  const publish = "publish it: okmail zone writes it";
  const keyTexts =
    keys.length === 0
      ? [miss("a DKIM key", "--selector names its selector")]
      : keys.map(({ name, lookup }) => keyText(name, lookup, miss));
  return [
    failing === undefined && record !== undefined
      ? `SPF of ${mailFrom}, published: ${record}`
      : `SPF: ${miss(`an SPF record of ${mailFrom} that permits each address`, failing?.problem ?? publish)}`,
    `DKIM, published: ${keyTexts.join(", ")}`,
    dmarc.record === undefined
      ? `DMARC: ${miss(`a DMARC record of ${from}`, dmarc.unknown?.why ?? publish)}`
      : `DMARC of ${dmarc.record.domain}, published: ${dmarc.record.text}`,
  ];
}

function keyText(name: string, lookup: Lookup<"TXT">, miss: Miss): string {
  if (lookup.kind !== "found")
    return miss(`the DKIM key ${name}`, lookup.kind === "unknown" ? lookup.why : "deploy, or publish it");
  const key = parseDkimRecord(lookup.answers[0]?.join("") ?? "");
  if ("fault" in key) return miss(`a good DKIM key ${name}`, `the record ${key.fault}`);
  return `${name} (${key.keyType === "rsa" ? `RSA, ${key.bits} bits` : "Ed25519"})`;
}

/** Who can send, and how much. */
function accessOf(
  domain: string,
  settings: StackSettings | undefined,
  measures: readonly string[],
  miss: Miss,
): string[] {
  if (settings === undefined)
    return measures.length > 0
      ? []
      : [miss("who may send through the servers, and how much", "--measure TEXT")];
  const { submission } = settings;
  if (submission === undefined)
    return [
      "Nobody can hand in mail over the network: the servers relay for nobody, no port takes submissions.",
    ];
  const { users, messagesPerHour } = submission;
  const count = users.length === 1 ? "1 application" : `${users.length} applications`;
  return [
    `Mail is taken from ${count} of ours only, each with a password of its own, over TLS (ports 465 and 587); the servers relay ` +
      `for nobody else. The sender must be an address of ${domain}.`,
    `Each is limited to ${messagesPerHour} messages an hour, so all together to ${messagesPerHour * users.length}.`,
    ...bouncesOf(domain, settings),
  ];
}

function bouncesOf(domain: string, { receivesMail, bounceAddress }: StackSettings): string[] {
  const addresses = `postmaster@${domain} and abuse@${domain}`;
  if (!receivesMail)
    return [`Bounces and complaints come to the domain's own mailboxes, ${addresses} among them.`];
  const there = bounceAddress === undefined ? "keep them in a mailbox" : `forward them to ${bounceAddress}`;
  return [`Bounces and complaints (${addresses}) come to the servers themselves, which ${there}.`];
}

/** With a full stop. */
function sentence(text: string): string {
  return /[.!?\]]$/.test(text) ? text : `${text}.`;
}
