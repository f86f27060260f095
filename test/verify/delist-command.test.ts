// `okmail delist` as a process: its exit codes, Ctrl-C, and that no key is in what it writes.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blocklistZone } from "../../local/dns/blocklist.ts";
import { startDnsServer, type DnsServer } from "../../local/dns/server.ts";
import { indexZones } from "../../local/dns/zone.ts";

const key = "abcdefghij0123456789klmnop";
const command = new URL("../../verify/delist-command.ts", import.meta.url).href;
const program = `const { delistCommand } = await import(${JSON.stringify(command)});
process.exitCode = await delistCommand(process.argv.slice(1));`;

let dns: DnsServer;
beforeAll(async () => {
  const listings = [{ address: "192.0.2.66", reason: "Sends what nobody asked for" }];
  const zones = indexZones([
    blocklistZone("one.test", listings),
    blocklistZone(`${key}.zen.dq.spamhaus.net`, listings),
  ]);
  dns = await startDnsServer(() => zones);
});
afterAll(() => dns.close());

function start(args: readonly string[]) {
  const servers = ["--name-server", `${dns.address}:${dns.port}`];
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, "--", ...args, ...servers], {
    env: { ...process.env, OKMAIL_SPAMHAUS_DQS_KEY: key },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  return { child, output: () => output, ended: once(child, "close").then(([code]) => code as number | null) };
}

test.each<[string, string[], number, RegExp]>([
  ["on no list", ["192.0.2.67", "--list", "one.test"], 0, /not known to be on any of 1 list\./],
  ["on a list", ["192.0.2.66", "--list", "one.test", "--no-watch"], 1, /is on 1 of 1 list\./],
  [
    "on a list that is asked with a key",
    ["192.0.2.66", "--list", "spamhaus-zen", "--no-watch"],
    1,
    /^zen\.dq\.spamhaus\.net \(Spamhaus ZEN\): 127\.0\.0\.2 SBL/m,
  ],
  ["on nobody knows what", ["192.0.2.66", "--list", "gone.test"], 2, /gone\.test did not say/],
  ["that is none", ["nowhere"], 64, /"nowhere" is neither an address nor a domain.*okmail delist ADDRESS/s],
  ["at a dead list", ["192.0.2.66", "--list", "dnsbl.sorbs.net"], 64, /SORBS/],
  [
    "at a list of another kind",
    ["192.0.2.66", "--list", "spamhaus-dbl"],
    64,
    /none of the lists is about 192/,
  ],
  [
    "and a zone with a key",
    ["192.0.2.66", "--list", `${key}.zen.dq.spamhaus.net`],
    64,
    /OKMAIL_SPAMHAUS_DQS_KEY/,
  ],
  ["and a question for help", ["--help"], 0, /^okmail delist ADDRESS/],
])("an address %s", async (_, args, code, text) => {
  const { output, ended } = start(args);
  expect(await ended).toBe(code);
  expect(output()).toMatch(text);
  expect(output()).not.toContain(key);
});

test("Ctrl-C ends the watch as the shell expects it", async () => {
  const { child, output, ended } = start(["192.0.2.66", "--list", "one.test"]);
  while (!output().includes("asked again in 15 min") && child.exitCode === null)
    await once(child.stdout, "data");
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(output()).toMatch(/Stopped\. okmail delist 192\.0\.2\.66 goes on from here\.\n$/);
});
