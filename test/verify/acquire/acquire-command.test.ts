// `okmail acquire` as a process: the EC2 API by moto server over HTTP, the blocklist over DNS, all on loopback.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AllocateAddressCommand, DescribeAddressesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { decode } from "dns-packet";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { blocklistZone } from "../../../local/dns/blocklist.ts";
import { respond } from "../../../local/dns/respond.ts";
import { serveDns, type DnsServer } from "../../../local/dns/server.ts";
import { indexZones } from "../../../local/dns/zone.ts";
import { projectFolder } from "../../../local/stack.ts";
import { WriterLock } from "../../../local/store/writer-lock.ts";
import { startCommand, type RunningCommand } from "../../../toolchain/command.ts";
import { freePort } from "../../helpers/free-port.ts";

const hasMoto = spawnSync("moto_server", ["--help"]).status === 0;
if (!hasMoto)
  console.warn("SKIPPED: okmail acquire is not tested against EC2's API; install moto[server] of PyPI.");

const program = path.join(projectFolder, "verify", "okmail.ts");
const region = "eu-central-1";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
/** What `acquire` tries the list with. */
const nobodys = "192.0.2.1";

describe.skipIf(!hasMoto)("okmail acquire", { timeout: 120_000 }, () => {
  let moto: RunningCommand;
  let endpoint: string;
  let ec2: EC2Client;
  let dns: DnsServer;
  /** Addresses asked about, in order; the first `listedFirst` of them are listed, from `silentFrom` on nothing is answered. */
  let asked: string[];
  let listedFirst: number;
  let silentFrom: number;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    const port = await freePort();
    endpoint = `http://127.0.0.1:${port}`;
    moto = startCommand("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { keepOutput: false });
    ec2 = new EC2Client({ endpoint, region, credentials });
    await vi.waitFor(async () => expect((await fetch(`${endpoint}/moto-api/`)).status).toBe(200), {
      timeout: 30_000,
      interval: 200,
    });
    dns = await serveDns((message, transport) => {
      const name = (decode(message).questions?.[0]?.name ?? "").toLowerCase();
      const address = name.split(".").slice(0, 4).reverse().join(".");
      const draws = name.endsWith(".one.test") && !["127.0.0.1", "127.0.0.2", nobodys].includes(address);
      if (draws && !asked.includes(address)) asked.push(address);
      if (draws && asked.indexOf(address) >= silentFrom) return undefined;
      const listings = asked.slice(0, listedFirst).map((one) => ({ address: one, reason: "Sent spam" }));
      return respond(indexZones([blocklistZone("one.test", listings)]), message, transport);
    });
  });
  afterAll(async () => {
    ec2.destroy();
    await dns.close();
    moto.kill("SIGKILL");
    await moto.ended;
  });

  beforeEach(async () => {
    await fetch(`${endpoint}/moto-api/reset`, { method: "POST" });
    [asked, listedFirst, silentFrom] = [[], 0, Infinity];
    folder = mkdtempSync(path.join(tmpdir(), "okmail-acquire-"));
    file = path.join(folder, "Pulumi.prod.yaml");
    writeFileSync(
      file,
      `config:\n  # where\n  aws:region: ${region}\n  okmail:hosts:\n    okmail: {}\n    okmail2: {}\n`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function start(...args: string[]) {
    const given = [
      ...["--stack", "prod", "--config-file", file, "--memory", path.join(folder, "listed.json")],
      ...["--endpoint", endpoint, "--list", "one.test", "--name-server", `${dns.address}:${dns.port}`],
    ];
    const child = spawn(process.execPath, [program, "acquire", ...given, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
    return { child, ended };
  }
  const addresses = async () => (await ec2.send(new DescribeAddressesCommand())).Addresses ?? [];
  const hostsInFile = () =>
    (
      parse(readFileSync(file, "utf8")) as {
        config: { "okmail:hosts": Record<string, { allocationId?: string }> };
      }
    ).config["okmail:hosts"];

  test("gives each host a clean address, releases listed ones, and says the price before", async () => {
    listedFirst = 3;
    const { code, output } = await start("--yes").ended;
    expect(output).toContain("2 Elastic IPs for okmail, okmail2 of the stack prod, in eu-central-1.");
    expect(output).toMatch(/\$0\.005 an hour .* \$7\.30 together[\s\S]*is listed by one\.test: released/);
    expect(code).toBe(0);
    const kept = await addresses();
    expect(kept.map(({ PublicIp }) => PublicIp).toSorted()).toEqual(asked.slice(3).toSorted());
    const tags = kept.map(({ Tags = [] }) =>
      Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value] as const)),
    );
    expect(tags.toSorted((a, b) => ((a["okmail:host"] ?? "") < (b["okmail:host"] ?? "") ? -1 : 1))).toEqual(
      ["okmail", "okmail2"].map((host) => ({
        "okmail:acquired": "prod",
        "okmail:acquire-state": "clean",
        "okmail:host": host,
      })),
    );
    const ids = Object.values(hostsInFile()).map(({ allocationId }) => allocationId);
    expect(ids.toSorted()).toEqual(kept.map(({ AllocationId }) => AllocationId).toSorted());
    expect(readFileSync(file, "utf8")).toContain("# where");
    const remembered = JSON.parse(readFileSync(path.join(folder, "listed.json"), "utf8")) as {
      address: string;
    }[];
    expect(remembered.map(({ address }) => address)).toEqual(asked.slice(0, 3));

    const again = await start("--yes").ended;
    expect([again.code, (await addresses()).length]).toEqual([0, 2]);
    expect(again.output).toContain("adopts an address already");
  });

  test("ends with 1 when the tries are used up, and keeps nothing", async () => {
    listedFirst = Infinity;
    const { code, output } = await start("--yes", "--tries", "3", "--host", "okmail2").ended;
    expect([code, asked.length, await addresses()]).toEqual([1, 3, []]);
    expect(output).toContain("No clean address for okmail2 after 3 tries.");
    expect(hostsInFile()).toEqual({ okmail: {}, okmail2: {} });
  });

  test("changes nothing in a dry run", async () => {
    const { code, output } = await start("--dry-run").ended;
    expect([code, await addresses(), existsSync(path.join(folder, "listed.json"))]).toEqual([0, [], false]);
    expect(output).toContain("AWS and the blocklists answer. Nothing was changed.");
  });

  test("allocates nothing while nobody can tell clean from listed", async () => {
    const { code, output } = await start("--yes", "--list", "gone.test").ended;
    expect([code, await addresses()]).toEqual([2, []]);
    expect(output).toContain("Blocklists do not answer, so no address could be called clean. gone.test:");
  });

  test("a list that falls silent ends it with 2; what is clean already stays written", async () => {
    silentFrom = 1;
    const { code, output } = await start("--yes").ended;
    expect(output).toContain(`Nobody can say whether ${asked[1]} is clean.`);
    expect(code).toBe(2);
    const [kept, ...more] = await addresses();
    expect([kept?.PublicIp, more]).toEqual([asked[0], []]);
    expect(hostsInFile()).toEqual({ okmail: { allocationId: kept?.AllocationId }, okmail2: {} });
  });

  test("Ctrl-C releases the candidate", async () => {
    silentFrom = 0;
    const { child, ended } = start("--yes");
    await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 20_000 });
    child.kill("SIGINT");
    const began = performance.now();
    const { code, output } = await ended;
    // The look-up takes longer.
    expect(performance.now() - began).toBeLessThan(4_000);
    expect([code, await addresses()]).toEqual([130, []]);
    expect(output).toContain("Stopped. okmail acquire goes on from here.");
  });

  test("killed outright, the next run finds what it left and takes it", async () => {
    silentFrom = 0;
    const { child, ended } = start("--yes");
    await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 20_000 });
    child.kill("SIGKILL");
    await ended;
    const [left] = await addresses();
    expect(left?.PublicIp).toBe(asked[0]);
    silentFrom = Infinity;
    const foreign = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
    expect((await start("--yes").ended).code).toBe(0);
    expect(hostsInFile().okmail).toEqual({ allocationId: left?.AllocationId });
    const ids = (await addresses()).map(({ AllocationId }) => AllocationId);
    expect(ids).toHaveLength(3);
    expect(ids).toContain(foreign.AllocationId);
  });

  test("while another one is at work on the stack it says so, takes nothing, and may look", async () => {
    const lock = WriterLock.acquire(path.join(folder, ".Pulumi.prod.yaml.acquire"));
    const { code, output } = await start("--yes").ended;
    expect([code, await addresses()]).toEqual([2, []]);
    expect(output).toContain(`The stack prod is in use by process ${process.pid}`);
    expect((await start("--dry-run").ended).code).toBe(0);
    lock.release();
    expect((await start("--yes").ended).code).toBe(0);
    expect(readdirSync(folder)).toEqual(["Pulumi.prod.yaml"]);
  });

  test.each([
    ["ipam-pool-00000000", "For a block of Amazon's own it charges since the block was provisioned"],
    ["ipv4pool-ec2-00000000", "AWS takes nothing for addresses that you brought along."],
  ])("says the price of %s before, and ends with 2 if AWS knows none", async (pool, price) => {
    const { code, output } = await start("--yes", "--pool", pool, "--contiguous").ended;
    expect(output).toContain(`in eu-central-1 from ${pool}, following one another.`);
    expect(output).toContain(price);
    expect([code, await addresses()]).toEqual([2, []]);
  });

  test("two started at once take no address too many, and leave the configuration whole", async () => {
    const runs = await Promise.all([start("--yes").ended, start("--yes").ended]);
    expect(runs.map(({ code }) => code)).toContain(0);
    expect(await addresses()).toHaveLength(2);
    expect(new Set(Object.values(hostsInFile()).map(({ allocationId }) => allocationId)).size).toBe(2);
  });

  test("a lock that a killed run has left is taken over", async () => {
    silentFrom = 0;
    const { child, ended } = start("--yes");
    await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 20_000 });
    child.kill("SIGKILL");
    await ended;
    expect(readdirSync(folder)).toContain(".Pulumi.prod.yaml.acquire");
    silentFrom = Infinity;
    expect((await start("--yes").ended).code).toBe(0);
    expect(readdirSync(folder)).not.toContain(".Pulumi.prod.yaml.acquire");
  });

  test.each([
    [["--tries", "0"], '--tries is "0"'],
    [["--host", "mail"], "--host mail is none of okmail, okmail2; add it to okmail:hosts"],
    [["--region", "Frankfurt"], 'the Region is "Frankfurt"'],
    [["--pool", "mine"], '--pool is "mine"'],
    [["--contiguous"], "--contiguous needs --pool"],
    [["--local-cloud", "x"], "--local-cloud and --endpoint are both given"],
    [["--endpoint", "localhost"], '--endpoint is "localhost"'],
    [["--list", "dnsbl.sorbs.net"], "SORBS"],
    [["--config-file", "/nowhere/Pulumi.prod.yaml"], "can't be read (ENOENT)"],
    [[], "nobody is there to be asked; add --yes"],
  ])("ends with 64 for %j", async (args, message) => {
    const { code, output } = await start(...args).ended;
    expect([code, output]).toEqual([64, expect.stringContaining(message)]);
    expect(await addresses()).toEqual([]);
  });
});
