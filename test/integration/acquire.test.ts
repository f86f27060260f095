// From a clean address to a host that sends from it: okmail acquire draws it in the local cloud, pulumi up adopts it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { BLOCKLIST } from "../../local/inbox.ts";
import { projectFolder } from "../../local/stack.ts";
import { readStackHosts } from "../../verify/acquire/stack-hosts.ts";
import { openTestStack, removeFolder, type TestStack } from "./local-stack.ts";

describe("okmail acquire and the stack", () => {
  let opened: TestStack;
  beforeAll(async () => {
    opened = await openTestStack();
  });
  afterAll(async () => {
    await opened.close();
    removeFolder(opened.folder);
  });

  /** As a person runs it while the local cloud is up: by the endpoint and the credentials that it has. */
  async function acquire(...args: string[]) {
    const { configFile, folder, session } = opened;
    const { ec2, plane } = session.cloud;
    const { accessKeyId, secretAccessKey, sessionToken } = ec2.credentials();
    const given = [
      ...["acquire", "--stack", "local", "--config-file", configFile, "--endpoint", ec2.url],
      ...["--list", BLOCKLIST, "--name-server", `${plane.dns.address}:${plane.dns.port}`],
      ...["--memory", path.join(folder, "listed.json")],
    ];
    const program = path.join(projectFolder, "verify", "okmail.ts");
    const child = spawn(process.execPath, [program, ...given, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
      },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
  }

  it("releases the listed address, and the stack adopts the clean one with its A, PTR and SPF", async () => {
    const { configFile, session } = opened;
    const { plane, store } = session.cloud;
    plane.list("192.0.2.10", "Its last owner sent what nobody asked for");

    const { code, output } = await acquire("--yes");
    expect([code, output]).toEqual([0, expect.stringContaining("192.0.2.10 is listed")]);
    const allocationId = (await readStackHosts(configFile)).hosts.get("okmail");
    expect(store.list(AWS_TYPES.eip).map(({ id, outputs }) => [id, outputs.publicIp])).toEqual([
      [allocationId, "192.0.2.11"],
    ]);

    const up = await session.stack.up();
    expect([up.errors, up.succeeded]).toEqual([[], true]);
    expect(up.outputs.hosts).toMatchObject([{ allocationId, address: "192.0.2.11" }]);
    // No other one was allocated.
    expect(store.list(AWS_TYPES.eip).map(({ id }) => id)).toEqual([allocationId]);
    expect(await plane.resolver.resolve4("okmail.example.com")).toEqual(["192.0.2.11"]);
    expect(await plane.resolver.reverse("192.0.2.11")).toEqual(["okmail.example.com"]);
    const texts = (await plane.resolver.resolveTxt("example.com")).map((strings) => strings.join(""));
    expect(texts).toContain("v=spf1 ip4:192.0.2.11 -all");
  });

  it("then has nothing to do, and never releases what the stack uses", async () => {
    const { code, output } = await acquire("--yes");
    expect([code, output]).toEqual([0, expect.stringContaining("adopts an address already")]);
    expect(opened.session.cloud.store.list(AWS_TYPES.eip)).toHaveLength(1);
  });

  it("draws no address twice that was listed, for a second host", async () => {
    const { configFile, session } = opened;
    const { plane, store } = session.cloud;
    const known = (await readStackHosts(configFile)).hosts.get("okmail");
    opened.set("okmail:hosts", { okmail: { allocationId: known }, okmail2: {} });
    plane.list("192.0.2.12", "So did the last owner of this one");
    expect((await acquire("--yes")).code).toBe(0);
    const addresses = store.list(AWS_TYPES.eip).map(({ outputs }) => outputs.publicIp);
    expect(addresses).toEqual(["192.0.2.11", "192.0.2.13"]);

    const up = await session.stack.up();
    expect([up.errors, up.succeeded]).toEqual([[], true]);
    const texts = (await plane.resolver.resolveTxt("example.com")).map((strings) => strings.join(""));
    expect(texts).toContain("v=spf1 ip4:192.0.2.11 ip4:192.0.2.13 -all");
  });
});
