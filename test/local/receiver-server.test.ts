import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it, test } from "vitest";
import { selfSigned } from "../../local/receiver/certificate.ts";
import type { DialogueLine } from "../../local/receiver/dialogue.ts";
import type { Receiver, ReceiverOptions } from "../../local/receiver/receiver.ts";
import { ADDRESS, MESSAGE, openLab, type Lab } from "./receiver-lab.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function open(options: Partial<ReceiverOptions> = {}): Promise<Lab> {
  const lab = await openLab(options);
  cleanUps.push(() => lab.close());
  return lab;
}

const PROXY = `PROXY TCP4 ${ADDRESS} 203.0.113.25 49152 25\r\n`;

/** A client that says exactly what it is told. */
async function dial({ address, port }: Receiver): Promise<{
  socket: Socket;
  heard: () => string;
  ended: Promise<unknown>;
  until: (text: string) => Promise<void>;
}> {
  const socket = connect({ host: address, port });
  socket.on("error", () => undefined);
  cleanUps.push(() => socket.destroy());
  let heard = "";
  socket.setEncoding("utf8").on("data", (text: string) => (heard += text));
  const ended = once(socket, "close");
  await once(socket, "connect");
  const until = async (text: string) => {
    while (!heard.includes(text)) {
      const more = once(socket, "data");
      await Promise.race([more, ended]);
      if (socket.closed && !heard.includes(text)) throw new Error(`closed without ${text}: ${heard}`);
    }
  };
  return { socket, heard: () => heard, ended, until };
}

describe("the receiver's socket", () => {
  it("listens on loopback only", async () => expect((await open()).receiver.address).toBe("127.0.0.1"));

  it("is another where the port asked for is taken", async () => {
    const { port } = (await open()).receiver;
    const { receiver } = await open({ port });
    expect(receiver.port).not.toBe(port);
    const client = await dial(receiver);
    client.socket.write(PROXY);
    await client.until("220 mx.inbox.okmail.internal");
  });

  it("closes with sessions open", async () => {
    const lab = await openLab();
    const client = await dial(lab.receiver);
    client.socket.write(PROXY);
    await client.until("220 ");
    await lab.close();
    await client.ended;
  });
});

describe("the PROXY header", () => {
  test.each([
    ["is missing", "EHLO okmail.example.com\r\n"],
    ["names no address", "PROXY TCP4 okmail.example.com 203.0.113.25 1 25\r\n"],
    ["is cut short", "PROXY TCP4 192.0.2.10\r\n"],
    ["never ends", "x".repeat(5000)],
  ])("closes the connection where it %s", async (_, line) => {
    const client = await dial((await open()).receiver);
    client.socket.write(line);
    await client.ended;
    expect(client.heard()).not.toContain("220 ");
  });
});

describe("the certificate", () => {
  it("is a self-signed one for the receiver's name, for both ends of STARTTLS to agree on", async () => {
    const { cert } = selfSigned("mx.inbox.okmail.internal");
    const certificate = new X509Certificate(cert);
    expect(certificate.checkHost("mx.inbox.okmail.internal")).toBe("mx.inbox.okmail.internal");
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkIssued(certificate)).toBe(true);
    expect(new Date(certificate.validFrom).getTime()).toBeLessThan(Date.now());
    expect(new Date(certificate.validTo).getTime()).toBeGreaterThan(Date.now() + 20 * 86_400_000);
    expect(new X509Certificate(selfSigned("mx.inbox.okmail.internal").cert).serialNumber).not.toBe(
      certificate.serialNumber,
    );

    const client = await dial((await open()).receiver);
    client.socket.write(PROXY);
    await client.until("220 ");
    client.socket.write("EHLO okmail.example.com\r\n");
    await client.until("STARTTLS");
    client.socket.write("STARTTLS\r\n");
    await client.until("220 Ready");
    client.socket.removeAllListeners("data");
    const secure = connectTls({ socket: client.socket, rejectUnauthorized: false });
    await once(secure, "secureConnect");
    expect(secure.getPeerX509Certificate()?.subject).toBe("CN=mx.inbox.okmail.internal");
  });
});

describe("a client beyond the limits", () => {
  const greeted = async (options: Partial<ReceiverOptions>) => {
    const client = await dial((await open(options)).receiver);
    client.socket.write(PROXY);
    await client.until("220 ");
    return client;
  };

  it("is told that its message is too large, announced or not", async () => {
    const lab = await open({ limits: { size: 10_000 } });
    const large = `${MESSAGE}${`${"x".repeat(70)}\r\n`.repeat(200)}`;
    expect(await lab.play({ message: large })).toMatchObject({ accepted: false });

    const client = await dial(lab.receiver);
    client.socket.write(PROXY);
    await client.until("220 ");
    client.socket.write(
      "EHLO okmail.example.com\r\nMAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@inbox.okmail.internal>\r\nDATA\r\n",
    );
    await client.until("354 ");
    client.socket.write(`${large}\r\n.\r\n`);
    await client.until("552 ");
    expect(lab.receiver.messages).toEqual([]);
  });

  it("is closed after a command line too long", async () => {
    const client = await greeted({});
    client.socket.write(`EHLO ${"x".repeat(5000)}\r\n`);
    await client.ended;
    expect(client.heard()).toContain("421 ");
  });

  it("is closed when idle", async () => {
    const client = await greeted({ limits: { idle: 200 } });
    await client.ended;
    expect(client.heard()).toContain("421 ");
  });

  it("is closed when its session lasts too long, however busy", async () => {
    const client = await greeted({ limits: { session: 400 } });
    const busy = setInterval(() => client.socket.write("NOOP\r\n"), 50);
    await client.ended;
    clearInterval(busy);
  });

  it("is turned away when there are too many", async () => {
    const lab = await open({ limits: { connections: 1 } });
    const first = await dial(lab.receiver);
    first.socket.write(PROXY);
    await first.until("220 ");
    const second = await dial(lab.receiver);
    second.socket.write(PROXY);
    await second.ended;
    expect(second.heard()).toContain("421 ");
    first.socket.write("NOOP\r\n");
    await first.until("250 ");
  });

  it("may not have more recipients than that", async () => {
    const lab = await open({ limits: { recipients: 2 } });
    const recipients = ["a", "b", "c"].map((local) => `${local}@inbox.okmail.internal`);
    const receipt = await lab.play({ shipment: { recipients } });
    expect(receipt.dialogue).toContain("S: 452 Error: too many recipients");
    expect(lab.receiver.messages.at(-1)?.recipients).toEqual(recipients.slice(0, 2));
    // Several recipients aren't told of each other.
    expect(lab.receiver.messages.at(-1)?.content.toString()).not.toContain("\tfor <");
  });
});

describe("a client that knows no manners", () => {
  it("doesn't end the server, pipelining garbage", async () => {
    const lab = await open();
    const client = await dial(lab.receiver);
    client.socket.write(PROXY);
    await client.until("220 ");
    client.socket.write(
      "RCPT TO:<>\r\nDATA\r\nWIZ\r\nSHELL\r\nKILL\r\nXCLIENT ADDR=1.2.3.4\r\nAUTH PLAIN AAAA\r\n\0\xff\r\n".repeat(
        20,
      ),
    );
    await client.ended;
    expect(client.heard()).not.toMatch(/^2(50|35)/m);
    expect(await lab.play({})).toMatchObject({ accepted: true });
  });

  it("doesn't end the server, going away in the middle of a message", async () => {
    const lab = await open();
    await lab.play({});
    const client = await dial(lab.receiver);
    client.socket.write(PROXY);
    await client.until("220 ");
    client.socket.write(
      "EHLO okmail.example.com\r\nMAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@inbox.okmail.internal>\r\nDATA\r\n",
    );
    await client.until("354 ");
    client.socket.write(MESSAGE);
    client.socket.resetAndDestroy();
    await client.ended;
    expect(await lab.play({})).toMatchObject({ accepted: true });
    expect(lab.receiver.messages).toHaveLength(2);
    expect(lab.receiver.attempts.map(({ outcome }) => outcome)).toEqual([
      "accepted",
      "unfinished",
      "accepted",
    ]);
  });

  it("gets no one else's verdict: each MAIL FROM is judged anew", async () => {
    const lab = await open();
    await lab.play({});
    const client = await dial(lab.receiver);
    client.socket.write(PROXY);
    await client.until("220 ");
    client.socket.write(
      "EHLO okmail.example.com\r\nMAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@inbox.okmail.internal>\r\n",
    );
    await client.until("250 Accepted");
    client.socket.write("RSET\r\nMAIL FROM:<ada@example.org>\r\nRCPT TO:<bob@inbox.okmail.internal>\r\n");
    await client.until("550 5.1.8 ");
    client.socket.write(
      "EHLO okmail\r\nMAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@inbox.okmail.internal>\r\n",
    );
    await client.until("504 5.5.2 ");
  });
});

describe("what is kept", () => {
  it("lies in a Maildir too, whole", async () => {
    const maildir = mkdtempSync(join(tmpdir(), "okmail-"));
    cleanUps.push(() => rmSync(maildir, { recursive: true }));
    const lab = await open({ maildir });
    const { queueId } = await lab.play({});
    const names = readdirSync(join(maildir, "new"));
    expect(names).toEqual([expect.stringContaining(queueId ?? "")]);
    expect(readdirSync(join(maildir, "tmp"))).toEqual([]);
    const message = lab.receiver.messages.at(-1);
    expect(message?.path).toBe(join(maildir, "new", names[0] ?? ""));
    expect(readFileSync(message?.path ?? "")).toEqual(message?.content);
  });

  it("is told to listeners and, line by line, to the trace", async () => {
    const lines: DialogueLine[] = [];
    const lab = await open({ trace: (line) => lines.push(line) });
    const heard: string[] = [];
    const stop = lab.receiver.onMessage(({ queueId }) => heard.push(queueId));
    const { queueId } = await lab.play({});
    stop();
    await lab.play({});
    expect(heard).toEqual([queueId]);
    expect(lines.filter(({ from }) => from === "client").map(({ line }) => line)).toContain(
      "MAIL FROM:<ada@example.com>",
    );
  });
});
