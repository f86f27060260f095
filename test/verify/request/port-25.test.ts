// Port 25 proved over real connections on loopback: servers that answer, refuse, hang, and one to which no packet gets through.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import { connectingTo, type Endpoint } from "../../../verify/endpoint.ts";
import { ownPublicAddresses } from "../../../verify/request/own-addresses.ts";
import { provePort25, type Proof, type ProveOptions } from "../../../verify/request/port-25.ts";
import { dnsZone, type Zone } from "../../helpers/dns-zone.ts";
import { address, goodSubject, helo, nowhere, World } from "../world.ts";

const world = new World();
afterEach(() => world.close());

const exchanger = { address: "198.51.100.25", port: 25 };
const zone: Zone = {
  "receiver.example.net": { MX: [{ exchange: "mx.receiver.example.net", priority: 10 }] },
  "mx.receiver.example.net": { A: [exchanger.address] },
  "example.com": { MX: [{ exchange: helo, priority: 10 }] },
  [helo]: { A: [address] },
};
const step = 300;

/** With servers in place of the exchanger and of the host. */
function prove(
  { out = nowhere(), into = nowhere() }: { readonly out?: Endpoint; readonly into?: Endpoint },
  options: Partial<ProveOptions> = {},
): Promise<Proof[]> {
  return provePort25(goodSubject, {
    resolver: dnsZone(zone),
    reach: connectingTo([
      [exchanger, out],
      [{ address, port: 25 }, into],
    ]),
    to: "receiver.example.net",
    ownAddresses: new Set([address]),
    limits: { step },
    ...options,
  });
}

const greets = (text: string) => world.tcpServer((socket) => socket.write(`${text}\r\n`));
const outcomes = (proofs: readonly Proof[]) =>
  proofs.map((one) => `${one.host} ${one.direction} ${one.outcome}`);

/**
 * A port that no packet gets through to, as where a firewall drops them: of a stopped process whose queue of connections is
 * full the system answers none (listen(2) of Linux).
 */
async function blackHole(): Promise<Endpoint> {
  const program = `require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const sockets: Socket[] = [];
  world.own({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const port = Number(line);
  child.kill("SIGSTOP");
  for (let connected = true; connected;) {
    const socket = connect({ host: "127.0.0.1", port }).on("error", () => undefined);
    sockets.push(socket);
    connected = await Promise.race([
      once(socket, "connect").then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, 500, false)),
    ]);
  }
  return { address: "127.0.0.1", port };
}

describe("on the host itself, the way out of port 25", () => {
  test.each([
    ["a banner", "220 mx.receiver.example.net ESMTP", "220 mx.receiver.example.net ESMTP"],
    // It has come through: what the exchanger thinks of the address is another matter.
    ["a refusal", "554 5.7.1 Service unavailable; blocked", "554 5.7.1 Service unavailable; blocked"],
  ])("is open by %s", async (_, banner, text) => {
    const [out, inbound] = await prove({ out: await greets(banner) });
    expect(out).toEqual({
      direction: "out",
      host: helo,
      address,
      outcome: "open",
      text: `mx.receiver.example.net (198.51.100.25) answers on port 25: ${text}.`,
      fix: null,
    });
    expect(inbound).toMatchObject({
      direction: "in",
      outcome: "unknown",
      text: expect.stringContaining("itself") as string,
    });
  });

  test.skipIf(process.platform !== "linux")(
    "is closed if nothing ever answers, and AWS's limit is named",
    async () => {
      const out = await blackHole();
      const began = performance.now();
      const [proof] = await prove({ out });
      expect(performance.now() - began).toBeLessThan(step + 2_000);
      expect(proof).toMatchObject({
        outcome: "closed",
        text: "Port 25 of mx.receiver.example.net (198.51.100.25) did not answer within 0.3 s.",
        fix: expect.stringContaining("That is how AWS limits port 25: send the request") as string,
      });
    },
  );

  test("is closed if the connection is refused, which is not AWS's way", async () => {
    const [proof] = await prove({});
    expect(proof).toMatchObject({
      outcome: "closed",
      fix: expect.stringContaining("AWS drops connections and refuses none") as string,
    });
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ["says nothing", () => undefined, "gave no whole reply within 0.3 s"],
    ["hangs up", (socket) => socket.destroy(), "was"],
    ["is a web server", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), "which is no SMTP reply"],
  ])("can't be told if what takes the connection %s", async (_, serve, text) => {
    const [proof] = await prove({ out: await world.tcpServer(serve) });
    expect(proof).toMatchObject({ outcome: "unknown", text: expect.stringContaining(text) as string });
    expect(proof?.text).toContain("took the connection to port 25, and then it");
  });

  test("is open if the second exchanger answers where the first does not", async () => {
    const second = { address: "198.51.100.26", port: 25 };
    const two: Zone = {
      ...zone,
      "receiver.example.net": {
        MX: [
          { exchange: "mx2.receiver.example.net", priority: 20 },
          { exchange: "mx.receiver.example.net", priority: 10 },
        ],
      },
      "mx2.receiver.example.net": { A: [second.address] },
    };
    const reach = connectingTo([[second, await greets("220 second")]], nowhere);
    const [proof] = await prove({}, { resolver: dnsZone(two), reach });
    expect(proof).toMatchObject({ outcome: "open", text: expect.stringContaining("mx2.receiver") as string });
  });

  test.each<[string, Zone, string]>([
    [
      "a domain without MX is asked itself",
      { "receiver.example.net": { A: [exchanger.address] } },
      "receiver.example.net (198.51.100.25) answers",
    ],
    [
      "a null MX is a domain that takes no mail",
      { "receiver.example.net": { MX: [{ exchange: "", priority: 0 }] } },
      "takes no mail: it has a null MX",
    ],
    [
      "a DNS that fails says nothing",
      { "receiver.example.net": "ESERVFAIL" },
      "are not known: the DNS look-up of receiver.example.net MX",
    ],
    ["an exchanger may have no address", { "mx.receiver.example.net": {} }, "has an IPv4 address"],
  ])("%s", async (_, change, text) => {
    const [proof] = await prove(
      { out: await greets("220 x") },
      { resolver: dnsZone({ ...zone, ...change }) },
    );
    expect(proof?.text).toContain(text);
  });

  test("sees nothing but QUIT sent", async () => {
    let said = "";
    const out = await world.tcpServer((socket) => {
      socket.on("data", (chunk) => (said += chunk.toString()));
      socket.write("220 mx ESMTP\r\n");
    });
    await prove({ out });
    await expect.poll(() => said).toBe("QUIT\r\n");
  });
});

describe("from another machine", () => {
  const elsewhere = { ownAddresses: new Set(["127.0.0.1"]) };

  test("the way in is open by a banner, and of the way out nothing is said", async () => {
    const proofs = await prove(
      { out: await greets("220 mx"), into: await greets(`220 ${helo} ESMTP`) },
      elsewhere,
    );
    expect(outcomes(proofs)).toEqual(["this machine out open", `${helo} out unknown`, `${helo} in open`]);
    expect(proofs[1]?.fix).toContain("sudo okmail status");
  });

  test("the way out is open if the host came to the probe, and can't be told if it did not", async () => {
    const servers = { out: await greets("220 mx"), into: await greets("220 x") };
    const came = await prove(servers, { ...elsewhere, heard: [{ address, name: helo }] });
    expect(came[1]).toMatchObject({
      outcome: "open",
      text: `${helo} came from ${address} to the probe here.`,
    });
    const silent = await prove(servers, { ...elsewhere, heard: [{ address: "192.0.2.99", name: helo }] });
    expect(silent[1]).toMatchObject({
      outcome: "unknown",
      text: expect.stringContaining("Nothing came") as string,
    });
  });

  test.skipIf(process.platform !== "linux")(
    "the way in is closed if nothing answers; where nothing gets out of here it can't be told",
    async () => {
      const hole = await blackHole();
      const closed = await prove({ out: await greets("220 mx"), into: hole }, elsewhere);
      expect(closed[2]).toMatchObject({
        outcome: "closed",
        fix: expect.stringContaining("security group") as string,
      });
      const unclear = await prove({ out: hole, into: hole }, elsewhere);
      expect(outcomes(unclear)).toEqual([
        "this machine out closed",
        `${helo} out unknown`,
        `${helo} in unknown`,
      ]);
    },
  );

  test.each<[string, (socket: Socket) => void, Proof["outcome"]]>([
    ["turns us away", (socket) => socket.write("554 no\r\n"), "open"],
    ["says nothing", () => undefined, "unknown"],
  ])("a host that %s", async (_, serve, outcome) => {
    const into = await world.tcpServer(serve);
    expect((await prove({ out: await greets("220 mx"), into }, elsewhere))[2]?.outcome).toBe(outcome);
  });

  test("a host that refuses has no mail server running", async () => {
    const proofs = await prove({ out: await greets("220 mx") }, elsewhere);
    expect(proofs[2]).toMatchObject({
      outcome: "closed",
      fix: expect.stringContaining("Start its mail server") as string,
    });
  });

  test("a host that takes no mail need not be reached", async () => {
    const away = { ...zone, "example.com": { MX: [{ exchange: "mx.example.net", priority: 10 }] } };
    const proofs = await prove({ out: await greets("220 mx") }, { ...elsewhere, resolver: dnsZone(away) });
    expect(proofs.map(({ direction }) => direction)).toEqual(["out", "out"]);
  });
});

describe("this machine", () => {
  const metadata = { address: "169.254.169.254", port: 80 };

  async function serveMetadata(version: "IMDSv2" | "none") {
    const server = createHttpServer((request, response) => {
      const { method, url, headers } = request;
      if (version === "none") response.writeHead(404).end();
      else if (
        method === "PUT" &&
        url === "/latest/api/token" &&
        headers["x-aws-ec2-metadata-token-ttl-seconds"] === "60"
      )
        response.end("secret");
      else if (url === "/latest/meta-data/public-ipv4" && headers["x-aws-ec2-metadata-token"] === "secret")
        response.end(address);
      else response.writeHead(401).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    world.own({ close: () => server.close() });
    const { port } = server.address() as AddressInfo;
    return connectingTo([[metadata, { address: "127.0.0.1", port }]], nowhere);
  }

  test("has the addresses of its interfaces, and on EC2 its public one", async () => {
    expect(await ownPublicAddresses(await serveMetadata("IMDSv2"))).toContain(address);
    const elsewhere = await ownPublicAddresses(await serveMetadata("none"));
    expect(elsewhere).toContain("127.0.0.1");
    expect(elsewhere).not.toContain(address);
    expect(await ownPublicAddresses(nowhere)).toContain("127.0.0.1");
  });
});
