import type { ProcessEnd, runChild } from "./child.mjs";

/** Runs npm as `runChild` does. Rejects with what to do about it if it can't be started. */
export function runNpm(
  args: readonly string[],
  options?: Parameters<typeof runChild>[2],
): Promise<ProcessEnd>;
