import { decide, type OpenAttempt } from "../../receiver/attempt.ts";
import type { DialogueLine } from "../../receiver/dialogue.ts";
import { heloKind } from "../../receiver/helo.ts";
import type { Reply } from "../../receiver/reply.ts";
import type { LogRecord, WitnessedFacts } from "./witness-link.ts";

/** An attempt of which Postfix may have made a message. */
export interface LoggedAttempt {
  readonly attempt: OpenAttempt;
  /** Octets that the client has announced (RFC 1870); undefined if it hasn't. */
  announcedSize?: number;
  queueId?: string;
}

/** One SMTP session, which is one process of Postfix. */
interface Session {
  readonly id: string;
  readonly address: string;
  readonly dialogue: DialogueLine[];
  helo: string;
  tls?: string;
  /** What the next reply answers. */
  pending: Pending;
  /** The lines so far of a reply of several. */
  replyLines: string[];
  current?: LoggedAttempt | undefined;
}

type Pending =
  | { readonly command: "mail" | "data" | "message" | "other" }
  | { readonly command: "rcpt"; readonly recipient: string };

const OTHER: Pending = { command: "other" };
/** `> client.example[192.0.2.10]: 250 2.1.0 Ok` */
const LINE = /^([<>]) \S*\[[^\]]*\]: (.*)$/s;

/**
 * Makes delivery attempts of what Postfix's SMTP server logs of each session: connection, the whole dialogue, TLS, queue id, end. A
 * session is told from others by its process, a message by its queue id, so that it doesn't matter how many there are at a time.
 */
export class SessionLog {
  readonly #sessions = new Map<number, Session>();
  readonly #byInstance = new Map<string, OpenAttempt | WitnessedFacts>();
  readonly #begun: (attempt: LoggedAttempt) => void;
  readonly #queued: (queueId: string, attempt: LoggedAttempt) => void;
  #count = 0;

  /** `begun` is told of each attempt when it begins, `queued` when it gets its queue id. */
  constructor(
    begun: (attempt: LoggedAttempt) => void,
    queued: (queueId: string, attempt: LoggedAttempt) => void,
  ) {
    this.#begun = begun;
    this.#queued = queued;
  }

  /** Takes a record of `postfix/smtpd`. */
  read({ pid, text }: LogRecord): void {
    const connection = /^connect from \S*\[([^\]]*)\]$/.exec(text);
    if (connection !== null) {
      this.#sessions.set(pid, newSession(`${pid}-${++this.#count}`, connection[1] ?? ""));
      return;
    }
    const session = this.#sessions.get(pid);
    if (session === undefined) return;
    if (text.startsWith("disconnect from ")) this.#sessions.delete(pid);
    else this.#readWithin(session, text);
  }

  /** Takes what the host has found out for a message, before or after Postfix's own word of that message. */
  readFacts(instance: string, facts: WitnessedFacts): void {
    const known = this.#byInstance.get(instance);
    if (known === undefined || !("dialogue" in known)) this.#byInstance.set(instance, facts);
    else this.#unite(instance, known, facts);
  }

  #readWithin(session: Session, text: string): void {
    const [, direction, line] = LINE.exec(text) ?? [];
    if (direction === "<" && line !== undefined) this.#hear(session, line);
    else if (line !== undefined) this.#answer(session, line);

    const tls = / TLS connection established from .*?\]: (\S+ with cipher \S+)/.exec(text)?.[1];
    if (tls !== undefined) session.tls = tls;
    const instance = /^send attr instance = (\S+)$/.exec(text)?.[1];
    if (instance !== undefined && session.current !== undefined)
      this.#identify(instance, session.current.attempt);
    const queueId = /^([0-9A-Za-z]{10,}): client=/.exec(text)?.[1];
    if (queueId !== undefined && session.current !== undefined) {
      session.current.queueId = queueId;
      this.#queued(queueId, session.current);
    }
  }

  /** A line of the client. */
  #hear(session: Session, line: string): void {
    session.dialogue.push({ session: session.id, from: "client", line });
    session.pending = OTHER;
    const [verb = "", argument = ""] = /^(\S+)\s*(.*)$/s.exec(line)?.slice(1) ?? [];
    switch (verb.toUpperCase()) {
      case "HELO":
      case "EHLO":
        session.helo = argument.trim();
        session.current = undefined;
        break;
      case "RSET":
        session.current = undefined;
        break;
      case "MAIL":
        session.pending = { command: "mail" };
        session.current = this.#begin(session, argument);
        break;
      case "RCPT":
        session.pending = { command: "rcpt", recipient: mailbox(argument) };
        break;
      case "DATA":
        session.pending = { command: "data" };
        break;
      case "BDAT":
        if (/ LAST$/i.test(argument)) session.pending = { command: "message" };
        break;
      default:
    }
  }

  /** A line of Postfix's reply; the last one of a reply decides. */
  #answer(session: Session, line: string): void {
    session.replyLines.push(line);
    if (/^\d{3}-/.test(line)) return;
    session.dialogue.push({ session: session.id, from: "server", line: session.replyLines.join("\n") });
    session.replyLines = [];
    const { pending, current } = session;
    session.pending = pending.command === "data" && line.startsWith("354") ? { command: "message" } : OTHER;
    if (current === undefined || session.pending.command === "message") return;
    const reply = readReply(line);
    // 421 ends a session whatever it answers (RFC 5321 section 3.8).
    if (pending.command === "message" || reply.code === 421) {
      decide(current.attempt, reply);
      session.current = undefined;
    } else if (pending.command === "rcpt" && reply.code < 300)
      current.attempt.recipients.push(pending.recipient);
    else if (reply.code >= 400 && isFirstWord(pending, current)) decide(current.attempt, reply);
  }

  #begin({ id, address, helo, tls, dialogue }: Session, argument: string): LoggedAttempt {
    const size = /\sSIZE=(\d+)/i.exec(argument)?.[1];
    const begun: LoggedAttempt = {
      attempt: {
        session: id,
        client: { address, helo, mailFrom: mailbox(argument) },
        recipients: [],
        ...(tls !== undefined && { tls }),
        outcome: "unfinished",
        dialogue,
      },
      ...(size !== undefined && { announcedSize: Number(size) }),
    };
    this.#begun(begun);
    return begun;
  }

  #identify(instance: string, attempt: OpenAttempt): void {
    const known = this.#byInstance.get(instance);
    if (known === undefined || "dialogue" in known) this.#byInstance.set(instance, attempt);
    else this.#unite(instance, attempt, known);
  }

  #unite(instance: string, attempt: OpenAttempt, facts: WitnessedFacts): void {
    const { helo } = attempt.client;
    attempt.facts = { ...facts, helo, heloKind: heloKind(helo) };
    this.#byInstance.delete(instance);
  }
}

function newSession(id: string, address: string): Session {
  return { id, address, dialogue: [], helo: "", pending: OTHER, replyLines: [] };
}

/** A refusal of the sender or of a recipient; that of DATA only says again that no recipient is left. */
function isFirstWord({ command }: Pending, { attempt }: LoggedAttempt): boolean {
  return command === "mail" || command === "rcpt" || (command === "data" && attempt.recipients.length > 0);
}

/** `FROM:<user@example.com> SIZE=100` -> `user@example.com`. */
function mailbox(argument: string): string {
  return /^[^:]*:\s*<?([^>\s]*)>?/.exec(argument)?.[1] ?? "";
}

/** `550 5.7.1 text` in its parts; the status is empty where the reply has none. */
function readReply(line: string): Reply {
  const [, code = "0", status = "", text = ""] =
    /^(\d{3}) (?:(\d\.\d{1,3}\.\d{1,3}) )?(.*)$/s.exec(line) ?? [];
  return { code: Number(code), status, text };
}
