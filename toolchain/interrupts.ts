import { constants } from "node:os";

/** What the user asks for with Ctrl-C, and with the signals that mean the same. */
export interface Interrupts extends Disposable {
  /** Aborted by the first: finish what is in flight, and stop. */
  readonly stop: AbortSignal;
  /** Aborted by the second: stop at once. */
  readonly kill: AbortSignal;
}

/**
 * Milliseconds within which signals are one wish: npm passes on the Ctrl-C that the terminal has sent already, so that
 * one key may arrive twice.
 */
const oneWish = 500;

/** Takes the signals of this process until it is disposed of; without that, they would end it. */
export function userInterrupts(): Interrupts {
  const stop = new AbortController();
  const kill = new AbortController();
  let first: number | undefined;
  const listener = (signal: NodeJS.Signals) => {
    const now = performance.now();
    first ??= now;
    if (!stop.signal.aborted) stop.abort(new InterruptedError(signal));
    else if (now - first >= oneWish) kill.abort(new InterruptedError(signal));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, listener);
  return {
    stop: stop.signal,
    kill: kill.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}

/** The promise's result, or at once the signal's reason: what is under way then is not worth waiting for. */
export function untilInterrupted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    promise.then(resolve, reject);
  });
}

/** The reason of an abort by signal; `exitCode` is the shell's convention for it, such as 130 for Ctrl-C. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted (${signal})`);
    this.exitCode = 128 + constants.signals[signal];
  }
}
