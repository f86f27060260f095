import { randomBytes } from "node:crypto";
import { domainToASCII } from "node:url";
import type { SMTPServerAddress, SMTPServerSession } from "smtp-server";
import { decide, type OpenAttempt, type ReceivedMessage } from "./attempt.ts";
import { gatherFacts, type ClientFacts } from "./client-facts.ts";
import { judgeClient } from "./client-verdict.ts";
import type { DialogueLine } from "./dialogue.ts";
import { deliverToMaildir } from "./maildir.ts";
import type { Resolve } from "./lookup.ts";
import { examineMessage } from "./message-facts.ts";
import { isSuspicious, judgeMessage } from "./message-verdict.ts";
import { reply, SmtpRefusal } from "./reply.ts";
import { stamp } from "./trace-headers.ts";

/** Lines of a session's dialogue that are kept; no honest session has as many. */
const MAX_LINES = 1000;

/** What all sessions of a receiver have in common. */
export interface Policy {
  readonly resolve: Resolve;
  readonly hostname: string;
  readonly recipientDomain: string;
  readonly blocklistZones: readonly string[];
  readonly maildir?: string;
}

/** What a receiver remembers of one SMTP session, and how it answers. Refusals are thrown. */
export class Session {
  /** Protocol and cipher, once the session is encrypted. */
  tls?: string;
  readonly #dialogue: DialogueLine[] = [];
  readonly #policy: Policy;
  readonly #begun: (attempt: OpenAttempt) => void;
  #attempt: OpenAttempt | undefined;
  #facts: Promise<ClientFacts> | undefined;

  /** `begun` is told of each attempt when it begins. */
  constructor(policy: Policy, begun: (attempt: OpenAttempt) => void) {
    this.#policy = policy;
    this.#begun = begun;
  }

  /** Takes a line of the dialogue down. */
  heard(line: DialogueLine): void {
    if (this.#dialogue.length < MAX_LINES) this.#dialogue.push(line);
  }

  /** MAIL FROM: nothing is judged yet; like Postfix, the receiver waits until it knows for whom the message is. */
  mailFrom(address: SMTPServerAddress, { id, remoteAddress, hostNameAppearsAs }: SMTPServerSession): void {
    this.#facts = undefined;
    this.#attempt = {
      session: id,
      client: { address: remoteAddress, helo: hostNameAppearsAs, mailFrom: asciiAddress(address.address) },
      recipients: [],
      ...(this.tls !== undefined && { tls: this.tls }),
      outcome: "unfinished",
      dialogue: this.#dialogue,
    };
    this.#begun(this.#attempt);
  }

  /** RCPT TO: first whether the recipient is ours, then what there is to be said of the client. */
  async recipient(address: SMTPServerAddress): Promise<void> {
    const attempt = this.#open();
    const recipient = asciiAddress(address.address);
    const domain = recipient.slice(recipient.lastIndexOf("@") + 1).toLowerCase();
    if (domain !== this.#policy.recipientDomain && recipient.toLowerCase() !== "postmaster")
      return refuse(attempt, reply(550, "5.7.1", `<${recipient}>: Relay access denied`));

    this.#facts ??= gatherFacts(this.#policy.resolve, attempt.client, this.#policy.blocklistZones);
    attempt.facts = await this.#facts;
    const verdict = judgeClient(attempt.facts);
    if (verdict !== undefined) return refuse(attempt, verdict);
    attempt.recipients.push(recipient);
  }

  /** The end of DATA: the message is judged and, if accepted, kept. */
  async message(content: Buffer, protocol: string): Promise<ReceivedMessage> {
    const attempt = this.#open();
    const { facts, recipients, client, tls } = attempt;
    if (facts === undefined) throw new Error("a message without a recipient");
    const { resolve, hostname, maildir } = this.#policy;
    attempt.message = await examineMessage(resolve, content, facts);
    const verdict = judgeMessage(attempt.message);
    if (verdict !== undefined) return refuse(attempt, verdict);

    const queueId = randomBytes(5).toString("hex").toUpperCase();
    const passage = {
      receiver: hostname,
      queueId,
      protocol,
      recipients,
      time: new Date(),
      ...(tls && { tls }),
    };
    const stamped = stamp(content, passage, facts, attempt.message);
    const path = maildir === undefined ? undefined : deliverToMaildir(maildir, queueId, stamped);
    decide(attempt, reply(250, "2.0.0", `Ok: queued as ${queueId}`));
    return {
      queueId,
      mailFrom: client.mailFrom,
      recipients: [...recipients],
      content: stamped,
      suspicious: isSuspicious(attempt.message),
      ...(path !== undefined && { path }),
    };
  }

  #open(): OpenAttempt {
    if (this.#attempt === undefined) throw new Error("no MAIL command yet");
    return this.#attempt;
  }
}

function refuse(attempt: OpenAttempt, verdict: ReturnType<typeof reply>): never {
  decide(attempt, verdict);
  throw new SmtpRefusal(verdict);
}

/** The SMTP server gives names in Unicode; the DNS wants them in ASCII (RFC 5890). */
function asciiAddress(address: string): string {
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1);
  // An address literal, in brackets, stays as it is.
  if (at === -1 || /^[!-~]+$/.test(domain)) return address;
  return `${address.slice(0, at)}@${domainToASCII(domain) || domain}`;
}
