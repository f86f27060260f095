// The fragments in BIND itself: named-checkzone reads them, named serves them, and dig and nslookup answer as announced.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { projectFolder } from "../../../local/stack.ts";
import { quoteTxt } from "../../../mail/txt.ts";
import { runCommand } from "../../../toolchain/command.ts";
import { handChecks, handCheckText } from "../../../verify/zone/zone-commands.ts";
import { reverseFragment, zoneFragment } from "../../../verify/zone/zone-file.ts";
import { zoneRecordsOf } from "../../../verify/zone/zone-records.ts";
import { freePort } from "../../helpers/free-port.ts";
import { outputs } from "./zone-fixtures.ts";

const runs = (program: string, option = "-v") => spawnSync(program, [option]).status === 0;
const canCheck = runs("named-checkzone");
const canServe = canCheck && runs("named") && runs("dig");
if (!canCheck) console.warn("SKIPPED: named-checkzone doesn't read the fragments; install bind9-utils.");
if (!canServe) console.warn("SKIPPED: BIND doesn't serve the fragments; install bind9 and bind9-dnsutils.");

const records = zoneRecordsOf(outputs);
// Text that a zone file could spoil: quotes, escapes, comments, line ends, octets that are no ASCII.
const texts = fc.sample(
  fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 700 }),
    fc.string({ unit: fc.constantFrom('"', "\\", ";", "0", "ü", "\n", "$", "@", "("), maxLength: 700 }),
  ),
  { numRuns: 60, seed: 7 },
);
const spoiling = texts.map((text, index) => ({
  name: `t${index}.example.com`,
  type: "TXT",
  content: quoteTxt(text),
}));
const all = { ...records, forward: [...records.forward, ...spoiling] };

const start = (name: string) =>
  `${name}. 300 IN SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 300\n${name}. 300 IN NS ns.example.net.\n`;
const zones = {
  "example.com": start("example.com") + zoneFragment(all, 300),
  "2.0.192.in-addr.arpa": start("2.0.192.in-addr.arpa") + reverseFragment(all, 300),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "okmail-zone-"));
  for (const [name, text] of Object.entries(zones)) writeFileSync(path.join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(!canCheck).each(Object.keys(zones))("named-checkzone finds no fault in %s", (name) => {
  const check = spawnSync("named-checkzone", ["-i", "local", name, path.join(folder, name)], {
    encoding: "utf8",
  });
  expect(check.stdout + check.stderr).toMatch(/^zone \S+: loaded serial 1\nOK\n$/);
  expect(check.status).toBe(0);
});

describe.skipIf(!canServe)("BIND with the fragments", { timeout: 60_000 }, () => {
  let port: number;
  let server: ReturnType<typeof spawn>;

  beforeAll(async () => {
    port = await freePort();
    const configuration = path.join(folder, "named.conf");
    writeFileSync(configuration, bindConfiguration(port));
    server = spawn("named", ["-g", "-c", configuration], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    server.stderr?.setEncoding("utf8").on("data", (text: string) => (log += text));
    await vi.waitFor(() => expect(log).toContain("running"), { timeout: 20_000 });
  });
  afterAll(async () => {
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
  });

  test("answers each dig as announced, and each nslookup with the same in it", async () => {
    const checks = handChecks(records, { address: "127.0.0.1", port });
    for (const { dig, nslookup, expected } of checks) {
      const [asked, looked] = await Promise.all([runShell(dig), runShell(nslookup)]);
      expect(asked.stdout.trimEnd().split("\n").toSorted(), dig).toEqual(expected.toSorted());
      for (const answer of expected) expect(looked.stdout, nslookup).toContain(answer);
    }
  });

  test("serves every text octet for octet", async () => {
    for (const [index, text] of texts.entries()) {
      const answer = await runShell(`dig +short +tcp @127.0.0.1 -p ${port} TXT t${index}.example.com`);
      const served = Array.from(answer.stdout.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, string = ""]) =>
        unescaped(string),
      );
      expect(Buffer.concat(served).toString()).toBe(text);
    }
  });

  test("is what okmail zone --commands asks, as a shell script", async () => {
    const file = path.join(folder, "outputs.json");
    writeFileSync(file, JSON.stringify(outputs));
    const okmail = (...args: string[]) =>
      runCommand(process.execPath, [
        path.join(projectFolder, "verify", "okmail.ts"),
        "zone",
        "--outputs",
        file,
        ...args,
      ]);
    const forward = await okmail();
    expect([forward.code, forward.stdout]).toEqual([0, zoneFragment(records, 300)]);
    const reverse = await okmail("--reverse", "--ttl", "60");
    expect([reverse.code, reverse.stdout]).toEqual([0, reverseFragment(records, 60)]);
    const commands = await okmail("--commands", "--server", `127.0.0.1:${port}`);
    expect(commands.stdout).toBe(handCheckText(handChecks(records, { address: "127.0.0.1", port })));
    const { code, stdout } = await runShell(commands.stdout);
    expect(code).toBe(0);
    expect(stdout).toContain("mail exchanger = 10 okmail2.example.com.");
    const wrong = await okmail("--ttl", "soon");
    expect([wrong.code, wrong.stderr]).toEqual([64, expect.stringContaining('--ttl is "soon"')]);
  });

  function bindConfiguration(at: number): string {
    return `options {
  directory "${folder}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port ${at} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; notify no;
};
controls { };
${Object.keys(zones)
  .map((name) => `zone "${name}" { type primary; file "${name}"; };`)
  .join("\n")}
`;
  }
});

function runShell(script: string) {
  return runCommand("sh", ["-c", script]);
}

function unescaped(string: string): Buffer {
  const octets = Array.from(string.matchAll(/\\(\d{3})|\\(.)|(.)/g), ([, number, other, plain]) =>
    number === undefined ? (other ?? plain ?? "").charCodeAt(0) : Number(number),
  );
  return Buffer.from(octets);
}
