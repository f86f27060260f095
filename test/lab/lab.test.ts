import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLab, type Lab, type LabHost } from "../../local/lab/lab.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { projectFolder } from "../../local/stack.ts";
import { lines } from "../../toolchain/lines.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, the lab: ${hindrance}`);

const ADDRESS = "203.0.113.77";

/**
 * What of a lab a machine could have left: processes in its namespaces, control groups, loop devices of its files,
 * mounts.
 */
function remains(
  { pid, cgroups }: Pick<Lab, "pid" | "cgroups">,
  namespaces: readonly string[],
  files: readonly string[],
) {
  const processes = readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && namespacesOf(Number(name)).some((link) => namespaces.includes(link)),
  );
  const loops = spawnSync("losetup", ["--list", "--noheadings", "--output", "BACK-FILE"]).stdout.toString();
  return {
    first: existsSync(`/proc/${pid}`),
    processes,
    cgroups: cgroups.filter((group) => existsSync(group)),
    loops: files.filter((file) => loops.includes(file)),
    mounts: readFileSync("/proc/self/mountinfo", "utf8").includes("/run/lab/"),
  };
}

const NOTHING = { first: false, processes: [], cgroups: [], loops: [], mounts: false };

function namespacesOf(pid: number): string[] {
  return ["mnt", "net", "pid", "ipc", "uts"].flatMap((kind) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/${kind}`)];
    } catch {
      return [];
    }
  });
}

/** The lab's own namespaces, which aren't this process's. */
function ownNamespaces({ pid }: Pick<Lab, "pid">): string[] {
  const ours = namespacesOf(process.pid);
  return namespacesOf(pid).filter((link) => !ours.includes(link));
}

describe.skipIf(hindrance !== undefined)("a lab", () => {
  let lab: Lab;
  let host: LabHost;

  beforeAll(async () => {
    lab = await openLab({ report: () => undefined });
    host = await lab.host("host", { address: ADDRESS, packages: [] });
  });
  afterAll(() => lab.close());

  test("has namespaces of its own, and no way out", async () => {
    expect(ownNamespaces(lab)).toHaveLength(5);
    expect(await lab.check(["ip", "route", "show", "default"])).toBe("");
    const unreachable = await host.run(["ping", "-c", "1", "-W", "1", "198.51.100.1"]);
    expect(unreachable.code).not.toBe(0);
  });

  test("runs commands with input, output and exit code", async () => {
    const { code, stdout, stderr } = await lab.run(["sh", "-c", "cat; echo oh >&2; exit 3"], { input: "in" });
    expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: "in", stderr: "oh\n" });
    await expect(host.check(["sh", "-c", "echo why >&2; exit 1"])).rejects.toThrow(/exit code 1.*why/);
  });

  test("has hosts with files of their own, which are there to read and to write from outside", async () => {
    writeFileSync(path.join(host.root, "root", "note"), "from outside");
    expect(await host.check(["cat", "/root/note"])).toBe("from outside");
    await host.check(["sh", "-c", "echo inside > /root/answer"]);
    expect(readFileSync(path.join(host.root, "root", "answer"), "utf8")).toBe("inside\n");
    expect(existsSync("/root/answer")).toBe(false);
    await host.check(["ping", "-c", "1", "-W", "2", "203.0.113.1"]);
  });

  test("ends a host with all that runs on it, so that another can take its place", async () => {
    const other = await lab.host("other", { address: "203.0.113.78", packages: [] });
    const daemon = other.spawn(["sh", "-c", "sleep 1000 & sleep 1000"]);
    await other.close();
    await daemon.ended;
    const again = await lab.host("other", { address: "203.0.113.78", packages: [] });
    expect(await again.check(["ls", "/root"])).toBe("");
    await again.close();
  });

  test("listens for this process, which sees who calls", async () => {
    const server = await lab.listen("203.0.113.1", 8080);
    const caller = new Promise((resolve) => {
      server.once("connection", (socket) => {
        resolve(socket.remoteAddress);
        socket.destroy();
      });
    });
    const call = "import socket; socket.create_connection(('203.0.113.1', 8080), timeout=5)";
    await host.check(["python3", "-c", call]);
    expect(await caller).toBe(ADDRESS);
    server.close();
    await expect(lab.listen("203.0.113.99", 80)).rejects.toThrow(
      /can't listen on 203\.0\.113\.99:80: .*EADDRNOTAVAIL/,
    );
  });

  test("knows nothing of another one with the same names and addresses, and leaves nothing when it closes", async () => {
    const other = await openLab({ report: () => undefined });
    const namespaces = ownNamespaces(other);
    expect(namespaces).not.toEqual(ownNamespaces(lab));
    const twin = await other.host("host", { address: ADDRESS, packages: [] });
    expect(await twin.check(["ls", "/root"])).toBe("");
    twin.spawn(["sleep", "1000"]).ended.catch(() => undefined);
    await other.close();
    expect(remains(other, namespaces, [])).toEqual(NOTHING);
    // The first one has felt nothing of it.
    expect(await host.check(["cat", "/root/answer"])).toBe("inside\n");
  });
});

interface Abandoned {
  readonly pid: number;
  readonly cgroups: readonly string[];
  readonly folder: string;
  readonly volumes: readonly string[];
}

test.skipIf(hindrance !== undefined)(
  "a lab whose owner is killed at once leaves nothing but its volumes",
  async () => {
    const owner = spawn(process.execPath, [path.join(import.meta.dirname, "abandoned-lab.ts")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { pid, cgroups, folder, volumes } = await new Promise<Abandoned>((resolve, reject) => {
      owner.once("exit", () => reject(new Error("the lab's owner ended before its time")));
      const read = lines((line) => resolve(JSON.parse(line) as Abandoned));
      owner.stdout.setEncoding("utf8").on("data", read);
    });
    const namespaces = ownNamespaces({ pid });
    expect(remains({ pid, cgroups }, namespaces, volumes)).toMatchObject({ first: true, loops: volumes });
    owner.kill("SIGKILL");
    await expect
      .poll(() => remains({ pid, cgroups }, namespaces, volumes), { timeout: 20_000, interval: 200 })
      .toEqual(NOTHING);
    // The file system on the volume is whole.
    for (const file of volumes) expect(spawnSync("e2fsck", ["-f", "-n", file]).status).toBe(0);
    rmSync(folder, { recursive: true });
  },
);

test.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
  "without root, `npm run lab` says what is missing, in one sentence",
  () => {
    const home = mkdtempSync(path.join(tmpdir(), "okmail-"));
    // Not through `npm`: the nobody of this test need not be able to read all of its caches.
    const { status, stdout, stderr } = spawnSync(
      "setpriv",
      ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "local/lab/start.ts"],
      { cwd: projectFolder, env: { PATH: process.env.PATH, HOME: home }, encoding: "utf8" },
    );
    rmSync(home, { recursive: true });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(
      "The lab needs root, for its network namespaces and containers: try `sudo npm run lab`. `npm start` needs no root.\n",
    );
  },
);
