import { describe, expect, test } from "vitest";
import { Blocklists, chooseLists, listingOf, standardLists } from "../../mail/blocklists.ts";
import type { BlocklistAnswer, BlocklistOptions } from "../../mail/blocklists.ts";
import { dnsZone, type Zone } from "../helpers/dns-zone.ts";
import { listZone, reversed } from "./blocklist-zones.ts";

const zen = "zen.spamhaus.org";
const dbl = "dbl.spamhaus.org";
const other = "bl.example.net";

async function ask(zone: Zone, subject = "192.0.2.10", names = [zen], options: BlocklistOptions = {}) {
  return new Blocklists(dnsZone(zone), { lists: chooseLists(names), ...options }).ask(subject);
}

async function only(zone: Zone, subject?: string, names?: string[]): Promise<BlocklistAnswer> {
  const [answer, ...more] = await ask(zone, subject, names);
  expect(more).toEqual([]);
  if (answer === undefined) throw new Error("no list was asked");
  return answer;
}

function namesOf({ codes }: BlocklistAnswer): (string | undefined)[] {
  return codes.map(({ meaning }) => meaning?.name);
}

describe("ZEN", () => {
  test.each([
    ["127.0.0.2", "SBL"],
    ["127.0.0.3", "CSS"],
    ["127.0.0.4", "XBL"],
    ["127.0.0.5", "XBL"],
    ["127.0.0.6", "XBL"],
    ["127.0.0.7", "XBL"],
    ["127.0.0.9", "DROP"],
    ["127.0.0.10", "PBL"],
    ["127.0.0.11", "PBL"],
    ["127.0.0.30", "BCL"],
  ])("means by %s: %s, and it blocks", async (code, name) => {
    const answer = await only(listZone(zen, { "192.0.2.10": [code] }));
    expect(answer).toMatchObject({ outcome: "listed", zone: zen, subject: "192.0.2.10" });
    expect(namesOf(answer)).toEqual([name]);
    expect(listingOf(answer).severity).toBeUndefined();
    expect(listingOf(answer).fix).toContain("https://check.spamhaus.org/results/?query=192.0.2.10");
  });

  test("means several things at once, in the order of the codes", async () => {
    const answer = await only(listZone(zen, { "192.0.2.10": ["127.0.0.11", "127.0.0.9", "127.0.0.2"] }));
    expect(namesOf(answer)).toEqual(["SBL", "DROP", "PBL"]);
  });

  test.each(["127.255.255.252", "127.255.255.254", "127.255.255.255", "127.255.255.250", "127.255.255.1"])(
    "refuses by %s, which is no listing",
    async (code) => {
      const answer = await only(listZone(zen, { "192.0.2.10": [code] }));
      expect(answer).toMatchObject({ outcome: "unknown", refused: true, codes: [], texts: [] });
      expect(answer.why).toContain(`it refused the query (${code}`);
      expect(listingOf(answer).fix).toContain("OKMAIL_SPAMHAUS_DQS_KEY");
    },
  );

  test("with a code that nobody knows says nothing", async () => {
    const answer = await only(listZone(zen, { "192.0.2.10": ["127.0.0.77"] }));
    expect(answer.why).toBe("it answered 127.0.0.77, which is none of its codes");
  });

  test("with a code that is known tells that one, whatever comes beside it", async () => {
    expect(namesOf(await only(listZone(zen, { "192.0.2.10": ["127.0.0.77", "127.0.0.3"] })))).toEqual([
      "CSS",
    ]);
  });

  test("tells ROKSO by the text of SBL", async () => {
    const zone = listZone(zen, { "192.0.2.10": ["127.0.0.2"] });
    const name = `${reversed("192.0.2.10")}.${zen}`;
    const answer = await only({ ...zone, [name]: { A: ["127.0.0.2"], TXT: ["SBL1: ROKSO spammer"] } });
    expect(answer.rokso).toBe(true);
    expect(listingOf(answer).detail).toContain("Register Of Known Spam Operations");
    expect((await only(zone)).rokso).toBe(false);
  });

  test("is asked about IPv6 by nibbles, and tested by the IPv6 test entries", async () => {
    const dns = dnsZone(listZone(zen, { "2001:db8::1": ["127.0.0.3"] }));
    const [answer] = await new Blocklists(dns, { lists: chooseLists([zen]) }).ask("2001:DB8:0::1");
    expect(answer).toMatchObject({ outcome: "listed", subject: "2001:db8::1" });
    const nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
    const tested = (last: string) =>
      `A ${last}.0.0.0.0.0.f.7.f.f.f.f.${Array.from({ length: 20 }, () => "0").join(".")}.${zen}`;
    expect(dns.queries.toSorted()).toEqual(
      [`A ${nibbles}.${zen}`, `TXT ${nibbles}.${zen}`, tested("1"), tested("2")].toSorted(),
    );
  });

  test("has an IPv4 address in IPv6 form as the IPv4 address", async () => {
    const answer = await only(listZone(zen, { "192.0.2.10": ["127.0.0.4"] }), "::ffff:192.0.2.10");
    expect(answer).toMatchObject({ outcome: "listed", subject: "192.0.2.10" });
  });
});

describe("DBL", () => {
  const tested: Zone = { [dbl]: { NS: ["ns.example"] }, [`dbltest.com.${dbl}`]: { A: ["127.0.1.2"] } };

  test.each([
    ["127.0.1.2", "low reputation"],
    ["127.0.1.4", "phishing"],
    ["127.0.1.5", "malware"],
    ["127.0.1.6", "botnet"],
    ["127.0.1.102", "abused"],
    ["127.0.1.103", "abused redirector"],
    ["127.0.1.104", "abused for phishing"],
    ["127.0.1.105", "abused for malware"],
    ["127.0.1.106", "abused by a botnet"],
  ])("means by %s: %s", async (code, name) => {
    const answer = await only({ ...tested, [`example.com.${dbl}`]: { A: [code] } }, "Example.COM.", [dbl]);
    expect(namesOf(answer)).toEqual([name]);
  });

  test("never gets an address", async () => {
    const dns = dnsZone(tested);
    expect(await new Blocklists(dns, { lists: chooseLists([dbl]) }).ask("192.0.2.10")).toEqual([]);
    expect(dns.queries).toEqual([]);
  });

  test("answers an address by an error, which is no listing", async () => {
    const zone = { ...tested, [`example.com.${dbl}`]: { A: ["127.0.1.255"] } };
    expect(await only(zone, "example.com", [dbl])).toMatchObject({ outcome: "unknown", refused: true });
  });
});

describe("lists of domains", () => {
  const surbl = "multi.surbl.org";
  const tested: Zone = {
    [surbl]: { NS: ["ns.example"] },
    [`surbl-org-permanent-test-point.com.${surbl}`]: { A: ["127.0.0.254"] },
  };

  test("that sum codes up have each of them", async () => {
    const answer = await only({ ...tested, [`example.com.${surbl}`]: { A: ["127.0.0.80"] } }, "example.com", [
      surbl,
    ]);
    expect(namesOf(answer)).toEqual(["MW", "ABUSE"]);
    expect(listingOf(answer).severity).toBe("advisory");
  });

  test("that have registered domains only are asked for that", async () => {
    const zone = { ...tested, [`example.co.uk.${surbl}`]: { A: ["127.0.0.64"] } };
    expect(await only(zone, "mail.example.co.uk", [surbl])).toMatchObject({ outcome: "listed" });
  });

  test("refuse by 127.0.0.1", async () => {
    const zone = { ...tested, [`example.com.${surbl}`]: { A: ["127.0.0.1"] } };
    expect(await only(zone, "example.com", [surbl])).toMatchObject({ outcome: "unknown", refused: true });
  });

  test("never get a text that is neither address nor domain", async () => {
    await expect(ask(tested, "not a name", [surbl])).rejects.toThrow(
      '"not a name" is neither an address nor a domain: as a name it has a space',
    );
  });
});

describe("any list", () => {
  const name = `${reversed("192.0.2.10")}.${other}`;

  test("that does not have the address is clear", async () => {
    expect(await only(listZone(other), undefined, [other])).toMatchObject({
      outcome: "clear",
      why: undefined,
    });
  });

  test("that has the address lists it, with what it says", async () => {
    expect(await only(listZone(other, { "192.0.2.10": ["127.0.0.5"] }), undefined, [other])).toMatchObject({
      outcome: "listed",
      texts: ["Listed: 192.0.2.10"],
    });
  });

  test("of addresses never gets a domain", async () => {
    const dns = dnsZone(listZone(other));
    expect(await new Blocklists(dns, { lists: chooseLists([other]) }).ask("example.com")).toEqual([]);
    expect(dns.queries).toEqual([]);
  });

  test("whose text can't be had lists all the same", async () => {
    const zone = { ...listZone(other), [name]: { A: ["127.0.0.2"], TXT: "ESERVFAIL" } } as const;
    expect(await only(zone, undefined, [other])).toMatchObject({ outcome: "listed", texts: [] });
  });

  test.each<[string, Zone, string]>([
    ["is empty", { [other]: { NS: ["ns.example"] } }, "it does not list 127.0.0.2"],
    ["is gone", {}, "it does not list 127.0.0.2"],
    ["lists everything", { [`*.${other}`]: { A: ["127.0.0.2"] } }, "it lists 127.0.0.1"],
    ["is parked", { [`*.${other}`]: { A: ["198.51.100.7"] } }, "it answered 198.51.100.7"],
    [
      "is asked by a resolver that says 127.0.0.1 for NXDOMAIN",
      { "*.net": { A: ["127.0.0.1"] } },
      "it answered 127.0.0.1",
    ],
    ["lists 127.0.0.1", listZone(other, { "127.0.0.1": ["127.0.0.2"] }), "it lists 127.0.0.1"],
    ["fails", { ...listZone(other), [name]: "ESERVFAIL" }, "its name servers fail (SERVFAIL)"],
    ["refuses", { ...listZone(other), [name]: "EREFUSED" }, "the name server refused the query (REFUSED)"],
    ["does not answer", { ...listZone(other), [name]: "hang" }, "the look-up timed out"],
    [
      "does not answer about the test entry",
      { ...listZone(other), [`${reversed("127.0.0.2")}.${other}`]: "hang" },
      "the look-up timed out",
    ],
    [
      "answers an address of its own",
      { ...listZone(other, { "192.0.2.10": ["127.0.0.2", "203.0.113.1"] }) },
      "it answered 203.0.113.1",
    ],
    ["throws", { ...listZone(other), [name]: new Error("no route") }, "the look-up failed (no route)"],
  ])("that %s says nothing, neither clear nor listed", async (_, zone, why) => {
    const [answer] = await ask(zone, undefined, [other], { timeLimit: 30 });
    expect(answer?.outcome).toBe("unknown");
    expect(answer?.why).toContain(why);
  });

  test("is tested before its word counts, also before that an address is clear", async () => {
    const wild: Zone = { [`*.${other}`]: { A: ["127.0.0.2"] }, [name]: { TXT: ["nothing here"] } };
    expect(await only(wild, undefined, [other])).toMatchObject({ outcome: "unknown" });
  });

  test("may have a code of its own for its test entry", async () => {
    const zone = listZone(zen, { "127.0.0.2": ["127.0.0.99"], "192.0.2.10": ["127.0.0.3"] });
    expect(await only(zone)).toMatchObject({ outcome: "listed" });
    expect(await only({ ...zone, ...listZone(zen, { "127.0.0.2": ["127.0.0.1"] }) })).toMatchObject({
      outcome: "unknown",
    });
  });

  test("is tested once a run, through the resolver that is asked", async () => {
    const dns = dnsZone(listZone(other));
    const client = new Blocklists(dns, { lists: chooseLists([other]) });
    await Promise.all(["192.0.2.10", "192.0.2.11", "192.0.2.10"].map((address) => client.ask(address)));
    expect(dns.queries.toSorted()).toEqual(
      ["127.0.0.1", "127.0.0.2", "192.0.2.10", "192.0.2.11"]
        .map((address) => `A ${reversed(address)}.${other}`)
        .toSorted(),
    );
  });

  test("answers in the order of the lists, whichever answers first", async () => {
    const zone = {
      ...listZone("a.example"),
      ...listZone("b.example"),
      [`${reversed("192.0.2.10")}.a.example`]: "hang",
    } as const;
    const answers = await ask(zone, undefined, ["a.example", "b.example"], { timeLimit: 30 });
    expect(answers.map(({ zone: asked, outcome }) => `${asked} ${outcome}`)).toEqual([
      "a.example unknown",
      "b.example clear",
    ]);
  });

  test("that needs a key and has none is not asked, and says which variable is missing", async () => {
    const dns = dnsZone({});
    const [answer] = await new Blocklists(dns, { lists: chooseLists(["abusix"]) }).ask("192.0.2.10");
    expect(answer?.why).toContain("OKMAIL_ABUSIX_KEY is not set");
    expect(dns.queries).toEqual([]);
  });

  test("with an answer that weighs nothing is clear", async () => {
    const [list] = chooseLists([other]);
    if (list === undefined) throw new Error("no list");
    const white = {
      ...list,
      codes: [
        { codes: ["127.0.0.3"], name: "white", meaning: "is good", weight: "none" as const },
        { codes: ["127.0.0.2"], name: "black", meaning: "is bad" },
      ],
    };
    const client = new Blocklists(dnsZone(listZone(other, { "192.0.2.10": ["127.0.0.3"] })), {
      lists: [white],
    });
    expect(await client.ask("192.0.2.10")).toMatchObject([{ outcome: "clear" }]);
  });
});

describe("the limits", () => {
  test("end in time with an answer for every list, however many are silent", async () => {
    let lookUps = 0;
    const silent = {
      resolve: () => {
        lookUps++;
        return new Promise<never>(() => undefined);
      },
    };
    const lists = chooseLists(Array.from({ length: 40 }, (_, index) => `l${index}.example`));
    const started = performance.now();
    const client = new Blocklists(silent, { lists, timeLimit: 50, totalTimeLimit: 150, atOnce: 4 });
    const answers = await client.ask("192.0.2.10");
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(answers.map(({ zone }) => zone)).toEqual(lists.map(({ zone }) => zone));
    expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(["unknown"]));
    expect(answers.at(-1)?.why).toBe("it was not done within the time limit");
    await new Promise((resolve) => setTimeout(resolve, 200));
    // Four at a time, 50 ms each, for 150 ms: what had no turn by then is not asked any more.
    expect(lookUps).toBeLessThanOrEqual(16);
  });

  test("let only so many look-ups be under way at once", async () => {
    let [running, most] = [0, 0];
    const dns = dnsZone(
      Object.assign({}, ...Array.from({ length: 12 }, (_, index) => listZone(`l${index}.example`))) as Zone,
    );
    const counting = {
      resolve: (async (name, type) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        return dns.resolve(name, type);
      }) as typeof dns.resolve,
    };
    const lists = chooseLists(Array.from({ length: 12 }, (_, index) => `l${index}.example`));
    const answers = await new Blocklists(counting, { lists, atOnce: 5 }).ask("192.0.2.10");
    expect(answers.every(({ outcome }) => outcome === "clear")).toBe(true);
    expect(most).toBe(5);
  });

  test("of one question do not spoil the next: what had no turn is asked again", async () => {
    const dns = dnsZone(listZone(other));
    let slow = true;
    const resolver = {
      resolve: (async (name, type) => {
        if (slow) await new Promise((resolve) => setTimeout(resolve, 80));
        return dns.resolve(name, type);
      }) as typeof dns.resolve,
    };
    const client = new Blocklists(resolver, { lists: chooseLists([other]), atOnce: 1, totalTimeLimit: 40 });
    expect(await client.ask("192.0.2.10")).toMatchObject([{ outcome: "unknown" }]);
    slow = false;
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await client.ask("192.0.2.10")).toMatchObject([{ outcome: "clear" }]);
  });
});

test("the standard lists are those that answer without a key, and with one those too", () => {
  const zones = (keys = {}) => standardLists("addresses", keys).map(({ zone }) => zone);
  expect(zones()).toContain(zen);
  expect(zones()).not.toContain("combined.mail.abusix.zone");
  expect(zones({ abusix: "abcdefgh12345678" })).toContain("combined.mail.abusix.zone");
  expect(zones().every((zone) => !zone.includes("uceprotect") || zone.includes("-1."))).toBe(true);
});
