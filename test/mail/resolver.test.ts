import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  dnsError,
  lookUp,
  remembering,
  timeLimited,
  UndeterminedError,
  type Resolver,
} from "../../mail/resolver.ts";
import { dnsZone } from "../helpers/dns-zone.ts";

const zone = {
  "example.com": {
    A: ["192.0.2.1"],
    TXT: ["a", ["b", "c"]],
    MX: [{ exchange: "mx.example.com", priority: 10 }],
  },
  "deep.below.example.com": { A: ["192.0.2.2"] },
  "*.wild.example.com": { A: ["192.0.2.3"] },
  "known.wild.example.com": { TXT: ["x"] },
  "www.example.com": { CNAME: ["example.com."] },
  "dangling.example.com": { CNAME: ["gone.example.com"] },
  "loop.example.com": { CNAME: ["pool.example.com"] },
  "pool.example.com": { CNAME: ["loop.example.com"] },
  "broken.example.com": "ESERVFAIL",
  "slow.example.com": { A: "ETIMEOUT", TXT: ["x"] },
  "deaf.example.com": { A: "hang" },
  "refusing.example.com": { A: "EREFUSED" },
  "later.example.com": { A: new UndeterminedError("the content of mail-okmail-a is not known yet") },
} as const;

describe("a look-up tells apart", () => {
  test.each([
    ["an answer", "example.com", "A", { kind: "found", answers: ["192.0.2.1"] }],
    [
      "an answer whatever the case and final dot",
      "EXAMPLE.com.",
      "A",
      { kind: "found", answers: ["192.0.2.1"] },
    ],
    ["the strings of a TXT record", "example.com", "TXT", { kind: "found", answers: [["a"], ["b", "c"]] }],
    ["the answer at an alias's target", "www.example.com", "A", { kind: "found", answers: ["192.0.2.1"] }],
    ["the alias itself", "www.example.com", "CNAME", { kind: "found", answers: ["example.com."] }],
    ["a wildcard's answer", "any.wild.example.com", "A", { kind: "found", answers: ["192.0.2.3"] }],
    [
      "a name that shadows the wildcard",
      "known.wild.example.com",
      "A",
      { kind: "absent", why: "has no A record" },
    ],
    ["no such name", "gone.example.com", "A", { kind: "absent", why: "does not exist" }],
    ["no such record", "example.com", "AAAA", { kind: "absent", why: "has no AAAA record" }],
    [
      "no record at a name that has names below it",
      "below.example.com",
      "A",
      { kind: "absent", why: "has no A record" },
    ],
    ["an alias that leads nowhere", "dangling.example.com", "A", { kind: "absent", why: "does not exist" }],
    [
      "a failing server",
      "broken.example.com",
      "MX",
      {
        kind: "unknown",
        undetermined: false,
        why: "the DNS look-up of broken.example.com MX failed at the name server (SERVFAIL)",
      },
    ],
    [
      "a loop of aliases",
      "loop.example.com",
      "A",
      {
        kind: "unknown",
        undetermined: false,
        why: "the DNS look-up of loop.example.com A failed at the name server (SERVFAIL)",
      },
    ],
    [
      "a time-out",
      "slow.example.com",
      "A",
      { kind: "unknown", undetermined: false, why: "the DNS look-up of slow.example.com A timed out" },
    ],
    [
      "a refusal",
      "refusing.example.com",
      "A",
      {
        kind: "unknown",
        undetermined: false,
        why: "the DNS look-up of refusing.example.com A was refused by the name server (REFUSED)",
      },
    ],
    [
      "what is not known yet",
      "later.example.com",
      "A",
      { kind: "unknown", undetermined: true, why: "the content of mail-okmail-a is not known yet" },
    ],
  ] as const)("%s", async (_, name, type, expected) => {
    expect(await lookUp(dnsZone(zone), name, type)).toEqual(expected);
  });

  test.each<[string, Resolver["resolve"], unknown]>([
    ["an empty answer as no record", () => Promise.resolve([]), { kind: "absent", why: "has no A record" }],
    [
      "a name that can't be asked",
      () => Promise.reject(dnsError("EBADNAME", "A x")),
      { kind: "absent", why: "is a name that the DNS can't hold" },
    ],
    [
      "an error without code",
      () => Promise.reject(new Error("no route")),
      { kind: "unknown", undetermined: false, why: "the DNS look-up of x A failed (no route)" },
    ],
    [
      "a resolver that throws at once",
      () => {
        throw new Error("bug");
      },
      { kind: "unknown", undetermined: false, why: "the DNS look-up of x A failed (bug)" },
    ],
  ])("%s", async (_, resolve, expected) => {
    expect(await lookUp({ resolve }, "x", "A")).toEqual(expected);
  });
});

describe("a remembering resolver", () => {
  test("asks the same name and type once, whatever the case and final dot", async () => {
    const dns = dnsZone(zone);
    const memory = remembering(dns);
    await Promise.all([memory.resolve("example.com", "A"), memory.resolve("Example.COM.", "A")]);
    await memory.resolve("example.com", "A");
    await memory.resolve("example.com", "TXT");
    expect(dns.queries).toEqual(["A example.com", "TXT example.com"]);
  });

  test("remembers failures, each reported to whoever asks", async () => {
    const dns = dnsZone(zone);
    const memory = remembering(dns);
    await expect(memory.resolve("gone.example.com", "A")).rejects.toMatchObject({ code: "ENOTFOUND" });
    await expect(memory.resolve("gone.example.com", "A")).rejects.toMatchObject({ code: "ENOTFOUND" });
    await expect(memory.resolve("slow.example.com", "A")).rejects.toMatchObject({ code: "ETIMEOUT" });
    expect(dns.queries).toEqual(["A gone.example.com", "A slow.example.com"]);
  });

  test("asks once whether a name is proxied, and can't if the resolver can't", async () => {
    const proxied = vi.fn(() => Promise.resolve(true));
    const memory = remembering({ resolve: dnsZone(zone).resolve, proxied });
    expect([await memory.proxied?.("example.com"), await memory.proxied?.("EXAMPLE.com.")]).toEqual([
      true,
      true,
    ]);
    expect(proxied).toHaveBeenCalledOnce();
    expect(remembering({ resolve: dnsZone(zone).resolve })).not.toHaveProperty("proxied");
  });
});

describe("a time-limited resolver", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("gives up with ETIMEOUT", async () => {
    const answer = timeLimited(dnsZone(zone), 5000).resolve("deaf.example.com", "A");
    const outcome = expect(answer).rejects.toMatchObject({ code: "ETIMEOUT" });
    await vi.advanceTimersByTimeAsync(5000);
    await outcome;
  });

  test("passes answers and failures on and leaves no timer behind", async () => {
    const limited = timeLimited(dnsZone(zone), 5000);
    expect(await limited.resolve("example.com", "A")).toEqual(["192.0.2.1"]);
    await expect(limited.resolve("gone.example.com", "A")).rejects.toMatchObject({ code: "ENOTFOUND" });
    expect(await limited.proxied?.("example.com")).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});
