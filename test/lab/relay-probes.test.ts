import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { relayProbes, runProbe, type RelayProbe } from "./relay-probes.ts";
import { submissionProbes } from "./submission-probes.ts";
import type { SmtpPort } from "./smtp-dialogue.ts";

const target = {
  domain: "example.com",
  helo: "okmail.example.com",
  address: "192.0.2.10",
  stranger: { localPart: "victim", domain: "example.net" },
};
const probes = relayProbes(target);

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

/** A server on loopback that answers by the first word of each command; "" ends the connection. */
async function answering(replies: Readonly<Record<string, string>>): Promise<SmtpPort & { heard: string[] }> {
  const heard: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.write(`${replies.greeting ?? "220 test"}\r\n`);
    socket.on("data", (data) => {
      for (const line of data.toString().trimEnd().split("\r\n")) {
        heard.push(line);
        const reply = replies[line.split(" ", 1)[0] ?? ""] ?? "250 ok";
        if (reply === "") socket.end();
        else socket.write(`${reply}\r\n`);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: "127.0.0.1", port: (server.address() as AddressInfo).port, tls: "none", heard };
}

describe("the relay probes", () => {
  it("are at least 25, all different", () => {
    const said = probes.map(({ helo, mailFrom, rcptTo }) => `${helo} ${mailFrom} ${rcptTo}`);
    expect(new Set(said).size).toBe(probes.length);
    expect(new Set(probes.map(({ title }) => title)).size).toBe(probes.length);
    expect(probes.length).toBeGreaterThanOrEqual(25);
  });

  it("all name the stranger, whose mail a closed relay takes from nobody", () => {
    for (const { title, rcptTo } of probes) expect(rcptTo, title).toMatch(/victim/i);
  });

  it("cover the null sender, the domain's own, percent hacks, bang paths, source routes and quotes", () => {
    const sender = (text: string) => probes.some(({ mailFrom }) => mailFrom === text);
    expect(sender("<>") && sender("<probe@example.com>")).toBe(true);
    for (const shape of [/victim%/, /!victim/, /<@[^:]+:victim/, /<"victim/, /victim@example\.net@/])
      expect(probes.some(({ rcptTo }) => shape.test(rcptTo))).toBe(true);
  });
});

describe("runProbe", () => {
  const [probe] = probes as [RelayProbe];

  it("says what the probe says, as it stands, and sends no message", async () => {
    for (const each of probes) {
      const server = await answering({});
      expect((await runProbe(server, each)).accepted, each.title).toBe(true);
      expect(server.heard, each.title).toEqual([
        `EHLO ${each.helo}`,
        `MAIL FROM:${each.mailFrom}`,
        `RCPT TO:${each.rcptTo}`,
      ]);
    }
  });

  it.each([
    ["CONNECT", { greeting: "554 no" }, 554],
    ["EHLO", { EHLO: "550 no" }, 550],
    ["MAIL", { MAIL: "530 no" }, 530],
    ["RCPT", { RCPT: "554 no" }, 554],
    ["RCPT", { RCPT: "450-wait\r\n450 more" }, 450],
    ["MAIL", { MAIL: "" }, 0],
  ] as const)("tells that %s was refused: %j", async (stage, replies, code) => {
    const outcome = await runProbe(await answering(replies), probe);
    expect(outcome).toMatchObject({ accepted: false, stage, reply: { code } });
  });

  it("takes a server that is to be forwarded to for one that accepts", async () => {
    const outcome = await runProbe(await answering({ RCPT: "251 will forward" }), probe);
    expect(outcome.accepted).toBe(true);
  });

  it("fails without STARTTLS where it is to be used, rather than to call that refused", async () => {
    const server = { ...(await answering({ STARTTLS: "454 no" })), tls: "starttls" } as const;
    await expect(runProbe(server, probe)).rejects.toThrow("no STARTTLS");
  });
});

it("the submission probes differ in title, and are refused and accepted", () => {
  const all = submissionProbes("example.com", "okmail.example.com");
  expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
  expect(new Set(all.map(({ verdict }) => verdict))).toEqual(new Set(["accepted", "refused"]));
});
