// A key for a blocklist is in the names of queries and nowhere else: not in answers, findings, errors, or what a debugger prints.

import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { renderFinding } from "../../mail/finding.ts";
import { judge } from "../../mail/judge.ts";
import { dnsError, type Resolver } from "../../mail/resolver.ts";
import { Blocklists, chooseLists, keysFromEnvironment, listingOf } from "../../mail/blocklists.ts";
import { dnsZone } from "../helpers/dns-zone.ts";
import { listZone, reversed } from "./blocklist-zones.ts";
import { goodSender } from "./judge-good-sender.ts";

const key = "abcdefghij0123456789klmnop";
const keyed = `${key}.zen.dq.spamhaus.net`;
const name = `${reversed("192.0.2.10")}.${keyed}`;
const lists = chooseLists(["zen.spamhaus.org"]);

/** What the DNS may do, with the key in everything that it says. */
const worlds: Record<string, Resolver> = {
  listed: dnsZone({
    ...listZone(keyed, { "192.0.2.10": ["127.0.0.2"] }),
    [name]: { A: ["127.0.0.2"], TXT: [`see ${name} or ${key.toUpperCase()}`] },
  }),
  "not listed": dnsZone(listZone(keyed)),
  dead: dnsZone({}),
  refusing: dnsZone({ ...listZone(keyed), [name]: { A: ["127.255.255.250"] } }),
  "answering with the key": dnsZone({ ...listZone(keyed), [name]: { A: [key] } }),
  "failing with the name": {
    resolve: (asked, type) =>
      Promise.reject(Object.assign(new Error(`query${type} EFOO ${asked}`), { code: key, hostname: asked })),
  },
  "failing with a code": {
    resolve: (asked, type) => Promise.reject(dnsError("ESERVFAIL", `${type} ${asked}`)),
  },
  "throwing a text": {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a resolver does is its own business
    resolve: (asked) => Promise.reject(`no answer for ${asked}`),
  },
  silent: { resolve: () => new Promise<never>(() => undefined) },
};

/** Everything that can be printed of a value. */
function printed(value: unknown): string {
  const shown = inspect(value, { depth: Infinity, showHidden: true, getters: true, maxStringLength: null });
  const stack = value instanceof Error ? String(value.stack) : "";
  return [shown, JSON.stringify(value), String(value), stack].join("\n");
}

describe.each(Object.entries(worlds))("in a DNS that is %s", (_, resolver) => {
  test("the key shows in nothing", async () => {
    const client = new Blocklists(resolver, { lists, keys: { spamhaus: key }, timeLimit: 30 });
    const answers = await client.ask("192.0.2.10");
    expect(answers).toMatchObject([{ zone: "zen.dq.spamhaus.net" }]);
    const listings = async (address: string) => (await client.ask(address)).map(listingOf);
    const findings = await judge(goodSender, dnsZone({}), { only: ["address-not-listed"], listings });
    expect(findings.length).toBeGreaterThan(0);
    const output = [
      printed(client),
      printed(answers),
      printed(await listings("192.0.2.10")),
      printed(findings),
      ...findings.map((finding) => renderFinding(finding)),
    ].join("\n");
    expect(output.toLowerCase()).not.toContain(key);
  });
});

test("the key is in the name of each query", async () => {
  const dns = dnsZone(listZone(keyed, { "192.0.2.10": ["127.0.0.10"] }));
  const client = new Blocklists(dns, { lists, keys: { spamhaus: key } });
  expect(await client.ask("192.0.2.10")).toMatchObject([{ outcome: "listed", zone: "zen.dq.spamhaus.net" }]);
  expect(dns.queries.length).toBe(4);
  expect(dns.queries.every((query) => query.endsWith(keyed))).toBe(true);
});

test.each([`${key}.zen.dq.spamhaus.net`, "zen.dq.spamhaus.net key", `${key}\n${key}`, "x"])(
  "a key that is none is refused without repeating it",
  (wrong) => {
    const open = () => new Blocklists(dnsZone({}), { lists, keys: { spamhaus: wrong } });
    expect(open).toThrow(/^the key for Spamhaus ZEN is none: OKMAIL_SPAMHAUS_DQS_KEY must be/);
    let message = "";
    try {
      open();
    } catch (error) {
      message = printed(error);
    }
    expect(message).not.toContain(key);
  },
);

test("a zone with a key in it is refused without repeating it", () => {
  expect(() => chooseLists([keyed])).toThrow(
    'a name below zen.dq.spamhaus.net is no blocklist: write "zen.spamhaus.org", and put the key into the ' +
      "environment variable OKMAIL_SPAMHAUS_DQS_KEY",
  );
  expect(() => chooseLists([`${key}.combined.mail.abusix.zone`])).not.toThrow(key);
});

test("keys come from the environment, empty ones are none", () => {
  expect(
    keysFromEnvironment({ OKMAIL_SPAMHAUS_DQS_KEY: ` ${key} `, OKMAIL_ABUSIX_KEY: " ", OTHER: "x" }),
  ).toEqual({
    spamhaus: key,
  });
});
