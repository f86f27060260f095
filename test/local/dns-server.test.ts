import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { decode, encode } from "dns-packet";
import { afterEach, describe, expect, it, test } from "vitest";
import { blocklistZone } from "../../local/dns/blocklist.ts";
import { localResolver } from "../../local/dns/resolver.ts";
import { startDnsServer, type DnsServer, type DnsServerOptions } from "../../local/dns/server.ts";
import { indexZones, type Zones } from "../../local/dns/zone.ts";
import { records } from "./dns-records.ts";

const KEY = "k".repeat(200);
const ZONES = indexZones([
  {
    origin: "example.com",
    records: records(
      "mail.example.com A 192.0.2.10",
      "www.example.com CNAME mail.example.com",
      "example.com MX 10 mail.example.com",
      "example.com CAA 0 issue ca.example; a=b",
      "_25._tcp.mail.example.com TLSA 3 1 1 ab01",
      `big.example.com TXT ${Array.from({ length: 10 }, () => KEY).join("|")}`,
    ),
  },
  { origin: "2.0.192.in-addr.arpa", records: records("10.2.0.192.in-addr.arpa PTR mail.example.com") },
  blocklistZone("dnsbl.okmail.internal", [{ address: "192.0.2.66", reason: "Sends what nobody asked for" }]),
]);

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function start(zones: () => Zones = () => ZONES, options: DnsServerOptions = {}): Promise<DnsServer> {
  const server = await startDnsServer(zones, options);
  cleanUps.push(() => server.close());
  return server;
}

function resolverOf({ address, port }: DnsServer) {
  return localResolver([`${address}:${port}`]);
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

function question(id: number, name = "mail.example.com"): Buffer {
  return framed(encode({ id, questions: [{ name, type: "A" }] }));
}

async function dial({ address, port }: DnsServer): Promise<Socket> {
  const socket = connect({ host: address, port });
  cleanUps.push(() => Promise.resolve(socket.destroy()));
  await once(socket, "connect");
  return socket;
}

/** Reads until `count` messages are there. */
async function replies(socket: Socket, count: number): Promise<ReturnType<typeof decode>[]> {
  let octets = Buffer.alloc(0);
  const found: ReturnType<typeof decode>[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    octets = Buffer.concat([octets, chunk as Buffer]);
    while (octets.length >= 2 && octets.length >= 2 + octets.readUInt16BE(0)) {
      const end = 2 + octets.readUInt16BE(0);
      found.push(decode(octets.subarray(2, end)));
      octets = octets.subarray(end);
    }
    if (found.length >= count) break;
  }
  return found;
}

describe("Node's resolver", () => {
  it("reads every kind of record", async () => {
    const resolver = resolverOf(await start());
    await expect(resolver.resolve4("mail.example.com", { ttl: true })).resolves.toEqual([
      { address: "192.0.2.10", ttl: 300 },
    ]);
    await expect(resolver.resolve4("www.example.com")).resolves.toEqual(["192.0.2.10"]);
    await expect(resolver.resolveMx("example.com")).resolves.toEqual([
      { priority: 10, exchange: "mail.example.com", type: "MX" },
    ]);
    await expect(resolver.resolveCaa("example.com")).resolves.toEqual([
      { critical: 0, issue: "ca.example; a=b", type: "CAA" },
    ]);
    const [tlsa] = await resolver.resolveTlsa("_25._tcp.mail.example.com");
    expect(tlsa).toMatchObject({ certUsage: 3, selector: 1, match: 1 });
    expect(Buffer.from(tlsa?.data ?? new ArrayBuffer()).toString("hex")).toBe("ab01");
    await expect(resolver.reverse("192.0.2.10")).resolves.toEqual(["mail.example.com"]);
    await expect(resolver.resolveSoa("example.com")).resolves.toMatchObject({ nsname: "ns.okmail.internal" });
  });

  it("gets an answer too large for a datagram over TCP", async () => {
    const resolver = resolverOf(await start());
    await expect(resolver.resolveTxt("big.example.com")).resolves.toEqual([
      Array.from({ length: 10 }, () => KEY),
    ]);
  });

  test.each([
    ["mail.example.com", "MX", "ENODATA"],
    ["nobody.example.com", "A", "ENOTFOUND"],
    ["unknown.test", "A", "ENOTFOUND"],
    ["66.2.0.192.in-addr.arpa", "PTR", "ENOTFOUND"],
  ])("fails for %s %s with %s", async (name, type, code) => {
    await expect(resolverOf(await start()).resolve(name, type)).rejects.toMatchObject({ code });
  });

  it("sees a change of the zones at once", async () => {
    let zones = ZONES;
    const resolver = resolverOf(await start(() => zones));
    await expect(resolver.resolve4("mail.example.com")).resolves.toEqual(["192.0.2.10"]);
    zones = indexZones([{ origin: "example.com", records: records("mail.example.com A 192.0.2.99") }]);
    await expect(resolver.resolve4("mail.example.com")).resolves.toEqual(["192.0.2.99"]);
    zones = indexZones([]);
    await expect(resolver.resolve4("mail.example.com")).rejects.toMatchObject({ code: "ENOTFOUND" });
  });

  it("gives up on a silent server", async () => {
    const silent = createSocket("udp4").bind(0, "127.0.0.1");
    await once(silent, "listening");
    cleanUps.push(async () => {
      silent.close();
      await once(silent, "close");
    });
    const hasty = { timeout: 100, tries: 1 };
    const resolver = localResolver([`127.0.0.1:${silent.address().port}`], hasty);
    await expect(resolver.resolve4("a.test")).rejects.toMatchObject({ code: "ETIMEOUT" });
  });
});

describe("a blocklist zone (RFC 5782)", () => {
  test.each([
    ["2.0.0.127", ["127.0.0.2"], "This list's test entry"],
    ["66.2.0.192", ["127.0.0.2"], "Sends what nobody asked for"],
    [
      "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",
      ["127.0.0.2"],
      "This list's test entry",
    ],
  ])("lists %s", async (reversed, addresses, reason) => {
    const resolver = resolverOf(await start());
    await expect(resolver.resolve4(`${reversed}.dnsbl.okmail.internal`)).resolves.toEqual(addresses);
    await expect(resolver.resolveTxt(`${reversed}.dnsbl.okmail.internal`)).resolves.toEqual([[reason]]);
  });

  test.each(["1.0.0.127", "10.2.0.192", "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"])(
    "doesn't list %s",
    async (reversed) => {
      const resolver = resolverOf(await start());
      await expect(resolver.resolve4(`${reversed}.dnsbl.okmail.internal`)).rejects.toMatchObject({
        code: "ENOTFOUND",
      });
    },
  );
});

describe("the sockets", () => {
  it("listen on loopback only, UDP and TCP on one port", async () => {
    const server = await start();
    expect(server.address).toBe("127.0.0.1");
    const socket = await dial(server);
    expect(socket.remotePort).toBe(server.port);
    await expect(resolverOf(server).resolve4("mail.example.com")).resolves.toEqual(["192.0.2.10"]);
  });

  it("take another port where the one asked for is taken by TCP or UDP", async () => {
    const first = await start();
    const second = await start(() => ZONES, { port: first.port });
    expect(second.port).not.toBe(first.port);

    const foreign = createServer().listen(0, "127.0.0.1");
    await once(foreign, "listening");
    cleanUps.push(async () => {
      foreign.close();
      await once(foreign, "close");
    });
    const { port } = foreign.address() as AddressInfo;
    const third = await start(() => ZONES, { port });
    expect(third.port).not.toBe(port);
    await expect(resolverOf(third).resolve4("mail.example.com")).resolves.toEqual(["192.0.2.10"]);
  });

  it("take the port asked for where it is free", async () => {
    const first = await startDnsServer(() => ZONES);
    await first.close();
    expect((await start(() => ZONES, { port: first.port })).port).toBe(first.port);
  });

  it("answer queries that come in one piece, in their order", async () => {
    const socket = await dial(await start());
    socket.write(Buffer.concat([question(1), question(2, "nobody.example.com"), question(3)]));
    expect((await replies(socket, 3)).map((reply) => reply.id)).toEqual([1, 2, 3]);
  });

  it("answer a query that comes octet by octet", async () => {
    const socket = await dial(await start());
    socket.setNoDelay(true);
    for (const octet of question(7)) {
      socket.write(Buffer.from([octet]));
      await delay(1);
    }
    expect((await replies(socket, 1))[0]).toMatchObject({ id: 7, answers: [{ data: "192.0.2.10" }] });
  });

  it("answer all in order to a client that is slow to read", async () => {
    const socket = await dial(await start());
    const ids = Array.from({ length: 4000 }, (_, id) => id);
    const queries = ids.map((id) =>
      framed(encode({ id, questions: [{ name: "big.example.com", type: "TXT" }] })),
    );
    socket.write(Buffer.concat(queries));
    await delay(200);
    expect((await replies(socket, ids.length)).map((reply) => reply.id)).toEqual(ids);
  });

  it("live through garbage, over UDP and TCP", async () => {
    const server = await start();
    const udp = createSocket("udp4");
    for (let size = 0; size < 60; size++) udp.send(Buffer.alloc(size, 0x55), server.port, server.address);
    const socket = await dial(server);
    socket.write(Buffer.alloc(70_000, 0xff));
    socket.resetAndDestroy();
    await expect(resolverOf(server).resolve4("mail.example.com")).resolves.toEqual(["192.0.2.10"]);
    udp.close();
  });

  it("close a connection that stays idle, whatever part of a message it sent", async () => {
    const socket = await dial(await start(() => ZONES, { tcp: { idle: 100 } }));
    socket.write(question(1).subarray(0, 5));
    const started = Date.now();
    await once(socket, "close");
    expect(Date.now() - started).toBeLessThan(2000);
  });

  it("close a connection beyond the limit and serve those within", async () => {
    const server = await start(() => ZONES, { tcp: { connections: 2 } });
    await dial(server);
    const within = await dial(server);
    const beyond = await dial(server);
    beyond.resume();
    await once(beyond, "close");
    within.write(question(9));
    expect((await replies(within, 1))[0]?.id).toBe(9);
  });

  it("stop at once, with connections open", async () => {
    const server = await startDnsServer(() => ZONES);
    const socket = await dial(server);
    await server.close();
    await once(socket, "close");
    await expect(dial(server)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
