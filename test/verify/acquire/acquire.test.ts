// What the EC2 API of a test can't be made to do: AWS's lists of addresses lag behind what was done.

import { expect, test } from "vitest";
import { acquire, type AcquireOptions } from "../../../verify/acquire/acquire.ts";
import type { AcquiredAddress } from "../../../verify/acquire/elastic-ips.ts";
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
