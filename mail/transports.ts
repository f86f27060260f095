import type { Setting } from "./postfix.ts";
import type { MasterService } from "./master-cf.ts";

/**
 * A receiver that asks senders for moderation, by the domains of its mailboxes. Domains whose mail it only hosts aren't
 * recognized: Postfix knows a message's MX only once it delivers it.
 */
interface Receiver {
  /** The name of the transport. */
  readonly transport: string;
  /** A POSIX extended regular expression (regexp_table(5)) for an address. */
  readonly addresses: string;
  /** Most connections at one time, over all its domains. */
  readonly connections: number;
  /** Most messages in one connection. */
  readonly messagesPerConnection?: number;
}

/** Top-level domains of the national variants, as in hotmail.fr, hotmail.co.uk, yahoo.com.br. */
const national = "\\.(com?\\.)?[a-z]{2,3}$";

const receivers: readonly Receiver[] = [
  // "Send email at a consistent rate. Avoid sending email in bursts" (Google, "Email sender guidelines",
  // support.google.com/a/answer/81126). There is no number; above a rate it answers 421 4.7.28, and Postfix waits.
  { transport: "gmail", addresses: "@(gmail|googlemail)\\.com$", connections: 10 },
  // At most 500 connections without arrangement, for senders of standing (Microsoft, "Policies, practices, and
  // guidelines", sendersupport.olc.protection.outlook.com/pm/policies.aspx); new addresses meet lower limits, 421 RP-001.
  {
    transport: "microsoft",
    addresses: `@(outlook|hotmail|live|msn|windowslive)${national}`,
    connections: 10,
  },
  // "A maximum of 20 messages per SMTP connection", connections with moderation (Yahoo, "Guidelines for establishing
  // SMTP connections", help.yahoo.com/kb/SLN3433.html). AOL's mailboxes are at Yahoo too.
  {
    transport: "yahoo",
    addresses: `@(yahoo|ymail|rocketmail|aol|aim)${national}`,
    connections: 5,
    messagesPerConnection: 20,
  },
];

/** Settings of main.cf that choose the transports. */
export const transportSettings: readonly Setting[] = [
  [
    "transport_maps",
    `regexp:{ ${receivers.map(({ transport, addresses }) => `{ /${addresses.replaceAll("$", "$$$$")}/ ${transport}: }`).join(", ")} }`,
    "The large receivers have a transport each, see master.cf.",
  ],
];

/** The transports' lines of master.cf. */
export const transportServices: readonly MasterService[] = receivers.map((receiver, index) => ({
  name: receiver.transport,
  type: "unix",
  processes: receiver.connections,
  command: "smtp",
  ...(receiver.messagesPerConnection !== undefined && {
    overrides: [["smtp_connection_reuse_count_limit", String(receiver.messagesPerConnection)]] as const,
  }),
  ...(index === 0 && { reason: "Large receivers: the number is how many connections each gets at most." }),
}));
