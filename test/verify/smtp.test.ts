// Mail servers that misbehave at each step, over real sockets on loopback: a visit always ends in time, with a finding.

import type { Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { visit, type Visit } from "../../verify/smtp/visit.ts";
import { address, certificate, complaints, findingsOf, helo, World } from "./world.ts";

const world = new World();
afterEach(() => world.close());

const step = 200;
const probes = [{ from: "a@example.org", to: "b@example.net" }];

/** What a server says to each command, by its first word; "" is the banner. Undefined: nothing, for ever. */
type Script = Readonly<Record<string, string | ((socket: Socket) => void) | undefined>>;

const good: Script = {
  "": `220 ${helo} ESMTP`,
  EHLO: `250-${helo}\r\n250 STARTTLS`,
  STARTTLS: "220 go on",
  MAIL: "250 ok",
  RCPT: "550 no",
  RSET: "250 ok",
};

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

async function visitTo(script: Script): Promise<Visit> {
  const endpoint = await world.tcpServer(follow({ ...good, ...script }));
  const began = performance.now();
  const seen = await visit(endpoint, { name: helo, relayProbes: probes, limits: { step } });
  expect(performance.now() - began).toBeLessThan(2 * step + 1_000);
  return seen;
}

/** A line every few milliseconds, none of them the last. */
const tarpit = (line: string) => (socket: Socket) => {
  const timer = setInterval(() => socket.write(line), 10);
  socket.on("close", () => clearInterval(timer));
};
const megabyte = (socket: Socket) => socket.write(`250-${"x".repeat(1_000_000)}\r\n`);
const drop = (socket: Socket) => socket.destroy();
const noTls = { EHLO: `250 ${helo}` };

describe("a server ends a visit with the reason and the step", () => {
  test.each<[string, Script, [stage: string, kind: string]]>([
    ["that says nothing", { "": undefined }, ["banner", "timed out"]],
    ["that hangs at EHLO", { EHLO: undefined }, ["EHLO", "timed out"]],
    ["that hangs at STARTTLS", { STARTTLS: undefined }, ["STARTTLS", "timed out"]],
    ["that hangs in the TLS handshake", {}, ["TLS", "timed out"]],
    ["that hangs at MAIL", { ...noTls, MAIL: undefined }, ["MAIL", "timed out"]],
    ["that hangs at RCPT", { ...noTls, RCPT: undefined }, ["RCPT", "timed out"]],
    ["that hangs at RSET", { ...noTls, RSET: undefined }, ["RSET", "timed out"]],
    ["that is a tarpit", { "": tarpit("220-wait\r\n") }, ["banner", "timed out"]],
    ["that is a tarpit octet by octet", { EHLO: tarpit("2") }, ["EHLO", "timed out"]],
    [
      "that never ends its reply",
      { EHLO: (socket) => socket.write("250-more\r\n".repeat(500)) },
      ["EHLO", "too long"],
    ],
    ["that sends a line of a megabyte", { EHLO: megabyte }, ["EHLO", "too long"]],
    [
      "that sends a megabyte without a line",
      { "": (socket) => socket.write("2".repeat(1_000_000)) },
      ["banner", "too long"],
    ],
    ["that drops the connection", { "": drop }, ["banner", "closed"]],
    ["that drops it at EHLO", { EHLO: drop }, ["EHLO", "closed"]],
    ["that drops it at STARTTLS", { STARTTLS: drop }, ["STARTTLS", "closed"]],
    ["that speaks no TLS after STARTTLS", { STARTTLS: "220 go on\r\nnonsense" }, ["TLS", "timed out"]],
    ["that is a web server", { "": "HTTP/1.1 400 Bad Request" }, ["banner", "not SMTP"]],
    ["that leaves early", { "": (socket) => socket.end(`220 ${helo}\r\n`) }, ["EHLO", "closed"]],
  ])("%s", async (_, script, [stage, kind]) => {
    const { fault } = await visitTo(script);
    expect([fault?.stage, fault?.kind]).toEqual([stage, kind]);
  });

  test("where nobody listens", async () => {
    const seen = await visit({ address: "127.0.0.1", port: 1 }, { name: helo, relayProbes: [] });
    expect([seen.fault?.stage, seen.fault?.kind]).toEqual(["connect", "refused"]);
  });
});

describe("a visit", () => {
  test("never gets as far as DATA, and asks once for each envelope", async () => {
    const said: string[] = [];
    const endpoint = await world.mailServer({
      disabledCommands: ["STARTTLS"],
      onData: (stream, _, done) => {
        said.push("DATA");
        stream.resume();
        done();
      },
      onRcptTo: ({ address: to }, _, done) => {
        said.push(to);
        done();
      },
    });
    const seen = await visit(endpoint, { name: helo, relayProbes: probes, limits: { step } });
    expect(said).toEqual(["b@example.net"]);
    expect(seen.relay.map(({ reply }) => reply.code)).toEqual([250]);
    expect(seen.offersTls).toBe(false);
  });

  test("tells a valid certificate from one that others don't know, and from another host's", async () => {
    const endpoint = await world.mailServer();
    const options = { relayProbes: [], limits: { step: 2_000 } };
    const trusted = { ...options, authorities: [certificate.cert] };
    const faults = await Promise.all(
      [
        visit(endpoint, { ...trusted, name: helo }),
        visit(endpoint, { ...options, name: helo }),
        visit(endpoint, { ...trusted, name: "other.example.com" }),
      ].map(async (one) => (await one).encryption?.fault),
    );
    expect(faults).toEqual([undefined, "is signed by itself", "is not for the name other.example.com"]);
  });

  test("meets a server that knows only what nobody ought to use any more", async () => {
    const mail = await world.mailServer({
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT:@SECLEVEL=0",
    });
    const report = await world.verify({ mail });
    expect(findingsOf(report, "starttls-works")).toEqual([
      expect.objectContaining({
        outcome: "disagrees",
        fix: `Set smtpd_tls_protocols of ${helo} to >=TLSv1.2.`,
        message: expect.stringContaining("the session is TLSv1.1") as string,
      }),
    ]);
  });

  test("forgets what is said in clear after STARTTLS, so that nobody can answer for the server", async () => {
    const endpoint = await world.tcpServer((socket) =>
      follow({
        ...good,
        STARTTLS: (plain) => {
          plain.removeAllListeners("data");
          plain.write("220 go on\r\n250 injected\r\n", () => {
            const secure = new TLSSocket(plain, {
              isServer: true,
              secureContext: createSecureContext(certificate),
            });
            secure.on("error", () => undefined);
            follow({ ...good, "": undefined })(secure);
          });
        },
      })(socket),
    );
    const seen = await visit(endpoint, { name: helo, relayProbes: probes, limits: { step: 2_000 } });
    expect(seen.fault).toBe(undefined);
    // With the injected reply taken for one, each later reply would be taken for that of the next command.
    expect(seen.relay.map(({ reply }) => reply.code)).toEqual([550]);
  });
});

describe("each fault is a finding", () => {
  const quick = { smtpLimits: { step } };

  test.each<[string, Script, string[]]>([
    ["a banner that never comes", { "": undefined }, ["mx-answers refused"]],
    ["a refusing banner", { "": "554 go away" }, ["mx-answers refused"]],
    ["an EHLO that is refused", { EHLO: "550 go away" }, ["mx-answers refused"]],
    ["no STARTTLS", noTls, ["mta-sts-agrees refused", "starttls-works remark"]],
    ["a drop at STARTTLS", { STARTTLS: drop }, ["mta-sts-agrees refused", "starttls-works remark"]],
    ["a hang in TLS", {}, ["mta-sts-agrees refused", "starttls-works remark"]],
    ["an open relay", { ...noTls, RCPT: "250 ok" }, Array<string>(4).fill("relay-is-closed refused")],
    ["another name in the banner", { ...noTls, "": "220 ip-10-0-0-1 ESMTP" }, ["banner-names-host remark"]],
  ])("%s", async (_, script, expected) => {
    const mail = await world.tcpServer(follow({ ...good, ...script }));
    const report = await world.verify({ mail, options: quick });
    expect(complaints(report)).toEqual(expect.arrayContaining(expected));
  });

  test("an IPv6 exchanger that this machine has no way to is no fault of the sender", async () => {
    const report = await world.verify({
      records: {
        "example.com MX": [`10 ${helo}`, "20 six.example.com"],
        "six.example.com AAAA": ["2001:db8::25"],
      },
      web: await world.webServer(`version: STSv1\nmode: testing\nmx: *.example.com\nmax_age: 604800\n`),
      options: {
        reach: (at, port) =>
          // TCP has no way to a broadcast address on any machine, and nothing is sent.
          at === "2001:db8::25" ? { address: "255.255.255.255", port } : { address: "127.0.0.1", port: 1 },
      },
    });
    const six = findingsOf(report, "mx-answers").find(({ subject }) => subject.address === "2001:db8::25");
    expect(six).toMatchObject({ outcome: "undetermined", severity: "advisory" });
  });

  test("an open relay says which envelope it took, and what to set", async () => {
    const mail = await world.mailServer({ onRcptTo: (_, __, done) => done() });
    const report = await world.verify({ mail });
    const [first] = findingsOf(report, "relay-is-closed");
    expect(report.verdict).toBe("refused");
    expect(first).toMatchObject({
      message: `${helo} (${address}) takes mail from <okmail-relay-probe@example.org> for <okmail-relay-probe@example.net>: it is an open relay.`,
      fix: expect.stringContaining("reject_unauth_destination") as string,
    });
  });
});
