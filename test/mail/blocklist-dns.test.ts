// Blocklists over real DNS on loopback, with everything that a list or a resolver may answer.

import { afterEach, describe, expect, test } from "vitest";
import { blocklistZone, type Listing } from "../../local/dns/blocklist.ts";
import { localResolver } from "../../local/dns/resolver.ts";
import { indexZones } from "../../local/dns/zone.ts";
import { Blocklists, chooseLists, type BlocklistOptions } from "../../mail/blocklists.ts";
import type { Answers, RecordType, Resolver } from "../../mail/resolver.ts";
import { startFaultyDns, type Fault } from "../helpers/faulty-dns.ts";
import { records } from "../local/dns-records.ts";
import { reversed } from "./blocklist-zones.ts";

const address = "192.0.2.66";
const listing: Listing = { address, reason: "Sends what nobody asked for" };
const asked = reversed(address);
const key = "abcdefghij0123456789klmnop";

const zones = indexZones([
  blocklistZone("good.test", [listing, { address: "2001:db8::66", reason: "So does this" }]),
  blocklistZone("other.test", []),
  { origin: "empty.test", records: [] },
  { origin: "wild.test", records: records("*.wild.test A 127.0.0.2") },
  { origin: "parked.test", records: records("*.parked.test A 203.0.113.9") },
  { origin: "refusing.test", records: records("*.refusing.test A 127.255.255.254") },
  { origin: "busy.test", records: records("*.busy.test A 127.255.255.255") },
  { origin: "mistyped.test", records: records("*.mistyped.test A 127.255.255.252") },
  blocklistZone(`${key}.zen.dq.spamhaus.net`, [listing]),
  {
    origin: "zen.spamhaus.org",
    records: records(
      "2.0.0.127.zen.spamhaus.org A 127.0.0.2",
      "2.0.0.127.zen.spamhaus.org A 127.0.0.4",
      "2.0.0.127.zen.spamhaus.org A 127.0.0.10",
      `${asked}.zen.spamhaus.org A 127.0.0.3`,
      `${asked}.zen.spamhaus.org A 127.0.0.11`,
      `${asked}.zen.spamhaus.org TXT https://check.spamhaus.org/query/ip/${address}`,
    ),
  },
]);

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function ask(
  names: readonly string[],
  subject = address,
  faults: Readonly<Record<string, Fault>> = {},
  options: BlocklistOptions = {},
) {
  const dns = await startFaultyDns(zones, faults);
  cleanUps.push(() => dns.close());
  const node = localResolver([dns.server], { timeout: 150, tries: 2 });
  const resolver: Resolver = {
    resolve: async <T extends RecordType>(name: string, type: T) =>
      (await node.resolve(name, type)) as unknown as Answers[T],
  };
  const client = new Blocklists(resolver, { lists: chooseLists(names), timeLimit: 300, ...options });
  const answers = await client.ask(subject);
  return { answers, queries: dns.queries, client };
}

describe("over real DNS", () => {
  test("a list answers listed with its words, or clear", async () => {
    const { answers } = await ask(["good.test", "other.test", "zen.spamhaus.org"]);
    expect(answers.map(({ outcome }) => outcome)).toEqual(["listed", "clear", "listed"]);
    expect(answers[0]?.texts).toEqual(["Sends what nobody asked for"]);
    expect(answers[2]?.codes.map(({ meaning }) => meaning?.name)).toEqual(["CSS", "PBL"]);
  });

  test("IPv6 is asked by nibbles", async () => {
    const { answers, queries } = await ask(["good.test", "other.test"], "2001:db8::66");
    expect(answers.map(({ outcome }) => outcome)).toEqual(["listed", "clear"]);
    expect(queries.filter((name) => name.startsWith("6.6.0.0.")).length).toBe(3);
  });

  test.each([
    ["empty.test", "it does not list 127.0.0.2"],
    ["gone.test", "it does not list 127.0.0.2"],
    ["wild.test", "it lists 127.0.0.1"],
    ["parked.test", "it answered 203.0.113.9"],
    ["refusing.test", "it refused the query (127.255.255.254)"],
    ["busy.test", "it refused the query (127.255.255.255)"],
    ["mistyped.test", "it refused the query (127.255.255.252)"],
  ])("%s says nothing", async (zone, why) => {
    const { answers } = await ask([zone]);
    expect(answers).toMatchObject([{ outcome: "unknown" }]);
    expect(answers[0]?.why).toContain(why);
  });

  test.each<[Fault, RegExp]>([
    ["silence", /timed out/],
    ["late", /timed out/],
    ["SERVFAIL", /SERVFAIL/],
    ["REFUSED", /REFUSED/],
    ["another question", /timed out/],
    ["truncated", /failed|timed out|does not list/],
  ])("a list whose name server's answer is %s says nothing, and no other suffers", async (fault, why) => {
    const started = performance.now();
    const { answers } = await ask(["good.test", "other.test"], address, { "good.test": fault });
    expect(answers.map(({ outcome }) => outcome)).toEqual(["unknown", "clear"]);
    expect(answers[0]?.why).toMatch(why);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("a resolver that sends garbage says nothing about that list, and lists nobody at another", async () => {
    // The resolver library gives up on what is under way at the same server.
    const { answers } = await ask(["good.test", "other.test"], address, { "good.test": "garbage" });
    expect(answers[0]).toMatchObject({
      outcome: "unknown",
      why: expect.stringMatching(/failed|timed out/) as string,
    });
    expect(answers[1]?.outcome).not.toBe("listed");
  });

  test("a list that answers about the address alone says nothing", async () => {
    const { answers } = await ask(["good.test"], address, { "127.good.test": "silence" });
    expect(answers).toMatchObject([{ outcome: "unknown", why: "the look-up timed out" }]);
  });

  test("a key is sent, and stays out of what is told", async () => {
    const options = { keys: { spamhaus: key } };
    const { answers, queries } = await ask(["zen.spamhaus.org"], address, {}, options);
    expect(answers).toMatchObject([{ outcome: "listed", zone: "zen.dq.spamhaus.net" }]);
    expect(queries.every((name) => name.endsWith(`.${key}.zen.dq.spamhaus.net`))).toBe(true);
    const faulty = await ask(["zen.spamhaus.org"], address, { "spamhaus.net": "garbage" }, options);
    expect(JSON.stringify([answers, faulty.answers])).not.toContain(key);
  });
});
