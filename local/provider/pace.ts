import { setTimeout as sleep } from "node:timers/promises";

/** Makes changes take their time, as they do in a real cloud, until somebody cancels. */
export class Pace {
  readonly #milliseconds: number;
  #cancel = new AbortController();

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Returns when it is time to make the change; throws if it was cancelled meanwhile. */
  async wait(): Promise<void> {
    if (this.#milliseconds === 0) return;
    try {
      await sleep(this.#milliseconds, undefined, { signal: this.#cancel.signal });
    } catch (cause) {
      throw new Error("Cancelled before anything was changed", { cause });
    }
  }

  /** Cancels what is waiting. What comes later waits as before. */
  cancel(): void {
    this.#cancel.abort();
    this.#cancel = new AbortController();
  }
}
