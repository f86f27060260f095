// Several resolvers against the zones' own servers: what is stale, what is wrong, who lies, who says nothing.

import { afterEach, describe, expect, test } from "vitest";
import type { DnsServer } from "../../local/dns/server.ts";
import type { Report, ReportedFinding } from "../../verify/report.ts";
import { connectingTo } from "../../verify/endpoint.ts";
import {
  complaints,
  findingsOf,
  goodRecords,
  helo,
  replyWith,
  World,
  type Records,
  type Twist,
} from "./world.ts";

const world = new World();
afterEach(() => world.close());

const unsigned = "dnssec-validates unclear";

/** A verification whose zones' own servers have `truth`, and whose resolvers have these. */
async function between(truth: Records, ...resolvers: readonly { records?: Records; twist?: Twist }[]) {
  const authority = await world.dns({ ...goodRecords, ...truth });
  const asked: DnsServer[] = [];
  for (const { records, twist } of resolvers)
    asked.push(await world.dns({ ...goodRecords, ...records }, twist));
  return world.verify({ authority, resolvers: [...asked, authority] });
}

function disagreements(report: Report): ReportedFinding[] {
  return findingsOf(report, "dns-is-consistent").filter(({ outcome }) => outcome === "disagrees");
}

describe("an old answer", () => {
  test("that a resolver remembers is told from a wrong record, and says when it passes", async () => {
    const report = await between({}, { records: { [`${helo} A`]: ["192.0.2.99"] } });
    expect(complaints(report)).toEqual([unsigned, "dns-is-consistent refused"]);
    expect(findingsOf(report, "a-matches-address")).toEqual([expect.objectContaining({ outcome: "agrees" })]);
    expect(disagreements(report)).toEqual([
      expect.objectContaining({
        severity: "mandatory",
        found: "192.0.2.99",
        expected: "192.0.2.10",
        message: expect.stringContaining("still remembers 192.0.2.99 for A okmail.example.com") as string,
        fix: expect.stringContaining("forgotten in 5 min") as string,
      }),
    ]);
  });

  test("is only a remark where receivers would still take the mail", async () => {
    const report = await between({}, { records: { "_smtp._tls.example.com TXT": undefined } });
    expect(complaints(report)).toEqual(["dns-is-consistent remark", unsigned]);
  });

  test("of absence is stale too", async () => {
    const report = await between({}, { records: { "10.2.0.192.in-addr.arpa PTR": undefined } });
    expect(disagreements(report)).toEqual([
      expect.objectContaining({
        severity: "mandatory",
        found: "nothing",
        message: expect.stringContaining("ptr-matches-helo") as string,
      }),
    ]);
  });

  test("that is right does not excuse a record that is wrong", async () => {
    const report = await between({ [`${helo} A`]: ["192.0.2.99"] }, {});
    expect(complaints(report)).toContain("a-matches-address refused");
    expect(findingsOf(report, "a-matches-address")[0]?.message).toContain("resolves to 192.0.2.99");
  });
});

describe("a resolver", () => {
  test("that answers for everything is not believed", async () => {
    const everything: Twist = (reply, { type, message }) =>
      type === "A"
        ? replyWith(message, [{ name: decodedName(message), type: "A", ttl: 60, data: "198.51.100.1" }])
        : reply;
    const report = await between({}, { twist: everything });
    expect(complaints(report)).toEqual(["dns-is-consistent remark", unsigned]);
    expect(findingsOf(report, "dns-is-consistent")[0]?.message).toBe(
      "The resolver resolver 1 answers for names that don't exist, so it is not believed.",
    );
  });

  test.each<[string, Twist, string]>([
    ["that is silent", () => undefined, "gave no answer in time"],
    [
      "that sends garbage",
      (_, { message }) => Buffer.concat([message.subarray(0, 2), Buffer.alloc(9, 0xff)]),
      "no DNS message",
    ],
    ["that refuses", (_, { message }) => replyWith(message, [], 5), "refused (REFUSED)"],
    ["that fails", (_, { message }) => replyWith(message, [], 2), "failed (SERVFAIL)"],
  ])("%s is named, and spoils nothing", async (_, twist, why) => {
    const report = await between({}, { twist });
    expect(complaints(report)).toEqual(["dns-is-consistent unclear", unsigned]);
    expect(findingsOf(report, "dns-is-consistent")[0]?.message).toContain(why);
    expect(report.verdict).toBe("good");
  });

  test("alone and silent leaves all undetermined, in time", async () => {
    const authority = await world.dns({}, () => undefined);
    const began = performance.now();
    const report = await world.verify({ authority });
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(report.verdict).toBe("unclear");
    const outcomes = ["a-matches-address", "ptr-matches-helo", "mx-resolves"] as const;
    for (const rule of outcomes)
      expect(findingsOf(report, rule)[0]).toMatchObject({ outcome: "undetermined" });
  }, 30_000);
});

describe("the servers of a zone", () => {
  test("that differ from each other are a fault of the zone", async () => {
    const secondServer = "203.0.113.54";
    const records = {
      ...goodRecords,
      "example.com NS": ["ns2.example.com"],
      "ns2.example.com A": [secondServer],
    };
    const first = await world.dns(records);
    const second = await world.dns({ ...records, "example.com MX": ["10 elsewhere.example.com"] });
    const report = await world.verify({
      authority: first,
      options: {
        reach: connectingTo(
          [
            [{ address: "203.0.113.53", port: 53 }, first],
            [{ address: secondServer, port: 53 }, second],
          ],
          () => ({ address: "127.0.0.1", port: 1 }),
        ),
        connect: false,
      },
    });
    expect(findingsOf(report, "dns-is-consistent")).toContainEqual(
      expect.objectContaining({
        outcome: "disagrees",
        severity: "mandatory",
        message: expect.stringContaining("The name servers differ about MX example.com") as string,
      }),
    );
  });

  test("that are lame are named, and the resolvers' word is taken", async () => {
    const lame = await world.dns({}, (_, { message }) => replyWith(message, [], 5));
    const resolver = await world.dns(goodRecords);
    const report = await world.verify({ authority: lame, resolvers: [resolver] });
    expect(complaints(report)).toEqual(["dns-is-consistent unclear", unsigned]);
    expect(findingsOf(report, "dns-is-consistent")[0]?.message).toMatch(/^ns\.okmail\.internal .*REFUSED/);
  });

  test("refer to those of a zone of its own below the domain, which are asked then", async () => {
    const below = "_domainkey.example.com";
    const secondServer = "203.0.113.54";
    const records = {
      ...goodRecords,
      "ns2.example.com A": [secondServer],
      [`${below} NS`]: ["ns2.example.com"],
    };
    const parent = await world.dns(records);
    const child = await world.dns(records, undefined, [below]);
    // It still has what was there before; the child has it no more.
    const resolver = await world.dns(
      { ...records, "s1._domainkey.example.com TXT": ["v=DKIM1; p="] },
      undefined,
      [below],
    );
    const report = await world.verify({
      authority: parent,
      resolvers: [resolver],
      options: {
        reach: connectingTo(
          [
            [{ address: "203.0.113.53", port: 53 }, parent],
            [{ address: secondServer, port: 53 }, child],
          ],
          () => ({ address: "127.0.0.1", port: 1 }),
        ),
        connect: false,
      },
    });
    expect(parent.asked).toContain("TXT s1._domainkey.example.com");
    expect(child.asked).toContain("TXT s1._domainkey.example.com");
    expect(findingsOf(report, "dkim-key-published")).toEqual([
      expect.objectContaining({ outcome: "agrees" }),
    ]);
  });
});

test("aliases in a circle end in a finding", async () => {
  const loop = {
    [`${helo} A`]: undefined,
    [`${helo} TXT`]: undefined,
    [`${helo} CNAME`]: ["alias.example.com"],
    "alias.example.com CNAME": [helo],
  };
  const authority = await world.dns({ ...goodRecords, ...loop });
  const report = await world.verify({ authority });
  expect(report.verdict).not.toBe("good");
  expect(findingsOf(report, "a-matches-address")[0]).toMatchObject({
    outcome: "undetermined",
    message: expect.stringContaining("SERVFAIL") as string,
  });
});

test("nobody is asked the same question twice", async () => {
  const authority = await world.dns(goodRecords);
  await world.verify({ authority });
  const own = authority.asked.filter((question) => !question.endsWith(".invalid"));
  // One as resolver, one as the zone's own server.
  const counts = [...Map.groupBy(own, (question) => question).values()].map(({ length }) => length);
  expect(Math.max(...counts)).toBeLessThanOrEqual(2);
});

function decodedName(message: Buffer): string {
  const labels: string[] = [];
  for (let offset = 12; message[offset] !== 0; offset += 1 + (message[offset] ?? 0))
    labels.push(message.subarray(offset + 1, offset + 1 + (message[offset] ?? 0)).toString());
  return labels.join(".");
}
