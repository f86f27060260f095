import { SmtpDialogue, type Reply, type SmtpPort } from "./smtp-dialogue.ts";

/** The names by which a server may take mail for its own, and what it must not take. */
export interface RelayTarget {
  /** The domain it sends for. */
  readonly domain: string;
  /** Its host name. */
  readonly helo: string;
  /** Its IPv4 address as clients see it. */
  readonly address: string;
  /** A mailbox of somebody else. */
  readonly stranger: { readonly localPart: string; readonly domain: string };
}

/** An attempt to have a server pass on mail to strangers. */
export interface RelayProbe {
  readonly title: string;
  /** What is said in EHLO. */
  readonly helo: string;
  /** After `MAIL FROM:`, as it stands. */
  readonly mailFrom: string;
  /** After `RCPT TO:`, as it stands. */
  readonly rcptTo: string;
}

/** How a server took a probe. */
export interface ProbeOutcome {
  /** Whether it took the recipient: what it takes, it passes on or bounces to whoever was named as sender. */
  readonly accepted: boolean;
  /** The command that was refused, or RCPT. */
  readonly stage: "CONNECT" | "EHLO" | "MAIL" | "RCPT";
  readonly reply: Reply;
}

const client = "probe.example.org";

/**
 * The classic probes, as relay testers have used them since the MAPS Transport Security Initiative and abuse.net: senders
 * that a server might trust, and recipients whose route it might unwrap (percent hack, bang path, RFC 821 source route,
 * quoted and doubled addresses).
 */
export function relayProbes({ domain, helo, address, stranger }: RelayTarget): RelayProbe[] {
  const [user, elsewhere] = [stranger.localPart, stranger.domain];
  const victim = `${user}@${elsewhere}`;
  const literal = `[${address}]`;
  const recipient = `<${victim}>`;
  // Of a domain that is there: else a server may refuse the sender, and say nothing of what it passes on.
  const foreignSender = `<probe@${elsewhere}>`;

  const senders: [title: string, mailFrom: string, ehlo?: string][] = [
    ["a stranger to a stranger", foreignSender],
    ["the null sender", "<>"],
    ["a sender of the domain", `<probe@${domain}>`],
    ["the domain's postmaster", `<postmaster@${domain}>`],
    ["a sender at the host", `<probe@${helo}>`],
    ["a sender at the host's address", `<probe@${literal}>`],
    ["a sender at localhost", "<probe@localhost>"],
    ["a sender at the loopback address", "<probe@[127.0.0.1]>"],
    ["a sender without a domain", "<probe>"],
    ["a sender without brackets", `probe@${domain}`],
    ["the recipient as sender", recipient],
    ["a sender of the domain, under the host's own name", `<probe@${domain}>`, helo],
    ["a sender of the domain, under the name localhost", `<probe@${domain}>`, "localhost"],
    ["a sender of the domain, under the loopback address", `<probe@${domain}>`, "[127.0.0.1]"],
    ["a sender with a source route through the host", `<@${helo}:probe@${elsewhere}>`],
  ];
  const recipients: [title: string, rcptTo: string][] = [
    ["no brackets", victim],
    ["capital letters", recipient.toUpperCase()],
    ["a final dot", `<${victim}.>`],
    ["an address literal", `<${user}@[198.51.100.1]>`],
    ["percent hack at the domain", `<${user}%${elsewhere}@${domain}>`],
    ["percent hack at the host", `<${user}%${elsewhere}@${helo}>`],
    ["percent hack at the address", `<${user}%${elsewhere}@${literal}>`],
    ["percent hack at localhost", `<${user}%${elsewhere}@localhost>`],
    ["percent hack without a host", `<${user}%${elsewhere}>`],
    ["percent hack twice", `<${user}%${elsewhere}%${domain}@${helo}>`],
    ["percent hack behind the address", `<${victim}%${domain}>`],
    ["bang path", `<${elsewhere}!${user}>`],
    ["bang path through the domain", `<${domain}!${elsewhere}!${user}>`],
    ["bang path at the domain", `<${elsewhere}!${user}@${domain}>`],
    ["bang path at the host", `<${elsewhere}!${user}@${helo}>`],
    ["bang path at the address", `<${elsewhere}!${user}@${literal}>`],
    ["source route through the domain", `<@${domain}:${victim}>`],
    ["source route through the host", `<@${helo}:${victim}>`],
    ["source route through the address", `<@${literal}:${victim}>`],
    ["source route through two hosts", `<@${domain},@${helo}:${victim}>`],
    ["quoted", `<"${victim}">`],
    ["quoted at the domain", `<"${victim}"@${domain}>`],
    ["quoted at the host", `<"${victim}"@${helo}>`],
    ["quoted at the address", `<"${victim}"@${literal}>`],
    ["quoted percent hack", `<"${user}%${elsewhere}"@${domain}>`],
    ["quoted bang path", `<"${elsewhere}!${user}"@${domain}>`],
    ["doubled domain, the host's last", `<${victim}@${domain}>`],
    ["doubled domain, the host's first", `<${user}@${domain}@${elsewhere}>`],
    ["doubled domain at the address", `<${victim}@${literal}>`],
    ["escaped at sign", `<${user}\\@${elsewhere}@${domain}>`],
    ["two addresses in one", `<postmaster@${domain}>,<${victim}>`],
    ["a subdomain of the domain", `<${user}@${elsewhere}.${domain}>`],
    ["a domain that ends like the domain", `<${user}@not${domain}>`],
    ["a command as local part", `<"|mail ${user}"@${domain}>`],
    ["a file as local part", `<"/tmp/${user}"@${domain}>`],
  ];
  return [
    ...senders.map(([title, mailFrom, ehlo = client]) => ({
      title: `from ${title}`,
      helo: ehlo,
      mailFrom,
      rcptTo: recipient,
    })),
    ...recipients.map(([title, rcptTo]) => ({
      title: `to ${title}`,
      helo: client,
      mailFrom: foreignSender,
      rcptTo,
    })),
  ];
}

/** Runs a probe on a connection of its own. It sends no message. */
export async function runProbe(server: SmtpPort, probe: RelayProbe): Promise<ProbeOutcome> {
  const { dialogue, greeting } = await SmtpDialogue.open(server);
  try {
    if (greeting.code !== 220) return { accepted: false, stage: "CONNECT", reply: greeting };
    let hello = await dialogue.command(`EHLO ${probe.helo}`);
    if (server.tls === "starttls" && hello.code === 250) {
      const reply = await dialogue.startTls();
      if (reply.code !== 220) throw new Error(`no STARTTLS at port ${server.port}: ${reply.text}`);
      hello = await dialogue.command(`EHLO ${probe.helo}`);
    }
    if (hello.code !== 250) return { accepted: false, stage: "EHLO", reply: hello };
    const sender = await dialogue.command(`MAIL FROM:${probe.mailFrom}`);
    if (sender.code !== 250) return { accepted: false, stage: "MAIL", reply: sender };
    const recipient = await dialogue.command(`RCPT TO:${probe.rcptTo}`);
    return { accepted: recipient.code >= 200 && recipient.code < 300, stage: "RCPT", reply: recipient };
  } finally {
    dialogue.close();
  }
}
