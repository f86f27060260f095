import { dnsError } from "../resolver.ts";

/** Runs a task once there is room, unless it is too late by then. */
export type Limiter = <T>(task: () => Promise<T>, deadline: AbortSignal) => Promise<T>;

/** At most `most` tasks at the same time, in the order given. A task whose deadline has passed fails with ETIMEOUT. */
export function limiter(most: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task, deadline) => {
    if (running < most) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      if (deadline.aborted) throw dnsError("ETIMEOUT", "before its turn");
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next(); // The place goes straight to the next.
    }
  };
}

/** Aborts after `milliseconds`, until it is released. */
export function deadlineAfter(milliseconds: number): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), milliseconds);
  return { signal: controller.signal, release: () => clearTimeout(timer) };
}
