// What the EC2 API of a test can't be made to do: AWS's lists of addresses lag behind what was done.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acquire, type AcquireOptions } from "../../../verify/acquire/acquire.ts";
import { AddressTakenError, type AcquiredAddress } from "../../../verify/acquire/elastic-ips.ts";
import type { Verdict } from "../../../verify/acquire/verdict.ts";

const candidate = (number: number): AcquiredAddress => ({
  allocationId: `eipalloc-0000000${number}`,
  address: `192.0.2.${number}`,
  state: "candidate",
  host: undefined,
  associated: false,
});
const verdict = (outcome: Verdict["outcome"]): Verdict => ({
  outcome,
  zones: outcome === "listed" ? ["one.test"] : [],
  silent: outcome === "unknown" ? ["one.test: the look-up timed out"] : [],
  minor: [],
});

/** Draws 192.0.2.1 and up; what AWS lists is `listed`, however things are. */
function world(listed: readonly AcquiredAddress[], outcomes: Readonly<Record<string, Verdict["outcome"]>>) {
  const [released, told, adopted]: [string[], string[], string[]] = [[], [], []];
  let drawn = 0;
  const options: AcquireOptions = {
    addresses: {
      own: () => Promise.resolve(listed),
      allocate: () => Promise.resolve(candidate(++drawn)),
      free: () => Promise.resolve([]),
      markClean: () => Promise.resolve(),
      release: ({ address }) => Promise.resolve(void released.push(address)),
    },
    hosts: ["okmail"],
    adopted: new Set(),
    tries: 3,
    remembered: { zonesOf: () => undefined, remember: () => Promise.resolve() },
    ask: (address) => Promise.resolve(verdict(outcomes[address] ?? "clean")),
    adopt: (host, id) => Promise.resolve(void adopted.push(`${host} ${id}`)),
    report: (line) => void told.push(line),
    progress: () => undefined,
    signal: new AbortController().signal,
  };
  return { options, released, told, adopted, drawn: () => drawn };
}

test("an address just taken that AWS still calls a candidate is not released", async () => {
  const { options, released, adopted } = world([], {});
  let calls = 0;
  const lagging = { ...options.addresses, own: () => Promise.resolve(calls++ === 0 ? [] : [candidate(1)]) };
  await acquire({ ...options, addresses: lagging });
  expect([adopted, released]).toEqual([["okmail eipalloc-00000001"], []]);
});

test("a candidate that AWS does not list yet is released", async () => {
  const { options, released } = world([], { "192.0.2.1": "unknown" });
  await expect(acquire(options)).rejects.toThrow("Nobody can say whether 192.0.2.1 is clean. one.test");
  expect(released).toEqual(["192.0.2.1"]);
});

test("an answer that got lost leaves an address that is found and released", async () => {
  const { options, released } = world([], {});
  let calls = 0;
  const losing = {
    ...options.addresses,
    allocate: () => Promise.reject(new Error("socket hang up")),
    own: () => Promise.resolve(calls++ === 0 ? [] : [candidate(7)]),
  };
  await expect(acquire({ ...options, addresses: losing })).rejects.toThrow("socket hang up");
  expect(released).toEqual(["192.0.2.7"]);
});

test("an address that was clean once and is listed now stays, for somebody may have sent from it", async () => {
  const left = { ...candidate(9), state: "clean" as const, host: "okmail" };
  const { options, released, told, adopted } = world([left], { "192.0.2.9": "listed" });
  await acquire(options);
  expect([released, adopted]).toEqual([[], ["okmail eipalloc-00000001"]]);
  expect(told[0]).toContain("aws ec2 release-address --allocation-id eipalloc-00000009");
});

test.each([
  ["somebody uses", { associated: true }, new Set<string>()],
  ["the configuration has", {}, new Set(["eipalloc-00000008"])],
])("an address that %s is let alone", async (_, changed, adopted) => {
  const { options, released, drawn } = world([{ ...candidate(8), ...changed }], {});
  await acquire({ ...options, adopted });
  expect([released, drawn()]).toEqual([[], 1]);
});

test("addresses known from before are no tries, yet they end too", async () => {
  const { options, released, drawn } = world([], {});
  const result = await acquire({
    ...options,
    remembered: { ...options.remembered, zonesOf: () => ["one.test"] },
  });
  expect([result.missing, drawn(), released.length]).toEqual([["okmail"], 6, 6]);
});

test("another run that has begun ends this one before it allocates", async () => {
  const { options, drawn } = world([], {});
  const assertAlone = () => {
    throw new Error("another one is at work");
  };
  await expect(acquire({ ...options, assertAlone })).rejects.toThrow("another one is at work");
  expect(drawn()).toBe(0);
});

/** A pool 192.0.2.0 to 192.0.2.19 at AWS, and the stack's configuration. What `fault` throws at is a call that fails. */
class PoolWorld {
  readonly hosts = ["one", "two", "three"];
  readonly configuration = new Map<string, string>();
  readonly allocated = new Map<string, AcquiredAddress>();
  readonly listed: ReadonlySet<number>;
  /** Addresses that are somebody else's, which AWS does not tell before. */
  readonly foreign: ReadonlySet<number>;
  readonly asked: string[] = [];
  readonly told: string[] = [];
  fault: (call: string) => void = () => undefined;

  constructor({ listed = [], foreign = [] }: { listed?: readonly number[]; foreign?: readonly number[] }) {
    this.listed = new Set(listed);
    this.foreign = new Set(foreign);
  }

  run(contiguous: boolean, changed: Partial<AcquireOptions> = {}) {
    const call = <T>(name: string, act: () => T): Promise<T> =>
      Promise.resolve().then(() => {
        this.fault(name);
        return act();
      });
    return acquire({
      addresses: {
        own: () => call("own", () => [...this.allocated.values()]),
        free: () =>
          call("free", () =>
            Array.from({ length: 20 }, (_, index) => `192.0.2.${index}`).filter(
              (address) => ![...this.allocated.values()].some((one) => one.address === address),
            ),
          ),
        allocate: (wanted) =>
          call("allocate", () => {
            const number = Number(wanted?.address.split(".").at(-1));
            if (this.foreign.has(number)) throw new AddressTakenError("it is not available");
            const made = { ...candidate(number), host: wanted?.host };
            this.allocated.set(made.allocationId, made);
            return made;
          }),
        markClean: ({ allocationId }, host) =>
          call("markClean", () => {
            const present = this.allocated.get(allocationId);
            if (present !== undefined) this.allocated.set(allocationId, { ...present, host, state: "clean" });
          }),
        release: ({ allocationId }) => call("release", () => void this.allocated.delete(allocationId)),
      },
      hosts: this.hosts.filter((host) => !this.configuration.has(host)),
      adopted: new Set(this.configuration.values()),
      tries: 20,
      pool: { contiguous },
      remembered: { zonesOf: () => undefined, remember: () => Promise.resolve() },
      ask: (address) => {
        this.asked.push(address);
        return Promise.resolve(
          verdict(this.listed.has(Number(address.split(".").at(-1))) ? "listed" : "clean"),
        );
      },
      adopt: (host, id) => call("adopt", () => void this.configuration.set(host, id)),
      report: (line) => void this.told.push(line),
      progress: () => undefined,
      signal: new AbortController().signal,
      ...changed,
    });
  }

  /** The last octets of the addresses that the hosts adopt, in the order of the hosts. */
  get adopted(): (number | undefined)[] {
    return this.hosts.map((host) => {
      const address = this.allocated.get(this.configuration.get(host) ?? "")?.address;
      return address === undefined ? undefined : Number(address.split(".").at(-1));
    });
  }
}

describe("from a pool", () => {
  test("only clean addresses are allocated, the lowest first", async () => {
    const world = new PoolWorld({ listed: [0, 2] });
    expect((await world.run(false)).missing).toEqual([]);
    expect([world.adopted, world.allocated.size]).toEqual([[1, 3, 4], 3]);
    expect(world.told).toContain("192.0.2.0 is listed by one.test: passed over");
  });

  test("a contiguous run is the first whose addresses are all clean and free", async () => {
    const world = new PoolWorld({ listed: [1, 4], foreign: [6] });
    await world.run(true);
    expect([world.adopted, world.allocated.size]).toEqual([[7, 8, 9], 3]);
    // 2 to 4 are clean, so nothing further up is asked about.
    const other = new PoolWorld({ listed: [1] });
    await other.run(true);
    expect(other.adopted).toEqual([2, 3, 4]);
    expect(new Set(other.asked)).toEqual(new Set(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]));
  });

  test("there is no contiguous run where each one has a listed address, and then nothing is allocated", async () => {
    const world = new PoolWorld({ listed: [2, 5, 8, 11, 14, 17] });
    expect((await world.run(true)).missing).toEqual(["one", "two", "three"]);
    expect([world.allocated.size, world.adopted]).toEqual([0, [undefined, undefined, undefined]]);
  });

  test("tries that are used up end it, and what is remembered is no try", async () => {
    const world = new PoolWorld({ listed: [2, 5] });
    const known = { zonesOf: (address: string) => (address === "192.0.2.2" ? ["one.test"] : undefined) };
    const remembered = { ...known, remember: () => Promise.resolve() };
    expect((await world.run(true, { tries: 1, remembered })).missing).toHaveLength(3);
    expect([world.asked, world.allocated.size]).toEqual([["192.0.2.5"], 0]);
  });

  test.each([true, false])(
    "wherever a run is cut off, later ones lose nothing and end with what was wanted (contiguous: %s)",
    async (contiguous) => {
      const offsets = fc.uniqueArray(fc.nat(19), { maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(
          offsets,
          offsets,
          fc.array(fc.nat(30), { maxLength: 3 }),
          async (listed, foreign, cuts) => {
            const world = new PoolWorld({ listed, foreign });
            for (const cut of cuts) {
              let calls = 0;
              // As if the process were killed: from then on nothing goes through.
              world.fault = () => {
                if (calls++ >= cut) throw new Error("cut off");
              };
              await world.run(contiguous).catch(() => undefined);
              if (contiguous) assertRun(world.adopted.filter((one) => one !== undefined));
            }
            world.fault = () => undefined;
            const { missing } = await world.run(contiguous);
            const adopted = world.adopted.filter((one) => one !== undefined);
            expect(adopted.length + missing.length).toBe(3);
            for (const one of adopted) expect(listed.includes(one) || foreign.includes(one)).toBe(false);
            if (contiguous) assertRun(adopted);
            // What is left is adopted; or it was found clean, and then it was told of.
            const used = new Set(world.configuration.values());
            for (const { allocationId, state } of world.allocated.values())
              if (!used.has(allocationId)) {
                expect(state).toBe("clean");
                expect(world.told.join()).toContain(`--allocation-id ${allocationId}`);
              }
          },
        ),
        { numRuns: 300 },
      );
    },
  );

  /** That addresses of one run follow one another; of a run cut off some may be missing between them. */
  function assertRun(adopted: readonly number[]): void {
    if (adopted.length === 0) return;
    expect(Math.max(...adopted) - Math.min(...adopted)).toBeLessThan(3);
    expect(new Set(adopted).size).toBe(adopted.length);
  }
});
