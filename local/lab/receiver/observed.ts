import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Attempt, ReceivedMessage } from "../../receiver/attempt.ts";
import { isSuspicious } from "../../receiver/message-verdict.ts";
import { Mailbox } from "./mailbox.ts";
import { messageResults } from "./message-results.ts";
import { SessionLog, type LoggedAttempt } from "./sessions.ts";
import type { LogRecord, WitnessEvent } from "./witness-link.ts";

/** A message in Postfix's queue, and what is said of it. */
interface QueuedMessage {
  readonly queueId: string;
  readonly logged: LoggedAttempt;
  readonly records: LogRecord[];
}

/** Attempts and messages that are remembered, each. */
const MEMORY = 10_000;
/** Milliseconds that a message, once accepted, may take into the mailbox. */
const DELIVERY_PATIENCE = 10_000;

/** Where the receiver leaves what it knows, as this process sees it. */
export interface ObservedPlaces {
  /** The Maildir. */
  readonly mailbox: string;
  /** What OpenDMARC notes. */
  readonly history: string;
}

/** What a receiver has seen, put together from what its host tells. */
export class ObservedMail {
  /** Oldest first. */
  readonly attempts: Attempt[] = [];
  readonly messages: ReceivedMessage[] = [];
  readonly #places: ObservedPlaces;
  readonly #mailbox: Mailbox;
  readonly #queue = new Map<string, QueuedMessage>();
  readonly #sessions = new SessionLog(
    (logged) => remember(this.attempts, logged.attempt),
    (queueId, logged) => this.#queue.set(queueId, { queueId, logged, records: [] }),
  );
  /** Messages that have left the queue, which aren't looked at yet. */
  readonly #done: QueuedMessage[] = [];

  constructor(places: ObservedPlaces) {
    this.#places = places;
    this.#mailbox = new Mailbox(places.mailbox);
  }

  /** Takes what the receiver's host tells. */
  read(event: WitnessEvent): void {
    if ("facts" in event) this.#sessions.readFacts(event.instance, event.facts);
    if (!("log" in event)) return;
    const { log } = event;
    if (log.tag === "postfix/smtpd") this.#sessions.read(log);
    const [, queueId, text] = /^([0-9A-Za-z]{10,}): (.*)$/s.exec(log.text) ?? [];
    const queued = queueId === undefined ? undefined : this.#queue.get(queueId);
    if (queued === undefined || text === undefined) return;
    queued.records.push({ ...log, text });
    // `removed` after delivery, `removed (canceled)` after a refusal.
    if (text.startsWith("removed")) {
      this.#queue.delete(queued.queueId);
      this.#done.push(queued);
    }
  }

  /**
   * Completes attempts and messages, after `told` has told all that has happened: a message that was accepted may take a moment yet
   * into the mailbox.
   */
  async settle(told: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + DELIVERY_PATIENCE;
    await told();
    while (this.#isUnderWay() && performance.now() < deadline) {
      await sleep(5);
      await told();
    }
    const done = this.#done.splice(0);
    const history = done.length === 0 ? "" : read(this.#places.history);
    for (const message of done) {
      // Postfix may have delivered a message before its log says that the client was told so: that one waits.
      if (message.logged.attempt.outcome === "unfinished") this.#done.push(message);
      else this.#complete(message, history);
    }
  }

  /** Whether a message is accepted but not in the mailbox yet. */
  #isUnderWay(): boolean {
    return [...this.#queue.values()].some(({ logged }) => logged.attempt.outcome === "accepted");
  }

  #complete({ queueId, logged, records }: QueuedMessage, history: string): void {
    const { attempt, announcedSize = 0 } = logged;
    const delivered = attempt.outcome === "accepted" ? this.#mailbox.take(queueId) : undefined;
    const facts = messageResults({
      queueId,
      records,
      history,
      size: queueSize(records) ?? announcedSize,
      ...(delivered !== undefined && { content: delivered.content }),
    });
    attempt.message = facts;
    if (delivered === undefined) return;
    remember(this.messages, {
      queueId,
      mailFrom: attempt.client.mailFrom,
      recipients: [...attempt.recipients],
      content: Buffer.from(delivered.content.replace(/\r?\n/g, "\r\n"), "latin1"),
      suspicious: isSuspicious(facts),
      path: delivered.path,
    });
  }
}

/** `from=<a@example.com>, size=731, nrcpt=1 (queue active)` */
function queueSize(records: readonly LogRecord[]): number | undefined {
  const size = records
    .map(({ text }) => /^from=.*, size=(\d+),/.exec(text)?.[1])
    .find((found) => found !== undefined);
  return size === undefined ? undefined : Number(size);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function remember<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > MEMORY) list.shift();
}
