/** What the holder of a lock can do with it. */
export interface HeldLock {
  /** The lock also lasts as long as process `pid` runs, should this one die before it. */
  include(pid: number): void;
}

export interface LockOptions {
  /** Called once, if the lock is held by another process. */
  readonly onWait?: (() => void) | undefined;
  /** Ends the waiting: `withLock` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds between two attempts. @default 200 */
  readonly poll?: number;
  /** Milliseconds without a sign of life after which the lock is taken over whoever holds it. @default 600_000 */
  readonly abandonedAfter?: number;
}

/**
 * Runs `body` while this process alone holds the lock `file`; its folder must exist. A lock whose holder died is taken over.
 */
export function withLock<T>(
  file: string,
  options: LockOptions,
  body: (lock: HeldLock) => Promise<T>,
): Promise<T>;
