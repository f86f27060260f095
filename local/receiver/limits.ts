/** What a receiver puts up with. */
export interface ReceiverLimits {
  /** Octets of a message. @default 10 MiB */
  readonly size: number;
  /** Connections at a time. @default 50 */
  readonly connections: number;
  /** Milliseconds without a command. @default 60 s */
  readonly idle: number;
  /** Milliseconds of a session altogether. @default 5 min */
  readonly session: number;
  /** Recipients of a message. @default 100 */
  readonly recipients: number;
}

/** What holds where nothing else is said. */
export const DEFAULT_LIMITS: ReceiverLimits = {
  size: 10 * 1024 * 1024,
  connections: 50,
  idle: 60_000,
  session: 300_000,
  recipients: 100,
};
