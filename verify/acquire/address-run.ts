import { numberOf } from "./address-pool.ts";
import type { AcquiredAddress } from "./elastic-ips.ts";

/**
 * The first `size` addresses that follow one another and are clean; undefined if there are none, or `isClean` knows no more.
 * The highest is asked about first: where it is listed, none of those below it needs asking.
 *
 * @param free addresses, lowest first
 * @param isClean undefined: nobody is to be asked any more
 */
export async function findCleanRun(
  free: readonly string[],
  size: number,
  isClean: (address: string) => Promise<boolean | undefined>,
): Promise<readonly string[] | undefined> {
  for (let start = 0; start + size <= free.length;) {
    const run = free.slice(start, start + size);
    let passed = lastGap(run);
    for (let index = size - 1; passed === 0 && index >= 0; index--) {
      const clean = await isClean(run[index] ?? "");
      if (clean === undefined) return undefined;
      if (!clean) passed = index + 1;
    }
    if (passed === 0) return run;
    start += passed;
  }
  return undefined;
}

/** How many addresses follow one another at most. */
export function longestRun(free: readonly string[]): number {
  let [length, longest] = [0, 0];
  for (const [index, address] of free.entries()) {
    length = index > 0 && numberOf(address) === numberOf(free[index - 1] ?? "") + 1 ? length + 1 : 1;
    longest = Math.max(longest, length);
  }
  return longest;
}

/**
 * What an interrupted run has left, if it is the rest of a whole one: an address for each of the hosts, and with the adopted ones
 * between them they follow one another. In the order of the hosts.
 */
export function restOfRun(
  left: readonly AcquiredAddress[],
  hosts: readonly string[],
  adopted: readonly AcquiredAddress[],
): readonly AcquiredAddress[] | undefined {
  const rest = hosts.flatMap((host) => left.filter((one) => one.host === host));
  if (rest.length !== hosts.length || new Set(rest.map(({ host }) => host)).size !== hosts.length)
    return undefined;
  const numbers = rest.map(({ address }) => numberOf(address));
  const [lowest, highest] = [Math.min(...numbers), Math.max(...numbers)];
  const between = new Set(
    [...rest, ...adopted].map(({ address }) => numberOf(address)).filter((n) => n >= lowest && n <= highest),
  );
  return between.size === highest - lowest + 1 ? rest : undefined;
}

/** The index behind the last gap; 0 if all follow one another. */
function lastGap(run: readonly string[]): number {
  return Math.max(
    0,
    run.findLastIndex(
      (address, index) => index > 0 && numberOf(address) !== numberOf(run[index - 1] ?? "") + 1,
    ),
  );
}
