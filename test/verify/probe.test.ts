// The probe: what a host says in HELO when it sends, heard over real SMTP.

import { connect } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { ship } from "../../local/host/smtp-client.ts";
import { startProbe, type SentHelo } from "../../verify/probe.ts";
import { address, findingsOf, helo, World } from "./world.ts";

const world = new World();
afterEach(() => world.close());

const listen = { address: "127.0.0.1", port: 0 };

async function probe(awaited = ["127.0.0.1"], timeout = 5_000) {
  return world.own(await startProbe({ listen, awaited, timeout }));
}

describe("the probe", () => {
  test("hears the name and the address of a host that sends, and takes no message", async () => {
    const server = await probe();
    const socket = connect(server.port, "127.0.0.1");
    let said = "";
    socket.on("data", (chunk) => (said += String(chunk)));
    socket.write(
      "EHLO okmail.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nQUIT\r\n",
    );
    expect(await server.heard).toEqual([{ address: "127.0.0.1", name: "okmail.example.com" }]);
    await once(socket, "close");
    expect(said.match(/^\d{3}/gm)).toEqual(["220", "250", "250", "450", "221"]);
  });

  test("refuses a mail server's message for now, so that it is kept and sent elsewhere", async () => {
    const server = await probe(["192.0.2.10"]);
    const receipt = await ship({
      receiver: server,
      source: undefined,
      helo,
      mailFrom: "a@example.com",
      recipients: ["b@example.org"],
      content: Buffer.from("Subject: test\r\n\r\ntest\r\n"),
      starttls: false,
      patience: 1_000,
    });
    expect([receipt.accepted, receipt.code]).toEqual([false, 450]);
  });

  test("ends in time when nobody comes", async () => {
    expect(await (await probe(["192.0.2.10"], 100)).heard).toEqual([]);
  });

  test("drops who sends a line without end", async () => {
    const server = await probe();
    const socket = connect(server.port, "127.0.0.1");
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => undefined);
    socket.on("data", () => undefined);
    socket.write("x".repeat(100_000));
    await closed;
  });
});

describe("what is heard", () => {
  const after = (...sent: SentHelo[]) =>
    world.verify({ options: { sent: Promise.resolve(sent), connect: false } });

  test("agrees when it is the HELO name from the sending address", async () => {
    const report = await after({ address, name: "OKMAIL.example.com" });
    expect(findingsOf(report, "helo-sent")).toEqual([expect.objectContaining({ outcome: "agrees" })]);
    expect(report.unchecked).not.toContainEqual(expect.stringContaining("--probe"));
  });

  test("disagrees when it is another name", async () => {
    const report = await after({ address, name: "ip-10-0-0-1.ec2.internal" });
    expect(findingsOf(report, "helo-sent")).toEqual([
      expect.objectContaining({
        outcome: "disagrees",
        severity: "mandatory",
        fix: "Set smtp_helo_name of the host to okmail.example.com.",
      }),
    ]);
  });

  test("disagrees when the host leaves by another address, such as a NAT gateway's or its IPv6 address", async () => {
    const report = await after({ address: "2001:db8::66", name: helo });
    expect(findingsOf(report, "helo-sent").map(({ outcome }) => outcome)).toEqual([
      "disagrees",
      "undetermined",
    ]);
  });

  test("is undetermined when nothing came", async () => {
    expect(findingsOf(await after(), "helo-sent")).toEqual([
      expect.objectContaining({ outcome: "undetermined", severity: "mandatory" }),
    ]);
  });
});
