// `okmail request` as people run it: a process of its own, over real DNS and real connections on loopback.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { projectFolder } from "../../../local/stack.ts";
import { runCommand } from "../../../toolchain/command.ts";
import { endpointText, type Endpoint } from "../../../verify/endpoint.ts";
import { readRequestArguments } from "../../../verify/request/request-arguments.ts";
import type { Proof } from "../../../verify/request/port-25.ts";
import type { EmailRequest } from "../../../verify/request/request.ts";
import { freePort } from "../../helpers/free-port.ts";
import { address, goodRecords, helo, World } from "../world.ts";

const world = new World();
const folders: string[] = [];
afterEach(async () => {
  await world.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const program = path.join(projectFolder, "verify", "okmail.ts");
/** Where a connection is refused: in place of the metadata of EC2, which no test may ask. */
const noMetadata = ["--connect-to", "169.254.169.254:80=127.0.0.1:1"];

async function request(...args: string[]) {
  const { code, stdout, stderr } = await runCommand(process.execPath, [program, "request", ...args], {});
  return { code, stdout, stderr };
}

const records = {
  ...goodRecords,
  "example.org MX": ["10 mx.example.org"],
  "mx.example.org A": ["198.51.100.25"],
};

async function described() {
  const dns = await world.dns(records);
  return [
    ...["--domain", "example.com", "--address", address, "--helo", helo, "--selector", "s1"],
    ...["--resolver", endpointText(dns)],
  ];
}

/** The outputs of the good stack, and its configuration. */
function stackFiles(): { outputs: string; config: string } {
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-request-"));
  folders.push(folder);
  const [outputs, config] = [path.join(folder, "outputs.json"), path.join(folder, "Pulumi.prod.yaml")];
  const key = goodRecords["s1._domainkey.example.com TXT"][0] ?? "";
  writeFileSync(
    outputs,
    JSON.stringify({
      domain: "example.com",
      hosts: [{ helo, address, allocationId: "eipalloc-0a1b2c3d4e5f60718" }],
      records: [
        {
          name: "s1._domainkey.example.com",
          type: "TXT",
          content: `"${key.slice(0, 250)}" "${key.slice(250)}"`,
        },
      ],
    }),
  );
  writeFileSync(
    config,
    "config:\n  aws:region: eu-central-1\n  okmail:domain: example.com\n" +
      "  okmail:zoneId: 023e105f4ecef8ad9ca31a8372d0c353\n  okmail:submission: { users: [app], messagesPerHour: 90 }\n",
  );
  return { outputs, config };
}

describe("okmail request", { timeout: 120_000 }, () => {
  test("of a stack is complete with two values given, as text and as JSON", async () => {
    const { outputs, config } = stackFiles();
    const dns = await world.dns(records);
    const given = [
      ...["--outputs", outputs, "--config-file", config, "--resolver", endpointText(dns)],
      ...["--email", "ops@example.com", "--use-case", "Receipts"],
    ];
    const text = await request(...given);
    expect([text.code, text.stdout]).toEqual([0, expect.stringContaining(`| ${address} | ${helo} | set |`)]);
    expect(text.stdout).toContain("Each is limited to 90 messages an hour");
    expect(text.stdout).not.toContain("Still missing");
    const json = await request(...given, "--json");
    const { version, region, addresses, missing } = JSON.parse(json.stdout) as EmailRequest;
    expect({ version, region, addresses, missing }).toEqual({
      version: 1,
      region: "eu-central-1",
      addresses: [{ address, reverseDns: helo, presentReverseDns: [helo] }],
      missing: [],
    });
  });

  test("of any mail server names what it can't know, and ends with 1", async () => {
    const { code, stdout } = await request(...(await described()));
    expect(code).toBe(1);
    expect(stdout).toMatch(/## Still missing\n\n- the address that AWS answers to: --email/);
  });

  test("--prove from elsewhere shows the way in, and says that it can't see the way out", async () => {
    const banner = (text: string) => world.tcpServer((socket) => socket.write(`220 ${text}\r\n`));
    const instead = (from: string, to: Endpoint) => ["--connect-to", `${from}:25=${endpointText(to)}`];
    const servers = [
      ...instead("198.51.100.25", await banner("mx.example.org")),
      ...instead(address, await banner(helo)),
    ];
    const given = [...(await described()), "--prove", "--to", "example.org", ...noMetadata];
    const { code, stdout } = await request(...given, ...servers);
    expect(code).toBe(2);
    expect(stdout).toContain(
      "✓ this machine, out: mx.example.org (198.51.100.25) answers on port 25: 220 mx.example.org.",
    );
    expect(stdout).toContain(`✓ ${helo}, in: ${helo} (${address}) answers on port 25: 220 ${helo}.`);
    expect(stdout).toContain(`? ${helo}, out: This machine is not ${helo}`);

    const refused = instead(address, { address: "127.0.0.1", port: 1 });
    const json = await request(...given, ...servers.slice(0, 2), ...refused, "--json");
    expect(json.code).toBe(1);
    const { version, proofs } = JSON.parse(json.stdout) as { version: number; proofs: Proof[] };
    expect([version, proofs.map(({ outcome }) => outcome)]).toEqual([1, ["open", "unknown", "closed"]]);
  });

  // Only Linux has all of 127.0.0.0/8 to connect from.
  test.skipIf(process.platform !== "linux")(
    "--prove --probe shows the way out by what comes in",
    async () => {
      const host = "127.0.0.2";
      const dns = await world.dns({ ...records, "example.com MX": ["10 mx.example.org"] });
      const out = await world.tcpServer((socket) => socket.write("220 mx.example.org\r\n"));
      const port = await freePort();
      const ended = request(
        ...["--domain", "example.com", "--address", host, "--helo", helo, "--prove", "--to", "example.org"],
        ...["--resolver", endpointText(dns), "--probe", `127.0.0.1:${port}`, "--time-limit", "100s"],
        ...["--connect-to", `198.51.100.25:25=${endpointText(out)}`, ...noMetadata],
      );
      const timer = setInterval(() => {
        const socket = connect({ host: "127.0.0.1", port, localAddress: host });
        socket.on("error", () => undefined).on("connect", () => socket.end(`EHLO ${helo}\r\n`));
      }, 500);
      world.own({ close: () => clearInterval(timer) });
      const { code, stdout } = await ended;
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining(`✓ ${helo}, out: ${helo} came from ${host} to the probe here.`),
      ]);
    },
  );

  test("ends with 64 for a wrong command line", async () => {
    const { code, stdout, stderr } = await request("--outputs", "/nowhere/outputs.json");
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toContain("--outputs /nowhere/outputs.json can't be read (ENOENT)");
    expect(stderr).toContain("okmail request --help says more.");
  });

  test("that is asked for help says its options", async () => {
    const { code, stdout } = await request("--help");
    expect([code, stdout]).toEqual([0, expect.stringContaining("--use-case TEXT")]);
  });
});

describe("the command line after request", () => {
  const described = ["--domain", "example.com", "--address", address, "--helo", helo];

  test.each([
    [[], "nobody says what to verify"],
    [["--domain", "example.com"], "--address is missing"],
    [["--outputs", "x", "--to", "example.org"], "they go with --prove"],
    [["--outputs", "x", "--probe", ":25"], "they go with --prove"],
    [["--outputs", "x", "--prove", "--probe", "25"], '--probe is "25"'],
    [["--outputs", "x", "--prove", "--to", "-"], '--to is "-"'],
    [["--outputs", "x", "--email", "me"], '--email is "me"'],
    [["--outputs", "x", "--account", "1"], '--account is "1"'],
    [["--outputs", "x", "--region", "here"], '--region is "here"'],
    [["--outputs", "x", "--time-limit", "1"], '--time-limit is "1"'],
  ])("%j is refused with what to write", (args, message) => {
    expect(() => readRequestArguments(args)).toThrow(message);
  });

  test.each([
    [["--stack", "acme/okmail/prod"], path.join(projectFolder, "Pulumi.prod.yaml")],
    [["--stack", "prod", "--config-file", "x.yaml"], "x.yaml"],
    [["--outputs", "x"], undefined],
    [described, undefined],
  ])("%j is about the configuration %s", (args, file) => {
    expect(readRequestArguments(args).configFile).toBe(file);
  });

  test("leaves out what is blank", () => {
    const blank = readRequestArguments([
      ...described,
      "--use-case",
      " ",
      "--measure",
      "",
      "--measure",
      " a ",
    ]);
    expect([blank.useCase, blank.measures]).toEqual([undefined, ["a"]]);
  });
});
