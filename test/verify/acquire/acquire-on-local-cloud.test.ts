// `okmail acquire` as a process on the local cloud: its EC2 API over HTTP, its blocklist over DNS.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse, parseDocument } from "yaml";
import { addressPools } from "../../../local/aws/public-addresses.ts";
import { AWS_TYPES } from "../../../local/aws/types.ts";
import { list } from "../../../local/inbox.ts";
import { projectFolder } from "../../../local/stack.ts";
import { CloudStore } from "../../../local/store.ts";

const program = path.join(projectFolder, "verify", "okmail.ts");
const region = "eu-central-1";
const [ipam = "", byoip = ""] = addressPools(region).map(({ id }) => id);

describe("okmail acquire on the local cloud", { timeout: 120_000 }, () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "okmail-acquire-"));
    file = path.join(folder, "Pulumi.local.yaml");
    copyFileSync(path.join(projectFolder, "Pulumi.local.yaml"), file);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function acquire(...args: string[]) {
    const given = ["acquire", "--stack", "local", "--config-file", file, "--local-cloud", folder];
    const child = spawn(process.execPath, [program, ...given, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
  }

  function inCloud<T>(use: (store: CloudStore) => T): T {
    const store = CloudStore.open(path.join(folder, "cloud"));
    try {
      return use(store);
    } finally {
      store.close();
    }
  }
  const addresses = () =>
    inCloud((store) =>
      store.list(AWS_TYPES.eip).map(({ id, outputs }) => ({ id, address: outputs.publicIp })),
    );
  const blocklist = (...listed: string[]) =>
    inCloud((store) => listed.forEach((address) => list(store, address, "It sent what nobody asked for")));
  const addHosts = (...keys: string[]) => {
    const document = parseDocument(readFileSync(file, "utf8"));
    for (const key of keys) document.setIn(["config", "okmail:hosts", key], document.createNode({}));
    writeFileSync(file, document.toString());
  };
  const adopted = () => {
    const { config } = parse(readFileSync(file, "utf8")) as {
      config: { "okmail:hosts": Record<string, { allocationId?: string }> };
    };
    const own = addresses();
    return Object.values(config["okmail:hosts"]).map(
      ({ allocationId }) => own.find(({ id }) => id === allocationId)?.address,
    );
  };

  test("a listed address is released, remembered, and not drawn again", async () => {
    blocklist("192.0.2.10");
    const { code, output } = await acquire("--yes");
    expect([code, output]).toEqual([0, expect.stringContaining("The local cloud takes no money.")]);
    expect(output).toContain("192.0.2.10 is listed by dnsbl.okmail.internal: released");
    expect([addresses().map(({ address }) => address), adopted()]).toEqual([["192.0.2.11"], ["192.0.2.11"]]);
    const memory = JSON.parse(readFileSync(path.join(folder, "listed-addresses.json"), "utf8")) as {
      address: string;
    }[];
    expect(memory.map(({ address }) => address)).toEqual(["192.0.2.10"]);
  });

  test.each([
    ["an IPAM pool", ipam, 128],
    ["a brought network", byoip, 144],
  ])("hosts get addresses of %s that follow one another", async (_, pool, first) => {
    addHosts("one", "two", "three");
    blocklist(`192.0.2.${first + 1}`);
    const looked = await acquire("--pool", pool, "--contiguous", "--dry-run");
    expect([looked.code, addresses()]).toEqual([0, []]);
    const { code, output } = await acquire("--pool", pool, "--contiguous", "--yes");
    expect([code, output]).toEqual([0, expect.stringContaining(", following one another.")]);
    expect(adopted()).toEqual([2, 3, 4].map((offset) => `192.0.2.${first + offset}`));
    // What a pool has given is not given twice.
    addHosts("four");
    expect((await acquire("--pool", pool, "--yes")).code).toBe(0);
    expect(adopted()).toEqual([2, 3, 4, 0].map((offset) => `192.0.2.${first + offset}`));
  });

  test("nothing is allocated where the pool has no clean run", async () => {
    addHosts("one", "two", "three");
    blocklist("192.0.2.130", "192.0.2.133");
    const { code, output } = await acquire("--pool", ipam, "--contiguous", "--yes");
    expect([code, addresses()]).toEqual([1, []]);
    expect(output).toContain(`${ipam} has no 3 clean addresses in a row for one, two, three`);
  });

  test("nothing is allocated where the pool is too small, or isn't there", async () => {
    addHosts(...Array.from({ length: 9 }, (_, index) => `host${index}`));
    const larger = await acquire("--pool", ipam, "--contiguous", "--yes");
    expect([larger.code, addresses()]).toEqual([2, []]);
    expect(larger.output).toContain(`${ipam} has at most 8 free addresses in a row, and 9 are wanted`);
    const unknown = await acquire("--pool", "ipam-pool-00000000", "--yes");
    expect([unknown.code, unknown.output]).toEqual([
      2,
      expect.stringContaining("InvalidIpamPoolId.NotFound"),
    ]);
  });

  test("a local cloud that is in use is left alone", async () => {
    const store = CloudStore.open(path.join(folder, "cloud"));
    try {
      const { code, output } = await acquire("--yes");
      expect([code, output]).toEqual([
        2,
        expect.stringContaining(`The local cloud is in use by process ${process.pid}`),
      ]);
    } finally {
      store.close();
    }
  });
});
