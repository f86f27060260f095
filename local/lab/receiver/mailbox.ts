import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A delivered message. */
export interface DeliveredMessage {
  /** As this process sees it. */
  readonly path: string;
  /** Lines end as they do in the file, with a line feed alone. */
  readonly content: string;
}

/** The Maildir that a receiver delivers to, by the queue ids of its messages. */
export class Mailbox {
  readonly #folder: string;
  readonly #seen = new Set<string>();
  readonly #byQueueId = new Map<string, DeliveredMessage>();

  /** `folder` holds `new`, once there is a message. */
  constructor(folder: string) {
    this.#folder = join(folder, "new");
  }

  /** Gives a message out, once; of one with several recipients, each of whom has a copy, the first. */
  take(queueId: string): DeliveredMessage | undefined {
    if (!this.#byQueueId.has(queueId)) this.#look();
    const message = this.#byQueueId.get(queueId);
    this.#byQueueId.delete(queueId);
    return message;
  }

  #look(): void {
    for (const name of filesIn(this.#folder)) {
      if (this.#seen.has(name)) continue;
      this.#seen.add(name);
      const path = join(this.#folder, name);
      const content = readFileSync(path, "latin1");
      // `by mx.inbox.okmail.internal (Postfix) with ESMTPS id 4jYm1D3MGQz1F`, in the first such field, which is our own.
      const queueId = /^Received:.*?\sid ([0-9A-Za-z]+)/ms.exec(content)?.[1];
      if (queueId !== undefined && !this.#byQueueId.has(queueId))
        this.#byQueueId.set(queueId, { path, content });
    }
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // Postfix makes it with the first message.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
