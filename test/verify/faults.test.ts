// Whoever misbehaves, and however: a verification ends in time, and says so. The whole of it over real DNS and SMTP on loopback.

import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { decode } from "dns-packet";
import { afterEach, describe, expect, test } from "vitest";
import type { CheckId } from "../../verify/check.ts";
import type { Report } from "../../verify/report.ts";
import {
  address,
  complaints,
  findingsOf,
  goodRecords,
  helo,
  nowhere,
  replyWith,
  World,
  type Twist,
  type WorldChanges,
} from "./world.ts";

const world = new World();
afterEach(() => world.close());

const limits = { dnsTimeout: 150, smtpLimits: { step: 200 }, httpsTimeout: 300 };
/** Milliseconds: six look-ups that depend on each other, each of three times the limit, and a busy machine. */
const inTime = 6 * 3 * limits.dnsTimeout + 5_000;

const unsigned = "dnssec-validates unclear";

async function verified({ options, ...changes }: WorldChanges): Promise<Report> {
  const began = performance.now();
  const report = await world.verify({ ...changes, options: { ...limits, ...options } });
  expect(performance.now() - began).toBeLessThan(inTime);
  return report;
}

const hasEdns = (message: Buffer) => (decode(message).additionals ?? []).length > 0;
const alias = (message: Buffer, from: string, to: string) =>
  replyWith(message, [{ type: "CNAME", name: from, ttl: 60, data: to }]);
const truncated = (message: Buffer) => replyWith(message, [], 1 << 9);
/** No whole name is left in lower case: that is what a server does that doesn't repeat the question as it was sent. */
const inLowerCase = (reply: Buffer | undefined) => {
  if (reply === undefined) return undefined;
  const copy = Buffer.from(reply);
  for (let offset = 12; copy[offset] !== 0; offset++) {
    const octet = copy.readUInt8(offset);
    if (octet >= 0x41 && octet <= 0x5a) copy.writeUInt8(octet | 0x20, offset);
  }
  return copy;
};

describe("a resolver that", () => {
  const faults: Readonly<Record<string, [twist: Twist, said: string]>> = {
    "answers everything": [
      (reply, { type, name, message }) =>
        type === "A" ? replyWith(message, [{ type: "A", name, ttl: 60, data: "198.51.100.1" }]) : reply,
      "answers for names that don't exist, so it is not believed",
    ],
    "answers nothing": [() => undefined, "gave no answer in time"],
    "answers garbage": [
      (_, { message }) => Buffer.concat([message.subarray(0, 2), Buffer.alloc(9, 0xff)]),
      "gave an answer that is no DNS message",
    ],
    "truncates, and says nothing over TCP": [
      (_, { message }, transport) => (transport === "udp" ? truncated(message) : undefined),
      "gave no answer in time",
    ],
    "answers by aliases in a circle": [
      (reply, { name, type, message }) =>
        type === "CNAME"
          ? reply
          : replyWith(message, [
              { type: "CNAME", name, ttl: 60, data: "circle.example.net" },
              { type: "CNAME", name: "circle.example.net", ttl: 60, data: name },
            ]),
      "failed (SERVFAIL)",
    ],
    "answers by an alias and leaves it at that": [
      (reply, { name, type, message }) =>
        type === "CNAME" ? reply : alias(message, name, "elsewhere.example.net"),
      "gave an alias, and leaves the answer to others",
    ],
    "answers after the limit": [
      async (reply) => {
        await wait(3 * limits.dnsTimeout);
        return reply ?? Buffer.alloc(0);
      },
      "gave no answer in time",
    ],
    "does not repeat the case of names, and says nothing over TCP": [
      (reply, _, transport) => (transport === "udp" ? inLowerCase(reply) : undefined),
      "gave no answer in time",
    ],
    "refuses EDNS and all else": [(_, { message }) => replyWith(message, [], 1), "gave no answer (EFORMERR)"],
  };

  test.each(Object.entries(faults))(
    "%s is named beside another, and spoils nothing",
    async (_, [twist, said]) => {
      const authority = await world.dns(goodRecords);
      const faulty = await world.dns(goodRecords, twist);
      const report = await verified({ authority, resolvers: [faulty, authority] });
      expect(complaints(report)).toEqual([
        said.includes("believed") ? "dns-is-consistent remark" : "dns-is-consistent unclear",
        unsigned,
      ]);
      expect(findingsOf(report, "dns-is-consistent")[0]?.message).toContain(`resolver 1 ${said}`);
      expect(report.verdict).toBe("good");
    },
  );

  test.each(Object.entries(faults))(
    "%s leaves everything open where nobody else is asked",
    async (_, [twist]) => {
      const faulty = await world.dns(goodRecords, twist);
      const report = await verified({ authority: faulty });
      expect(report.verdict).not.toBe("good");
      expect(findingsOf(report, "a-matches-address")[0]).toMatchObject({ outcome: "undetermined" });
      expect(findingsOf(report, "mx-resolves")[0]).toMatchObject({ outcome: "undetermined" });
    },
  );

  test.each<[string, Twist]>([
    ["truncates", (reply, { message }, transport) => (transport === "udp" ? truncated(message) : reply)],
    [
      "does not repeat the case of names",
      (reply, _, transport) => (transport === "udp" ? inLowerCase(reply) : reply),
    ],
    ["refuses EDNS", (reply, { message }) => (hasEdns(message) ? replyWith(message, [], 1) : reply)],
    ["knows no EDNS", (reply, { message }) => (hasEdns(message) ? replyWith(message, [], 4) : reply)],
    ["drops EDNS", (reply, { message }) => (hasEdns(message) ? undefined : reply)],
  ])("%s is asked in another way", async (_, twist) => {
    const dns = await world.dns(goodRecords, twist);
    const report = await verified({ authority: dns });
    expect(complaints(report)).toEqual([unsigned]);
  });
});

test("aliases without end, each to a name of another zone, end in a finding", async () => {
  let next = 0;
  const authority = await world.dns(goodRecords, (reply, { name, type, message }) =>
    type === "A" && (name === helo || name.startsWith("next"))
      ? alias(message, name, `next${next++}.example.com`)
      : reply,
  );
  const report = await verified({ authority });
  expect(findingsOf(report, "a-matches-address")[0]).toMatchObject({ outcome: "undetermined" });
  expect(next).toBeLessThan(100);
});

/** What a mail server says to each command, by its first word; "" is the banner. Undefined: nothing, for ever. */
type Script = Readonly<Record<string, string | ((socket: Socket) => void) | undefined>>;

const inClear: Script = {
  "": `220 ${helo} ESMTP`,
  EHLO: `250 ${helo}`,
  MAIL: "250 ok",
  RCPT: "550 no",
  RSET: "250 ok",
};
const encrypting: Script = { ...inClear, EHLO: `250-${helo}\r\n250 STARTTLS`, STARTTLS: "220 go on" };

function follow(script: Script): (socket: Socket) => void {
  return (socket) => {
    const react = (word: string) => {
      const reaction = script[word];
      if (typeof reaction === "string") socket.write(`${reaction}\r\n`);
      else reaction?.(socket);
    };
    react("");
    let pending = "";
    socket.on("data", (chunk) => {
      const lines = (pending + chunk.toString("latin1")).split("\r\n");
      pending = lines.pop() ?? "";
      for (const line of lines) react(line.split(/[ :]/, 1)[0]?.toUpperCase() ?? "");
    });
  };
}

/** A line every few milliseconds, none of them the last. */
const tarpit = (line: string) => (socket: Socket) => {
  const timer = setInterval(() => socket.write(line), 10);
  socket.on("close", () => clearInterval(timer));
};
const megabyte = (start: string) => (socket: Socket) => socket.write(`${start}${"x".repeat(1_000_000)}\r\n`);
const drop = (socket: Socket) => socket.destroy();
const lateReply = `gave no whole reply within ${limits.smtpLimits.step / 1000} s`;
const longLine = "has a line of more than 2048 octets";

describe("a mail exchanger that", () => {
  test.each<[string, Script, CheckId, string]>([
    ["says nothing", { ...inClear, "": undefined }, "mx-answers", `${lateReply}, at banner`],
    ["hangs at EHLO", { ...inClear, EHLO: undefined }, "mx-answers", `${lateReply}, at EHLO`],
    ["hangs at STARTTLS", { ...encrypting, STARTTLS: undefined }, "starttls-works", lateReply],
    ["hangs in the TLS handshake", encrypting, "starttls-works", "did not answer within"],
    ["hangs at MAIL", { ...inClear, MAIL: undefined }, "mx-answers", `${lateReply}, at MAIL`],
    ["hangs at RCPT", { ...inClear, RCPT: undefined }, "mx-answers", `${lateReply}, at RCPT`],
    ["hangs at RSET", { ...inClear, RSET: undefined }, "mx-answers", `${lateReply}, at RSET`],
    ["is a tarpit", { ...inClear, "": tarpit("220-wait\r\n") }, "mx-answers", `${lateReply}, at banner`],
    ["is a tarpit octet by octet", { ...inClear, EHLO: tarpit("2") }, "mx-answers", `${lateReply}, at EHLO`],
    ["sends a megabyte as its banner", { ...inClear, "": megabyte("220 ") }, "mx-answers", longLine],
    ["sends a megabyte to EHLO", { ...inClear, EHLO: megabyte("250-") }, "mx-answers", longLine],
    ["sends a megabyte to RCPT", { ...inClear, RCPT: megabyte("550 ") }, "mx-answers", longLine],
    ["drops the connection", { ...inClear, "": drop }, "mx-answers", "closed"],
    ["drops at STARTTLS", { ...encrypting, STARTTLS: drop }, "starttls-works", "was closed by the server"],
    ["speaks no SMTP", { ...inClear, "": "HTTP/1.1 400 Bad Request" }, "mx-answers", "no SMTP reply"],
  ])("%s", async (_, script, check, message) => {
    const mail = await world.tcpServer(follow(script));
    const report = await verified({ mail });
    const found = findingsOf(report, check).map((one) => [one.outcome, one.message]);
    expect(found).toEqual([["disagrees", expect.stringContaining(message) as string]]);
    expect(report.verdict).toBe("refused");
  });

  test("nobody listens for", async () => {
    const report = await verified({ options: { reach: nowhereBut(await world.dns(goodRecords)) } });
    expect(findingsOf(report, "mx-answers")[0]).toMatchObject({ outcome: "disagrees", found: "refused" });
  });

  test("nobody has a way to can't be told of", async () => {
    const dns = await world.dns(goodRecords);
    const report = await verified({
      options: {
        // TCP has no way to a broadcast address on any machine, and nothing is sent.
        reach: (at, port) => (port === 25 ? { address: "255.255.255.255", port } : nowhereBut(dns)(at, port)),
      },
    });
    expect(findingsOf(report, "mx-answers")[0]).toMatchObject({
      outcome: "undetermined",
      fix: expect.stringContaining("outbound port 25") as string,
    });
    expect(report.verdict).toBe("unclear");
  });
});

describe("a host that only sends, and", () => {
  test.each<[string, Script]>([
    ["hangs at STARTTLS", { ...encrypting, STARTTLS: undefined }],
    ["hangs at RCPT", { ...inClear, RCPT: undefined }],
    ["sends a megabyte to MAIL", { ...inClear, MAIL: megabyte("250 ") }],
  ])("%s leaves open whether it relays", async (_, script) => {
    const host = await world.tcpServer(follow(script));
    const exchanger = await world.mailServer({ name: "mx.example.com" });
    const dns = await world.dns({
      ...goodRecords,
      "example.com MX": ["10 mx.example.com"],
      "mx.example.com A": ["192.0.2.99"],
    });
    const report = await verified({
      authority: dns,
      options: {
        reach: (at, port) => (port === 25 ? (at === address ? host : exchanger) : nowhereBut(dns)(at, port)),
      },
    });
    expect(findingsOf(report, "relay-is-closed")).toEqual([
      expect.objectContaining({
        outcome: "undetermined",
        message: expect.stringMatching(/^Whether okmail\.example\.com \(192\.0\.2\.10\) relays/) as string,
      }),
    ]);
  });
});

test("an open relay that breaks off afterwards is an open relay", async () => {
  const mail = await world.tcpServer(follow({ ...inClear, RCPT: "250 ok", RSET: undefined }));
  const report = await verified({ mail });
  expect(findingsOf(report, "relay-is-closed")).toEqual([
    expect.objectContaining({
      outcome: "disagrees",
      message: expect.stringContaining("it is an open relay") as string,
    }),
  ]);
});

function nowhereBut(dns: { readonly address: string; readonly port: number }) {
  return (_: string, port: number) => (port === 53 ? dns : nowhere());
}
