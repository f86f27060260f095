import type { Client, ClientFacts } from "./client-facts.ts";
import type { DialogueLine } from "./dialogue.ts";
import type { MessageFacts } from "./message-facts.ts";
import type { Reply } from "./reply.ts";

/** One attempt to deliver a message, as the receiver saw it: what it found out, and what it said. */
export interface Attempt {
  /** Id of the SMTP session. */
  readonly session: string;
  readonly client: Client;
  /** Recipients that were taken. */
  readonly recipients: readonly string[];
  /** Protocol and cipher, undefined in clear. */
  readonly tls?: string;
  /** Undefined where all recipients were turned away for their own sake. */
  readonly facts?: ClientFacts;
  /** Undefined where no message came. */
  readonly message?: MessageFacts;
  readonly outcome: "accepted" | "refused" | "deferred" | "unfinished";
  /** The reply that decided, undefined while unfinished. */
  readonly reply?: Reply;
  /** The whole session, of a very long one the beginning; it grows until the session ends. */
  readonly dialogue: readonly DialogueLine[];
}

/** A message that was accepted. */
export interface ReceivedMessage {
  readonly queueId: string;
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  /** The message with the receiver's trace fields on top. */
  readonly content: Buffer;
  /** Whether the author's domain wants it treated with suspicion (DMARC policy quarantine). */
  readonly suspicious: boolean;
  /** Where it lies, if there is a Maildir. */
  readonly path?: string;
}

/** An attempt under way. */
export type OpenAttempt = { -readonly [K in keyof Attempt]: Attempt[K] } & { recipients: string[] };

/** Notes the reply that decides, and with it the outcome. */
export function decide(attempt: OpenAttempt, reply: Reply): void {
  attempt.reply = reply;
  attempt.outcome = reply.code < 400 ? "accepted" : reply.code < 500 ? "deferred" : "refused";
}
