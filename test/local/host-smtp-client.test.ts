import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, expect, it, test } from "vitest";
import { ship, type Shipment } from "../../local/host/smtp-client.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A receiver that reads everything and says what it is told: first the greeting, then one reply for each line. */
async function receiver(
  ...replies: readonly string[]
): Promise<{ endpoint: Shipment["receiver"]; heard: () => string }> {
  let heard = "";
  const server = createServer((socket) => {
    const left = [...replies];
    const say = () => {
      const next = left.shift();
      if (next === undefined) socket.end();
      else socket.write(`${next}\r\n`);
    };
    socket.on("error", () => undefined);
    socket.setEncoding("latin1").on("data", (text: string) => {
      heard += text;
      say();
    });
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const { address, port } = server.address() as AddressInfo;
  return { endpoint: { address, port }, heard: () => heard };
}

const shipment = (endpoint: Shipment["receiver"], extra: Partial<Shipment> = {}): Shipment => ({
  receiver: endpoint,
  source: "192.0.2.10",
  helo: "okmail.example.com",
  mailFrom: "ada@example.com",
  recipients: ["bob@example.net"],
  content: Buffer.from("Subject: x\r\n\r\n.x\r\n"),
  patience: 500,
  ...extra,
});

test.each([
  ["192.0.2.10", "PROXY TCP4 192.0.2.10 203.0.113.25 49152 25\r\n"],
  ["2001:db8::1", "PROXY TCP6 2001:db8::1 2001:db8:113::25 49152 25\r\n"],
  [undefined, "PROXY UNKNOWN\r\n"],
])("says first that it comes from %s", async (source, header) => {
  const { endpoint, heard } = await receiver("554 no");
  await ship(shipment(endpoint, { source }));
  expect(heard().startsWith(header)).toBe(true);
});

it("says nothing of where it comes from on a connection that shows it", async () => {
  let heard = "";
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.setEncoding("latin1").on("data", (text: string) => (heard += text));
    socket.write("554 5.7.1 go away\r\n");
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sources: unknown[] = [];
  const dial = async (source: string | undefined) => {
    sources.push(source);
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  };
  expect(await ship(shipment({ dial }))).toMatchObject({ accepted: false, stage: "CONN", code: 554 });
  expect(sources).toEqual(["192.0.2.10"]);
  expect(heard).not.toContain("PROXY");

  const nowhere = () => Promise.reject(new Error("no route to host"));
  expect(await ship(shipment({ dial: nowhere }))).toMatchObject({ code: 0, reply: "no route to host" });
});

test.each([
  ["at the greeting", ["554 5.7.1 go away"], { stage: "CONN", code: 554, status: "5.7.1" }],
  ["at MAIL FROM", ["220 x", "250 x", "451 4.3.0 later"], { stage: "MAIL FROM", code: 451, status: "4.3.0" }],
  ["at RCPT TO", ["220 x", "250 x", "250 ok", "550 no such user"], { stage: "RCPT TO", code: 550 }],
  [
    "at DATA",
    ["220 x", "250 x", "250 ok", "250 ok", "554 5.5.1 no"],
    { stage: "DATA", code: 554, status: "5.5.1" },
  ],
  [
    "after the message",
    ["220 x", "250 x", "250 ok", "250 ok", "354 go", "550 5.7.26 no"],
    { stage: "DATA", code: 550, status: "5.7.26" },
  ],
])("tells the reply of a refusal %s", async (_, replies, expected) => {
  const { endpoint } = await receiver(...replies);
  const receipt = await ship(shipment(endpoint));
  expect(receipt).toMatchObject({ accepted: false, ...expected });
  expect(receipt.reply).toBe(replies.at(-1));
  expect("status" in receipt).toBe("status" in expected);
});

it("takes a receiver at its word that accepts", async () => {
  const { endpoint, heard } = await receiver(
    "220 x",
    "250 x",
    "250 ok",
    "250 ok",
    "354 go",
    "250 2.0.0 Ok: queued as 4F2A",
    "221 bye",
  );
  const receipt = await ship(shipment(endpoint));
  expect(receipt).toMatchObject({
    accepted: true,
    stage: "DATA",
    code: 250,
    status: "2.0.0",
    queueId: "4F2A",
  });
  expect(receipt.dialogue).toContain("C: EHLO okmail.example.com");
  // A line that begins with a dot gets another one (RFC 5321 section 4.5.2).
  expect(heard()).toContain("\r\n\r\n..x\r\n.\r\n");
});

it("says what is wrong where there is no reply", async () => {
  const silent = await receiver();
  expect(await ship(shipment(silent.endpoint))).toMatchObject({ accepted: false, stage: "CONN", code: 0 });
  const [server] = servers;
  server?.close();
  const gone = await ship(shipment({ ...silent.endpoint, port: 1 }));
  expect(gone).toMatchObject({ accepted: false, stage: "CONN", code: 0 });
  expect(gone.reply).toMatch(/ECONNREFUSED/);
});
