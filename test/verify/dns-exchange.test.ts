// The DNS client against servers that misbehave, over real UDP and TCP on loopback.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { decode, encode } from "dns-packet";
import { afterEach, describe, expect, test } from "vitest";
import { exchange } from "../../verify/dns/exchange.ts";
import { readReply, recordText } from "../../verify/dns/answers.ts";
import type { Endpoint } from "../../verify/endpoint.ts";
import { startFaultyDns, type Fault } from "../helpers/faulty-dns.ts";
import { goodRecords, helo, replyWith, World, zonesOf, type Twist } from "./world.ts";

const world = new World();
afterEach(() => world.close());

const timeout = 150;
const question = { name: helo, type: "A" } as const;

async function ask(server: Endpoint, asked: Parameters<typeof readReply>[0] = question) {
  const began = performance.now();
  const said = await exchange({ timeout })(server, asked, true).then(
    (reply) => readReply(asked, reply),
    (error: unknown) => (error as NodeJS.ErrnoException).code,
  );
  expect(performance.now() - began).toBeLessThan(3 * timeout + 500);
  if (typeof said !== "object") return said;
  return said.kind === "found" ? said.records.map(recordText) : said;
}

describe("an answer is had", () => {
  test("over UDP", async () => {
    expect(await ask(await world.dns(goodRecords))).toEqual(["192.0.2.10"]);
  });

  test("over TCP where it does not fit a datagram", async () => {
    const long = Array.from({ length: 12 }, (_, index) => `${index} ${"x".repeat(250)}`);
    const server = await world.dns({ "example.com TXT": long });
    const answer = await ask(server, { name: "example.com", type: "TXT" });
    expect(answer).toEqual(long.map((text) => JSON.stringify(text)));
    expect(server.asked).toHaveLength(2);
  });

  const hasEdns = (message: Buffer) => (decode(message).additionals ?? []).length > 0;
  test.each<[string, Twist]>([
    [
      "that refuses EDNS (FORMERR)",
      (reply, { message }) => (hasEdns(message) ? replyWith(message, [], 1) : reply),
    ],
    [
      "that refuses EDNS (NOTIMP)",
      (reply, { message }) => (hasEdns(message) ? replyWith(message, [], 4) : reply),
    ],
    ["that drops EDNS", (reply, { message }) => (hasEdns(message) ? undefined : reply)],
  ])("of a server %s", async (_, twist) => {
    expect(await ask(await world.dns(goodRecords, twist))).toEqual(["192.0.2.10"]);
  });

  test("over TCP of a server that does not repeat the case of the name", async () => {
    const transports: string[] = [];
    const server = await world.dns(goodRecords, (reply, _, transport) => {
      transports.push(transport);
      return transport === "udp" && reply !== undefined ? lowerCased(reply) : reply;
    });
    expect(await ask(server)).toEqual(["192.0.2.10"]);
    expect(transports).toEqual(["udp", "tcp"]);
  });

  test("though forged datagrams come before it", async () => {
    const socket = createSocket("udp4");
    socket.on("message", (message, { port, address }) => {
      const { id = 0, questions = [] } = decode(message);
      const forged = (forgedId: number, name: string) =>
        encode({
          type: "response",
          id: forgedId,
          questions: [{ name, type: "A" }],
          answers: [{ name, type: "A", data: "198.51.100.66" }],
        });
      socket.send(forged(id ^ 1, questions[0]?.name ?? ""), port, address);
      socket.send(forged(id, "elsewhere.example"), port, address);
      socket.send(Buffer.from("no DNS message"), port, address);
      const name = questions[0]?.name ?? "";
      socket.send(replyWith(message, [{ name, type: "A", data: "192.0.2.10" }]), port, address);
    });
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    world.own(socket);
    expect(await ask({ address: "127.0.0.1", port: socket.address().port })).toEqual(["192.0.2.10"]);
  });
});

test("many questions share few sockets, whose ports change: a forger has both to guess", async () => {
  const ports = new Set<number>();
  let open = 0;
  let mostOpen = 0;
  const socket = createSocket("udp4");
  socket.on("message", (message, { port, address }) => {
    ports.add(port);
    mostOpen = Math.max(mostOpen, ++open);
    const name = decode(message).questions?.[0]?.name ?? "";
    setTimeout(() => {
      open--;
      socket.send(replyWith(message, [{ name, type: "A", data: "192.0.2.10" }]), port, address);
    }, 20);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  world.own(socket);
  const server = { address: "127.0.0.1", port: socket.address().port };
  const put = exchange({ timeout: 5_000, atOnce: 100 });
  const replies = await Promise.all(
    Array.from({ length: 640 }, (_, index) =>
      put(server, { name: `h${index}.example.com`, type: "A" }, true),
    ),
  );
  expect(new Set(replies.map(({ answers }) => (answers[0]?.name ?? "").toLowerCase())).size).toBe(640);
  expect(mostOpen).toBeLessThanOrEqual(100);
  expect(ports.size).toBeGreaterThanOrEqual(10);
  expect(ports.size).toBeLessThanOrEqual(30);
});

describe("what is no answer is an error, in time", () => {
  test.each<[Fault, unknown]>([
    ["silence", "ETIMEOUT"],
    ["garbage", "EBADRESP"],
    ["another question", "ETIMEOUT"],
    ["late", "ETIMEOUT"],
    ["truncated", "ECONNREFUSED"],
    ["SERVFAIL", { kind: "failed", code: "ESERVFAIL" }],
    ["REFUSED", { kind: "failed", code: "EREFUSED" }],
  ])("%s", async (fault, expected) => {
    const dns = world.own(await startFaultyDns(zonesOf(goodRecords), { "example.com": fault }));
    const [address = "", port = ""] = dns.server.split(":");
    expect(await ask({ address, port: Number(port) })).toEqual(expected);
  });

  test("nobody there", async () => {
    expect(await ask({ address: "127.0.0.1", port: 1 })).toBe("ECONNREFUSED");
  });

  test("a TCP server that closes without a word", async () => {
    const tcp = await world.tcpServer((socket) => socket.destroy());
    const udp = createSocket("udp4");
    udp.on("message", (message, { port, address }) =>
      udp.send(replyWith(message, [], 1 << 9), port, address),
    );
    udp.bind(tcp.port, "127.0.0.1");
    await once(udp, "listening");
    world.own(udp);
    expect(await ask(tcp)).toMatch(/^(EOF|ECONNRESET)$/);
  });

  test.each([["a".repeat(64)], [`${"a.".repeat(130)}com`], ["two..dots"]])(
    "a name that the DNS can't hold: %s",
    async (name) => {
      expect(await ask({ address: "127.0.0.1", port: 1 }, { name, type: "A" })).toBe("EBADNAME");
    },
  );
});

describe("a reply is read", () => {
  const cname = (name: string, data: string) => ({ name, type: "CNAME" as const, ttl: 60, data });
  const reply = {
    rcode: "NOERROR",
    authoritative: true,
    authentic: false,
    truncated: false,
    edns: true,
  } as const;

  test("along its aliases, with the shortest time to live", () => {
    const answers = [
      cname("okmail.example.com", "Alias.Example.COM"),
      { name: "alias.example.com", type: "A" as const, ttl: 7, data: "192.0.2.10" },
    ];
    expect(readReply(question, { ...reply, answers, authorities: [] })).toMatchObject({
      kind: "found",
      ttl: 7,
    });
  });

  test("as a failure where aliases go in a circle", () => {
    const answers = [
      cname("okmail.example.com", "a.example.com"),
      cname("a.example.com", "okmail.example.com"),
    ];
    expect(readReply(question, { ...reply, answers, authorities: [] })).toEqual({
      kind: "failed",
      code: "ESERVFAIL",
    });
  });

  test("up to an alias into another zone", () => {
    const answers = [cname("okmail.example.com", "mail.example.net")];
    expect(readReply(question, { ...reply, answers, authorities: [] })).toEqual({
      kind: "alias",
      target: "mail.example.net",
      ttl: 60,
    });
  });
});

/** The question's name in lower case: letters are 0x41 to 0x5a, and no length octet of these names is one. */
function lowerCased(reply: Buffer): Buffer {
  const copy = Buffer.from(reply);
  for (let offset = 12; copy[offset] !== 0; offset++) {
    const octet = copy.readUInt8(offset);
    if (octet >= 0x41 && octet <= 0x5a) copy.writeUInt8(octet | 0x20, offset);
  }
  return copy;
}
