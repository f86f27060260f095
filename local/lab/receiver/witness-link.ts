import { createConnection, type Socket } from "node:net";
import { lines } from "../../../toolchain/lines.ts";
import type { ClientFacts } from "../../receiver/client-facts.ts";

/** A record of the receiver's log. */
export interface LogRecord {
  /** Such as `postfix/smtpd`. */
  readonly tag: string;
  readonly pid: number;
  readonly text: string;
}

/** What the receiver's host found out about a client; the kind of its HELO name is for the reader to tell. */
export type WitnessedFacts = Omit<ClientFacts, "helo" | "heloKind">;

/** What the witness on the receiver's host tells. */
export type WitnessEvent =
  | { readonly log: LogRecord }
  | { readonly facts: WitnessedFacts; readonly instance: string }
  | { readonly sync: number };

/** The line to the witness, `witness.py`, on the receiver's host. */
export class WitnessLink {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, () => void>();
  #count = 0;

  private constructor(socket: Socket, onEvent: (event: WitnessEvent) => void) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on(
      "data",
      lines((line) => {
        const event = JSON.parse(line) as WitnessEvent;
        if ("sync" in event) this.#waiting.get(event.sync)?.();
        else onEvent(event);
      }),
    );
    socket.on("error", () => undefined);
    socket.on("close", () => {
      for (const done of this.#waiting.values()) done();
    });
  }

  /** Rejects if nobody listens at `path`. */
  static open(path: string, onEvent: (event: WitnessEvent) => void): Promise<WitnessLink> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once("error", reject);
      socket.once("connect", () => resolve(new WitnessLink(socket, onEvent)));
    });
  }

  /** Resolves when all that has happened on the receiver so far has been told, or when the receiver is gone. */
  sync(): Promise<void> {
    const number = ++this.#count;
    return new Promise((resolve) => {
      if (this.#socket.destroyed) {
        resolve();
        return;
      }
      this.#waiting.set(number, () => {
        this.#waiting.delete(number);
        resolve();
      });
      this.#socket.write(`${JSON.stringify({ sync: number })}\n`);
    });
  }

  /** Has every recipient answered so from now on, such as `450 4.3.2 …`; null has them judged again. */
  answerAll(reply: string | null): void {
    this.#socket.write(`${JSON.stringify({ mode: reply })}\n`);
  }

  close(): void {
    this.#socket.destroy();
  }
}
