/** The middle of several measurements, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    lowest: at(0),
    highest: at(sorted.length - 1),
  };
}

/** Two things measured by turns. */
export interface Comparison {
  readonly one: Spread;
  readonly other: Spread;
  /** How many times as long `one` takes, and how much longer, of each pair of runs. */
  readonly ratio: Spread;
  readonly difference: Spread;
}

/**
 * Compares what two functions take, in milliseconds, on a machine that others use too: they run by turns, each the first
 * as often as the other, so that both meet the same load. A first run of each doesn't count.
 */
export async function compare(
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
  pairs: number,
): Promise<Comparison> {
  await one();
  await other();
  const times: { one: number; other: number }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) times.push({ one: await timeOf(one), other: await timeOf(other) });
    else {
      const second = await timeOf(other);
      times.push({ one: await timeOf(one), other: second });
    }
  }
  return {
    one: spreadOf(times.map((time) => time.one)),
    other: spreadOf(times.map((time) => time.other)),
    ratio: spreadOf(times.map((time) => time.one / time.other)),
    difference: spreadOf(times.map((time) => time.one - time.other)),
  };
}

/** Milliseconds that `run` takes. */
export async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
