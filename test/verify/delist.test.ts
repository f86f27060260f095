// `okmail delist` over real DNS on loopback: what it tells, how it watches, and how it ends.

import { afterEach, describe, expect, test } from "vitest";
import { blocklistZone, type Listing } from "../../local/dns/blocklist.ts";
import { startDnsServer } from "../../local/dns/server.ts";
import { indexZones, type ZoneSource } from "../../local/dns/zone.ts";
import { Blocklists, chooseLists } from "../../mail/blocklists.ts";
import { liveResolver } from "../../mail/live-resolver.ts";
import { delist, type DelistOptions } from "../../verify/delist.ts";

const subject = "192.0.2.66";
const listing: Listing = { address: subject, reason: "Sends what nobody asked for" };

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** A DNS whose lists change from one asking to the next: each of `worlds` lasts for one, the last for ever. */
async function watching(worlds: readonly (readonly ZoneSource[])[], options: Partial<DelistOptions> = {}) {
  let asked = 0;
  const dns = await startDnsServer(() => indexZones(worlds[Math.min(asked, worlds.length) - 1] ?? []));
  cleanUps.push(() => dns.close());
  const reports: string[] = [];
  const result = delist({
    subject,
    ask: () => {
      asked++;
      const resolver = liveResolver([`${dns.address}:${dns.port}`], 500);
      return new Blocklists(resolver, { lists: chooseLists(["one.test", "two.test"]) }).ask(subject);
    },
    report: (text) => reports.push(text),
    progress: () => undefined,
    watch: true,
    interval: 5,
    timeLimit: 60_000,
    signal: new AbortController().signal,
    ...options,
  });
  return { result: await result, reports, asked: () => asked };
}

const one = (...listings: Listing[]) => blocklistZone("one.test", listings);
const two = (...listings: Listing[]) => blocklistZone("two.test", listings);

test("what is on no list is told and not watched", async () => {
  const { result, reports, asked } = await watching([[one(), two()]]);
  expect(result).toBe("clear");
  expect(reports).toEqual([
    "192.0.2.66 is not known to be on any of 2 lists.\n\nNot listed at one.test and two.test.",
  ]);
  expect(asked()).toBe(1);
});

test("what is listed is told with what it means, what receivers do, the steps and the time", async () => {
  const { result, reports } = await watching([[one(listing), two()]], { watch: false });
  expect(result).toBe("listed");
  expect(reports).toEqual([
    [
      "192.0.2.66 is on 1 of 2 lists.",
      [
        'one.test (one.test): 127.0.0.2; it says "Sends what nobody asked for"',
        "  Not known here.",
        "  1. Ask the operators of one.test to remove 192.0.2.66.",
        "  Usual time: not known.",
      ].join("\n"),
      "Not listed at two.test.",
    ].join("\n\n"),
  ]);
});

test("it is watched until every list says that it is gone, and only changes are told", async () => {
  const { result, reports, asked } = await watching([
    [one(listing), two(listing)],
    [one(listing), two(listing)],
    [one(), two(listing)],
    [one(), two(listing)],
    [one(), two()],
  ]);
  expect(result).toBe("clear");
  expect(reports.slice(1)).toEqual([
    expect.stringMatching(/^192\.0\.2\.66 is off one\.test, after /),
    expect.stringMatching(/^192\.0\.2\.66 is off two\.test, after /),
  ]);
  expect(asked()).toBe(5);
});

test("a list that says nothing any more has not removed it", async () => {
  const { result, reports } = await watching([
    [one(listing), two()],
    [two()],
    [two()],
    [one(listing), two()],
    [one(), two()],
  ]);
  expect(result).toBe("clear");
  expect(reports.slice(1)).toEqual([
    expect.stringMatching(
      /^one\.test did not say this time whether 192\.0\.2\.66 is listed: it does not list 127/,
    ),
    expect.stringMatching(/^192\.0\.2\.66 is off one\.test/),
  ]);
});

test("a list that turns to listing everybody adds no listing, and ends none", async () => {
  const wild: ZoneSource = {
    origin: "two.test",
    records: [{ name: "*.two.test", type: "A", ttl: 60, data: "127.0.0.2" }],
  };
  const { result, reports } = await watching([
    [one(listing), two()],
    [one(listing), wild],
    [one(), wild],
  ]);
  expect(result).toBe("unknown");
  expect(reports).toHaveLength(2);
});

test("a new listing while it watches is told, and waited for", async () => {
  const { result, reports } = await watching([
    [one(listing), two()],
    [one(), two(listing)],
    [one(), two()],
  ]);
  expect(result).toBe("clear");
  expect(reports[2]).toMatch(
    /^After \d+ s there is a new listing\.\n\n192\.0\.2\.66 is on 1 of 1 list\.\n\ntwo\.test/,
  );
});

test("it ends at the time limit, and says where it is still listed", async () => {
  const { result, reports } = await watching([[one(listing), two()]], { timeLimit: 60, interval: 20 });
  expect(result).toBe("listed");
  expect(reports.at(-1)).toMatch(/^After 0 s 192\.0\.2\.66 is still on one\.test\.$/);
});

describe("an interrupt", () => {
  test("ends the wait at once, with its own reason", async () => {
    const interrupt = new AbortController();
    const reason = new Error("Ctrl-C");
    const began = performance.now();
    const progress = (line: string) => {
      if (line.startsWith("Still on one.test; asked again in 1 h"))
        setTimeout(() => interrupt.abort(reason), 20);
    };
    const watch = watching([[one(listing), two()]], {
      interval: 3_600_000,
      timeLimit: 7_200_000,
      signal: interrupt.signal,
      progress,
    });
    await expect(watch).rejects.toBe(reason);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

test("lists of which none answers tell nothing", async () => {
  const { result, reports } = await watching([[]]);
  expect(result).toBe("unknown");
  expect(reports.join()).toContain("one.test did not say: it does not list 127.0.0.2");
});
