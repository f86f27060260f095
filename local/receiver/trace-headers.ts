import type { ClientFacts } from "./client-facts.ts";
import type { MessageFacts } from "./message-facts.ts";
import type { SpfCheck } from "./spf.ts";

/** What the receiver notes on top of a message. */
export interface Passage {
  /** The receiver's host name, which is its authserv-id too. */
  readonly receiver: string;
  readonly queueId: string;
  readonly protocol: string;
  readonly recipients: readonly string[];
  readonly time: Date;
  /** Such as `TLSv1.3 with cipher TLS_AES_256_GCM_SHA384`. */
  readonly tls?: string;
}

/** Puts the trace fields before a message, after taking out what claims to be our own Authentication-Results. */
export function stamp(message: Buffer, passage: Passage, client: ClientFacts, facts: MessageFacts): Buffer {
  const fields = [
    `Return-Path: <${client.mailFrom}>`,
    authenticationResults(passage.receiver, client, facts),
    received(passage, client),
  ];
  return Buffer.concat([
    Buffer.from(`${fields.join("\r\n")}\r\n`),
    withoutForgeries(message, passage.receiver),
  ]);
}

/** The field of RFC 8601 with one entry for each method and identity; folded, without its line end. */
export function authenticationResults(receiver: string, client: ClientFacts, facts: MessageFacts): string {
  const { iprev, address, spfHelo, spfMailFrom } = client;
  const names = iprev.names.filter(({ confirmed }) => confirmed).map(({ name }) => name);
  const entries = [
    `iprev=${iprev.result}${names.length === 0 ? "" : ` (${names.join(" ")})`} policy.iprev=${propertyValue(address)}`,
    ...(spfMailFrom === undefined ? [] : [spfEntry(spfMailFrom, "mailfrom")]),
    spfEntry(spfHelo, "helo"),
    ...facts.dkim.map(({ info }) => info),
    facts.dmarc.info,
  ];
  return [`Authentication-Results: ${receiver}`, ...entries].join(";\r\n\t");
}

function spfEntry({ result, domain, term }: SpfCheck, identity: "mailfrom" | "helo"): string {
  // The domain alone: no local part is told where the record doesn't look at it (RFC 8601 section 2.7.2).
  const comment = term === undefined ? "" : ` (${comments(term)})`;
  return `spf=${result}${comment} smtp.${identity}=${propertyValue(domain)}`;
}

function received(
  { receiver, queueId, protocol, recipients, time, tls }: Passage,
  client: ClientFacts,
): string {
  const name = client.iprev.names.find(({ confirmed }) => confirmed)?.name ?? "unknown";
  const [recipient] = recipients;
  const alone = recipients.length === 1 && recipient !== undefined;
  return [
    `Received: from ${client.helo} (${name} [${client.address}])`,
    ...(tls === undefined ? [] : [`\t(using ${tls})`]),
    // With several recipients none is named: they needn't know of each other (RFC 5321 section 7.2).
    `\tby ${receiver} with ${protocol} id ${queueId}${alone ? `\r\n\tfor <${recipient}>` : ""};`,
    `\t${mailDate(time)}`,
  ].join("\r\n");
}

/** A date by RFC 5322 section 3.3, in UTC. */
function mailDate(time: Date): string {
  return time.toUTCString().replace("GMT", "+0000");
}

/** A value that is no token or domain name is quoted (RFC 8601 section 2.2). */
function propertyValue(value: string): string {
  return /^[A-Za-z0-9._-]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, "\\$&")}"`;
}

function comments(text: string): string {
  return text.replace(/[^ -~]/g, "?").replace(/[\\()]/g, "\\$&");
}

/** Removes the Authentication-Results fields that bear our name: only we may write these (RFC 8601 section 5). */
function withoutForgeries(message: Buffer, receiver: string): Buffer {
  const text = message.toString("latin1");
  const end = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n");
  const header = end === -1 ? text : text.slice(0, end);
  const fields = header.split(/\r\n(?![ \t])/);
  const kept = fields.filter((field) => authservId(field) !== receiver.toLowerCase());
  return Buffer.from(kept.join("\r\n") + text.slice(header.length), "latin1");
}

function authservId(field: string): string | undefined {
  const match = /^authentication-results[ \t]*:(?:\s|\([^)]*\))*"?([^\s;"]+)/i.exec(field);
  return match?.[1]?.toLowerCase();
}
