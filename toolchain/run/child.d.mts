import type { SpawnOptions } from "node:child_process";

/** How a process ended: its exit code, or the signal that ended it. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs a command on this process's terminal, passes on the signals that this process gets, and waits for its end.
 * Rejects only if the command could not be started.
 */
export function runChild(
  command: string,
  args: readonly string[],
  options?: SpawnOptions & { readonly started?: (pid: number) => void },
): Promise<ProcessEnd>;

/** The shell's convention for it: the exit code, or 128 + the number of the signal. */
export function exitCode(end: ProcessEnd): number;
