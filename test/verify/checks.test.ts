// What the checks beyond the judge say of a sender about which one thing is wrong.

import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createHash, X509Certificate } from "node:crypto";
import type { Answer } from "dns-packet";
import { afterEach, describe, expect, test } from "vitest";
import { projectFolder } from "../../local/stack.ts";
import { blocklistZone } from "../../local/dns/blocklist.ts";
import { indexZones } from "../../local/dns/zone.ts";
import { Blocklists, chooseLists } from "../../mail/blocklists.ts";
import { liveResolver } from "../../mail/live-resolver.ts";
import { readMtaStsPolicy } from "../../verify/mta-sts-policy.ts";
import { checks } from "../../verify/checks.ts";
import { findingsIn, type ReportedFinding } from "../../verify/report.ts";
import {
  authentic,
  certificate,
  complaints,
  findingsOf,
  goodRecords,
  goodSubject,
  goodSender,
  helo,
  nowhere,
  policyText,
  replyWith,
  startDns,
  World,
  type Records,
  type Twist,
  type WorldChanges,
} from "./world.ts";

const world = new World();
afterEach(() => world.close());

const unsigned = "dnssec-validates unclear";

describe("one wrong record", () => {
  test.each<[string, Records, string[]]>([
    ["no MTA-STS", { "_mta-sts.example.com TXT": undefined }, ["mta-sts-agrees remark"]],
    ["an MTA-STS record without id", { "_mta-sts.example.com TXT": ["v=STSv1;"] }, ["mta-sts-agrees remark"]],
    [
      "two MTA-STS records",
      { "_mta-sts.example.com TXT": ["v=STSv1; id=1;", "v=STSv1; id=2;"] },
      ["mta-sts-agrees remark"],
    ],
    ["no host for the MTA-STS policy", { "mta-sts.example.com A": undefined }, ["mta-sts-agrees remark"]],
    ["no TLSRPT", { "_smtp._tls.example.com TXT": undefined }, ["tls-rpt-published remark"]],
    [
      "TLSRPT to nobody",
      { "_smtp._tls.example.com TXT": ["v=TLSRPTv1; rua=tls@example.com"] },
      ["tls-rpt-published remark"],
    ],
    ["no CAA", { "example.com CAA": undefined }, ["caa-published remark"]],
    [
      "DMARC reports to a stranger",
      {
        "_dmarc.example.com TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.org"],
        "example.org MX": [`10 ${helo}`],
      },
      ["dmarc-reports-authorized remark"],
    ],
    [
      "DMARC reports to where no mail is taken",
      {
        "_dmarc.example.com TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.org"],
        "example.org MX": ["0 "],
      },
      ["dmarc-reports-authorized remark"],
    ],
    [
      "no DMARC reports",
      { "_dmarc.example.com TXT": ["v=DMARC1; p=reject"] },
      ["dmarc-reports-authorized remark"],
    ],
    [
      "an IPv6 address that is no sender's",
      { [`${helo} AAAA`]: ["2001:db8::10"] },
      ["mx-answers refused", "a-matches-address remark", "ipv6-agrees remark"],
    ],
    [
      "SPF that is nearly full",
      {
        "example.com TXT": [`v=spf1 ${"a:mta-sts.example.com ".repeat(9)}ip4:192.0.2.10 -all`],
      },
      ["spf-within-limits remark"],
    ],
  ])("%s", async (_, records, expected) => {
    const report = await world.verify({ records });
    expect(complaints(report).filter((text) => text !== unsigned)).toEqual(expected);
  });

  test("an IPv6 address lacks what it lacks, each by itself", async () => {
    const spf = ["v=spf1 ip4:192.0.2.10 ip6:2001:db8::10 -all"];
    const aaaa = { [`${helo} AAAA`]: ["2001:db8::10"] };
    const message = async (records: Records) =>
      findingsOf(await world.verify({ records: { ...aaaa, ...records } }), "ipv6-agrees")[0]?.message;
    expect(await message({ "example.com TXT": spf })).toMatch(/refused: its PTR record is missing\.$/);
    expect(await message({})).toMatch(/its PTR record is missing and SPF of example\.com gives it fail\.$/);
  });

  test("DMARC reports to a stranger who agrees are fine", async () => {
    const report = await world.verify({
      records: {
        "_dmarc.example.com TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.org"],
        "example.org MX": [`10 ${helo}`],
        "example.com._report._dmarc.example.org TXT": ["v=DMARC1"],
      },
    });
    expect(complaints(report)).toEqual([unsigned]);
  });

  test("an IPv6 address with a PTR record and SPF is a sender like another", async () => {
    const reverse = `0.1.${"0.".repeat(22)}8.b.d.0.1.0.0.2.ip6.arpa`;
    const spf = ["v=spf1 ip4:192.0.2.10 ip6:2001:db8::10 -all"];
    const report = await world.verify({
      records: { [`${helo} AAAA`]: ["2001:db8::10"], [`${reverse} PTR`]: [helo], "example.com TXT": spf },
    });
    expect(findingsOf(report, "ipv6-agrees")).toEqual([expect.objectContaining({ outcome: "agrees" })]);
  });
});

describe("the MTA-STS policy", () => {
  test.each<[string, string, readonly string[], Readonly<Record<string, string>>, number]>([
    [
      "does not name the exchanger",
      policyText.replace(helo, "mx.example.net"),
      ["mta-sts-agrees refused", "mta-sts-agrees remark"],
      {},
      200,
    ],
    ["covers it by a pattern", policyText.replace(helo, "*.example.com"), [], {}, 200],
    ["lives too short", policyText.replace("604800", "600"), ["mta-sts-agrees remark"], {}, 200],
    ["has no mode", policyText.replace("mode: enforce\n", ""), ["mta-sts-agrees remark"], {}, 200],
    ["is served as HTML", policyText, ["mta-sts-agrees remark"], { "content-type": "text/html" }, 200],
    ["is not there", policyText, ["mta-sts-agrees remark"], {}, 404],
    ["is elsewhere", policyText, ["mta-sts-agrees remark"], { location: "https://example.net/" }, 302],
  ])("%s", async (_, text, expected, headers, status) => {
    const web = await world.webServer(text, headers, status);
    expect(complaints(await world.verify({ web }))).toEqual([...expected, unsigned]);
  });

  test("that is endless is not read to its end", async () => {
    const web = await world.webServer(`${policyText}${"x".repeat(100_000)}`);
    expect(findingsOf(await world.verify({ web }), "mta-sts-agrees")[0]?.message).toMatch(
      /gave more than 65536 octets\.$/,
    );
  });

  test.each<[string, (world: World) => Promise<WorldChanges["web"]>, RegExp]>([
    ["hangs", (of) => of.tcpServer(() => undefined), /no whole answer within 0.5 s/],
    ["closes", (of) => of.tcpServer((socket) => socket.destroy()), /can't be reached/],
    ["has a certificate of nobody", (of) => of.webServer(policyText), /certificate that is not accepted/],
  ])("whose server %s can't be fetched, in time", async (name, start, message) => {
    const web = await start(world);
    const authorities = name === "has a certificate of nobody" ? { authorities: [certificate.cert] } : {};
    const report = await world.verify({ ...(web && { web }), options: authorities });
    expect(findingsOf(report, "mta-sts-agrees")).toEqual([
      expect.objectContaining({ outcome: "disagrees", message: expect.stringMatching(message) as string }),
    ]);
  });

  test.each([
    ["", 'has no "version: STSv1"'],
    ["version: STSv1\nmode: on\n", 'has the mode "on"; write enforce, testing or none'],
    [
      "version: STSv1\nmode: enforce\nmax_age: 1d\nmx: a.example",
      'has the max_age "1d"; write 86400 to 31557600 seconds',
    ],
    ["version: STSv1\nmode: enforce\nmax_age: 86400", "names no mail exchanger"],
    ["version: STSv1\n<html>", "has a line that is no field"],
  ])("%j is none", (text, fault) => {
    expect(readMtaStsPolicy(text)).toEqual({ fault });
  });
});

describe("DNSSEC", () => {
  const signed: Twist = (reply) => authentic(reply);

  test("that a resolver has validated agrees", async () => {
    expect(complaints(await world.verify({ twist: signed }))).toEqual([]);
  });

  test("that is not there is a remark", async () => {
    const onlyRoot: Twist = (reply, { name }) => (name === "" || name === "." ? authentic(reply) : reply);
    expect(complaints(await world.verify({ twist: onlyRoot }))).toEqual([
      "dnssec-validates remark",
      "dnssec-validates remark",
    ]);
  });

  test("that is broken is refused: a resolver that validates fails, the zone's own server answers", async () => {
    const authority = await world.dns(goodRecords);
    const bogus = await world.dns(goodRecords, (reply, { name, message }) =>
      name.endsWith("example.com") ? replyWith(message, [], 2) : authentic(reply),
    );
    const report = await world.verify({ authority, resolvers: [bogus, authority] });
    expect(findingsOf(report, "dnssec-validates")[0]).toMatchObject({
      outcome: "disagrees",
      severity: "mandatory",
    });
  });
});

describe("DANE", () => {
  const der = new X509Certificate(certificate.cert);
  const key = createHash("sha256")
    .update(der.publicKey.export({ type: "spki", format: "der" }))
    .digest();
  const other = createHash("sha256").update("another key").digest();
  const tlsa =
    (...records: { usage: number; selector: number; matchingType: number; certificate: Buffer }[]): Twist =>
    (reply, { type, message }) =>
      authentic(
        type === "TLSA"
          ? replyWith(
              message,
              records.map((data): Answer => ({ type: "TLSA", name: `_25._tcp.${helo}`, ttl: 60, data })),
            )
          : reply,
      );

  test.each<[string, Twist, string[]]>([
    ["matches the key", tlsa({ usage: 3, selector: 1, matchingType: 1, certificate: key }), []],
    ["matches the certificate", tlsa({ usage: 3, selector: 0, matchingType: 0, certificate: der.raw }), []],
    [
      "matches one of two, as during a roll-over",
      tlsa(
        { usage: 3, selector: 1, matchingType: 1, certificate: other },
        { usage: 3, selector: 1, matchingType: 1, certificate: key },
      ),
      [],
    ],
    [
      "matches another key",
      tlsa({ usage: 3, selector: 1, matchingType: 1, certificate: other }),
      ["dane-matches refused"],
    ],
    [
      "has a usage that SMTP does not know",
      tlsa({ usage: 1, selector: 1, matchingType: 1, certificate: key }),
      ["dane-matches refused"],
    ],
    [
      "has numbers that nobody knows",
      tlsa({ usage: 3, selector: 9, matchingType: 9, certificate: key }),
      ["dane-matches refused"],
    ],
  ])("%s", async (_, twist, expected) => {
    expect(complaints(await world.verify({ twist }))).toEqual(expected);
  });

  test("without DNSSEC is a remark, for nobody heeds it", async () => {
    const twist: Twist = (reply, asked, transport) => {
      const answer = tlsa({ usage: 3, selector: 1, matchingType: 1, certificate: other })(
        reply,
        asked,
        transport,
      );
      if (!Buffer.isBuffer(answer)) return undefined;
      answer.writeUInt8(answer.readUInt8(3) & ~0x20, 3);
      return answer;
    };
    expect(complaints(await world.verify({ twist }))).toEqual(["dane-matches remark", unsigned]);
  });

  test("is looked up by a resolver that validates, though another is faster", async () => {
    const twist = tlsa({ usage: 3, selector: 1, matchingType: 1, certificate: other });
    const [slow, fast] = await Promise.all([
      world.dns(goodRecords, async (...asked) => {
        await wait(50);
        return (await twist(...asked)) ?? Buffer.alloc(0);
      }),
      world.dns(goodRecords, (reply, asked, transport) => {
        const answer = twist(reply, asked, transport) as Buffer;
        answer.writeUInt8(answer.readUInt8(3) & ~0x20, 3);
        return answer;
      }),
    ]);
    const report = await world.verify({ authority: fast, resolvers: [fast, slow] });
    expect(complaints(report)).toEqual(["dane-matches refused"]);
  });

  test("that the stack declares and the DNS lacks is a remark, and none that nobody declares isn't", async () => {
    const name = `_25._tcp.${helo}`;
    const declared = [{ name, type: "TLSA", content: `3 1 1 ${key.toString("hex").toUpperCase()}` }];
    const report = await world.verify({ subject: { ...goodSubject, declared } });
    const [finding] = findingsOf(report, "dane-matches");
    expect(finding).toMatchObject({ outcome: "disagrees", severity: "advisory" });
    expect(finding?.message).toContain(`TLSA records at ${name}, and the DNS has none`);
    expect(finding?.expected).toBe(`3 1 1 ${key.toString("hex")}`);
    const elsewhere = [{ name: "_25._tcp.mx.example.net", type: "TLSA", content: "3 1 1 AB" }];
    const other = await world.verify({ subject: { ...goodSubject, declared: elsewhere } });
    expect(findingsOf(other, "dane-matches")).toEqual([]);
  });

  test("says the record to publish", async () => {
    const report = await world.verify({
      twist: tlsa({ usage: 3, selector: 1, matchingType: 1, certificate: other }),
    });
    expect(findingsOf(report, "dane-matches")[0]?.expected).toBe(`3 1 1 ${key.toString("hex")}`);
  });
});

describe("blocklists", () => {
  const domainList = "multi.surbl.org";

  test("of addresses and domains are asked through the resolver", async () => {
    const zones = indexZones([
      blocklistZone("bl.test", [{ address: "192.0.2.10", reason: "Test" }]),
      {
        origin: domainList,
        records: ["surbl-org-permanent-test-point.com", "example.com"].map((name) => ({
          name: `${name}.${domainList}`,
          type: "A" as const,
          ttl: 60,
          data: "127.0.0.64",
        })),
      },
    ]);
    const dns = world.own(await startDns(zones));
    const lists = chooseLists(["bl.test", domainList]);
    const report = await world.verify({
      options: {
        blocklists: () =>
          new Blocklists(liveResolver([`${dns.address}:${dns.port}`], 500), { lists, timeLimit: 1_000 }),
      },
    });
    expect(report.verdict).toBe("refused");
    expect(findingsOf(report, "address-not-listed")[0]?.message).toContain("192.0.2.10 is listed at bl.test");
    const [domain] = findingsOf(report, "domain-not-listed");
    expect(domain?.message).toContain(`example.com is listed at ${domainList}`);
  });
});

describe("what a stack declares", () => {
  const declared = [
    { name: "example.com", type: "TXT", content: '"v=spf1 ip4:192.0.2.10 " "-all"' },
    { name: "example.com", type: "MX", content: `10 ${helo}` },
    { name: helo, type: "A", content: "192.0.2.10" },
  ];

  test("and the DNS has agrees, however it is written", async () => {
    const report = await world.verify({ subject: { ...goodSubject, declared } });
    expect(findingsOf(report, "records-as-declared")).toEqual([
      expect.objectContaining({ message: "All 3 records that the stack declares are in the DNS." }),
    ]);
  });

  test("and the DNS has otherwise is named with both", async () => {
    const changed = [
      ...declared,
      { name: "s9._domainkey.example.com", type: "TXT", content: '"v=DKIM1; p="' },
    ];
    const report = await world.verify({ subject: { ...goodSubject, declared: changed } });
    expect(findingsOf(report, "records-as-declared")[0]?.message).toBe(
      'The stack declares TXT s9._domainkey.example.com "v=DKIM1; p=", and the DNS has none.',
    );
  });
});

describe("somebody else's exchanger", () => {
  test("is visited, and not tried for an open relay", async () => {
    const recipients: string[] = [];
    const stranger = await world.mailServer({
      name: "mx.example.org",
      onRcptTo: ({ address: to }, _, done) => {
        recipients.push(to);
        done();
      },
    });
    const report = await world.verify({
      records: { "example.com MX": ["10 mx.example.org"], "mx.example.org A": ["192.0.2.99"] },
      options: { reach: (at, port) => (at === "192.0.2.99" && port === 25 ? stranger : nowhere()) },
    });
    expect(findingsOf(report, "mx-answers")).toEqual([expect.objectContaining({ outcome: "agrees" })]);
    expect(findingsOf(report, "relay-is-closed")).toEqual([]);
    expect(recipients).toEqual([]);
  });
});

describe("many senders", () => {
  test("of one domain share its look-ups and visits", async () => {
    let connections = 0;
    const server = await world.mailServer({
      onConnect: (_, done) => {
        connections++;
        done();
      },
    });
    const senders = Array.from({ length: 5 }, () => goodSender);
    const report = await world.verify({ mail: server, subject: { ...goodSubject, senders } });
    expect(report.senders).toHaveLength(5);
    expect(connections).toBe(1);
  });

  test("are told of what the domain lacks once, and each of what is its own", async () => {
    const second = { ...goodSender, helo: "okmail2.example.com", addresses: ["192.0.2.20"] };
    const addresses = [goodSender, second].flatMap((sender) => sender.addresses);
    const subject = {
      ...goodSubject,
      senders: [goodSender, second].map((sender) => ({ ...sender, ownAddresses: addresses })),
    };
    const spf = [`v=spf1 ${addresses.map((one) => `ip4:${one}`).join(" ")} -all`];
    const report = await world.verify({
      subject,
      records: {
        "example.com TXT": spf,
        "example.com CAA": undefined,
        "okmail2.example.com A": ["192.0.2.20"],
        "okmail2.example.com CAA": ['0 issue "ca.example.net"'],
        "_dmarc.example.com TXT": undefined,
        "_smtp._tls.example.com TXT": undefined,
      },
    });
    const text = ({ rule, subject: { domain, helo: host } }: ReportedFinding) => `${domain ?? host} ${rule}`;
    expect(
      findingsIn(report)
        .filter(({ outcome }) => outcome === "disagrees")
        .map(text),
    ).toEqual([
      "example.com dmarc-published",
      "example.com tls-rpt-published",
      "example.com caa-published",
      "okmail2.example.com ptr-matches-helo",
      "okmail2.example.com spf-permits-helo",
    ]);
    const said = findingsIn(report)
      .filter(({ rule }) => rule !== "dns-is-consistent")
      .map(({ message }) => message);
    expect(said).toHaveLength(new Set(said).size);
    expect(findingsOf(report, "spf-is-valid").map(text)).toEqual([
      "example.com spf-is-valid",
      "okmail.example.com spf-is-valid",
    ]);
    expect(findingsOf(report, "caa-published").map(text)).toEqual([
      "example.com caa-published",
      "okmail2.example.com caa-published",
    ]);
  });
});

test("every check says what holds, why, and where that is said, and is in the README with its weight", () => {
  const readme = readFileSync(path.join(projectFolder, "verify", "README.md"), "utf8");
  for (const { id, title, severity, description, sources } of checks) {
    expect([title, description, ...sources].every((text) => text.trim() !== "")).toBe(true);
    expect(title).not.toMatch(/[.]$/);
    const row = readme.split("\n").find((line) => line.startsWith(`| \`${id}\` `)) ?? "";
    const [, , weight = "", holds = ""] = row.split("|").map((cell) => cell.trim());
    expect([weight, holds.replace(" (`--probe`)", "")]).toEqual([
      severity,
      title.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase()),
    ]);
  }
});
