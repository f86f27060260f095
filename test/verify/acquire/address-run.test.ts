import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freeOf, numberOf, type AddressRange } from "../../../verify/acquire/address-pool.ts";
import { findCleanRun, longestRun, restOfRun } from "../../../verify/acquire/address-run.ts";
import type { AcquiredAddress } from "../../../verify/acquire/elastic-ips.ts";

const base = numberOf("198.51.100.0");
const address = (offset: number) => `198.51.100.${offset}`;
const offsets = fc.uniqueArray(fc.nat(40), { maxLength: 30 }).map((some) => some.toSorted((a, b) => a - b));
const rangesOf = fc.array(
  fc.tuple(fc.nat(40), fc.nat(8)).map(([first, more]): AddressRange => [base + first, base + first + more]),
  { maxLength: 5 },
);

test("an address and its number are the same, to the ends", () => {
  expect(["0.0.0.0", "192.0.2.10", "255.255.255.255"].map(numberOf)).toEqual([0, 3221225994, 4294967295]);
  expect(freeOf([[4294967294, 4294967295]], [])).toEqual(["255.255.255.254", "255.255.255.255"]);
});

test("free is what is in a range and in nothing taken, each once, lowest first", () => {
  fc.assert(
    fc.property(rangesOf, rangesOf, (ranges, taken) => {
      const within = (some: readonly AddressRange[], number: number) =>
        some.some(([first, last]) => first <= number && number <= last);
      const expected = Array.from({ length: 50 }, (_, offset) => base + offset).filter(
        (number) => within(ranges, number) && !within(taken, number),
      );
      expect(freeOf(ranges, taken).map(numberOf)).toEqual(expected);
    }),
  );
});

describe("a clean run", () => {
  test("is the first there is, and nothing is asked twice at one place", async () => {
    await fc.assert(
      fc.asyncProperty(offsets, offsets, fc.integer({ min: 1, max: 5 }), async (free, listed, size) => {
        const asked: string[] = [];
        const run = await findCleanRun(free.map(address), size, (one) => {
          asked.push(one);
          return Promise.resolve(!listed.map(address).includes(one));
        });
        const starts = free.filter((first) =>
          Array.from({ length: size }, (_, index) => first + index).every(
            (offset) => free.includes(offset) && !listed.includes(offset),
          ),
        );
        const [first] = starts;
        expect(run).toEqual(
          first === undefined
            ? undefined
            : Array.from({ length: size }, (_, index) => address(first + index)),
        );
        expect(asked.every((one) => free.map(address).includes(one))).toBe(true);
      }),
    );
  });

  test("is looked for from its end, so that what is below a listed address costs nothing", async () => {
    const asked: string[] = [];
    const free = Array.from({ length: 8 }, (_, index) => address(index));
    const run = await findCleanRun(free, 4, (one) => {
      asked.push(one);
      return Promise.resolve(one !== address(3));
    });
    expect(run).toEqual(free.slice(4));
    expect(asked).toEqual([3, 7, 6, 5, 4].map(address));
  });

  test("is given up when nobody is to be asked any more", async () => {
    const answers = [false, undefined, true];
    const free = Array.from({ length: 8 }, (_, index) => address(index));
    expect(await findCleanRun(free, 2, () => Promise.resolve(answers.shift()))).toBeUndefined();
    expect(answers).toEqual([true]);
  });
});

test.each([
  [[], 0],
  [[7], 1],
  [[1, 2, 4, 5, 6, 9], 3],
])("of %j the longest run is %i", (free, length) => expect(longestRun(free.map(address))).toBe(length));

describe("what an interrupted run left", () => {
  const own = (offset: number, host?: string): AcquiredAddress => ({
    allocationId: `eipalloc-${offset}`,
    address: address(offset),
    state: "candidate",
    host,
    associated: false,
  });

  test.each<[string, AcquiredAddress[], AcquiredAddress[], number[] | undefined]>([
    ["all of it", [own(4, "a"), own(5, "b")], [], [4, 5]],
    ["all of it, in another order", [own(5, "b"), own(4, "a")], [], [4, 5]],
    ["all but what lies between and is adopted", [own(4, "a"), own(6, "b")], [own(5)], [4, 6]],
    ["a part of it", [own(4, "a")], [], undefined],
    ["what follows not one another", [own(4, "a"), own(6, "b")], [own(7)], undefined],
    ["two for one host", [own(4, "a"), own(5, "a"), own(6, "b")], [], undefined],
    ["what is for no host", [own(4), own(5)], [], undefined],
  ])("is taken up if it is %s: %#", (_, left, adopted, expected) => {
    const rest = restOfRun(left, ["a", "b"], adopted);
    expect(rest?.map((one) => numberOf(one.address) - base)).toEqual(expected);
  });
});
