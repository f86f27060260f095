import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HostFolder, python } from "./python.ts";

/** Real devices and file systems need root, Linux and a free loop device. */
const canMount =
  python !== "" &&
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  spawnSync("losetup", ["--find"]).status === 0 &&
  spawnSync("unshare", ["--mount", "true"]).status === 0;
if (!canMount) console.warn("SKIPPED: mounting the queue volume is not tested; it takes root on Linux.");

/** Mounts are seen by this process alone; the metadata and the time are those of the test. */
const world = `
import ctypes, subprocess, time
assert ctypes.CDLL(None).unshare(0x20000) == 0
subprocess.run(["mount", "--make-rprivate", "/"], check=True)
volume = part("volume")
volume.FOLDERS = {name: root + path for name, path in volume.FOLDERS.items()}
host.metadata = lambda path: {"tags/instance/okmail:queue-volume": os.environ.get("VOLUME")}[path]
clock = [0]
time.monotonic = lambda: clock[0]
def sleep(seconds):
    clock[0] += seconds
    eval(os.environ.get("EACH_SECOND", "None"))
time.sleep = sleep
os.makedirs(volume.SPOOL, exist_ok=True)
def mount():
    try: volume.mount()
    except host.Fault as fault: sys.exit(str(fault))
`;

const id = "vol-0123456789abcdef0";
const link = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0";

describe.skipIf(!canMount)("okmail volume", { timeout: 60_000 }, () => {
  let host: HostFolder;
  let device: string;

  beforeEach(() => {
    host = new HostFolder();
    host.write("/image", "");
    truncateSync(host.path("/image"), 32 << 20);
    device = execFileSync("losetup", ["--find", "--show", host.path("/image")], { encoding: "utf8" }).trim();
    mkdirSync(host.path("/dev/disk/by-id"), { recursive: true });
  });
  afterEach(() => {
    execFileSync("losetup", ["--detach", device]);
    host[Symbol.dispose]();
  });

  const attach = () => execFileSync("ln", ["-s", device, host.path(link)]);
  const run = (code: string, environment: Readonly<Record<string, string>> = {}) =>
    host.run(`${world}\n${code}`, { VOLUME: id, ...environment });
  const signature = () =>
    execFileSync("blkid", ["--probe", "-o", "value", "-s", "UUID", device], { encoding: "utf8" });

  test("makes a file system on a new volume, mounts it, and puts the folders on it", () => {
    attach();
    const code = `mount(); print(sorted(os.listdir(volume.MOUNT)), all(map(os.path.ismount, volume.FOLDERS.values())))`;
    expect(run(code)).toMatchObject({
      status: 0,
      output: "['letsencrypt', 'lost+found', 'mail', 'spool'] True\n",
    });
  });

  test("keeps what is on the volume for the next boot and the next instance", () => {
    attach();
    expect(run("mount(); open(volume.SPOOL + '/mail', 'w').write('queued'); os.sync()").status).toBe(0);
    const before = signature();
    expect(run("mount(); print(open(volume.SPOOL + '/mail').read())").output).toBe("queued\n");
    expect(signature()).toBe(before);
  });

  test("mounts once, however often it is asked", () => {
    attach();
    const code = `mount(); mount(); print(sum(volume.MOUNT + " " in line for line in open("/proc/mounts")))`;
    expect(run(code)).toMatchObject({ status: 0, output: "1\n" });
  });

  test.each([
    ["another file system", "mkfs.vfat"],
    ["swap space", "mkswap"],
  ])("leaves %s alone", (_, make) => {
    if (spawnSync(make, ["--version"]).error !== undefined) return;
    execFileSync(make, [device], { stdio: "ignore" });
    const before = signature();
    attach();
    run("mount()");
    expect(signature()).toBe(before);
  });

  test("leaves data alone that blkid doesn't know", () => {
    attach();
    execFileSync("sh", ["-c", `printf precious | dd of=${device} bs=1 seek=70000 conv=notrunc status=none`]);
    const { status, errors } = run("mount()");
    expect(status).toBe(1);
    expect(errors).toContain("has data and no file system");
    expect(
      execFileSync("sh", ["-c", `dd if=${device} bs=1 skip=70000 count=8 status=none`], { encoding: "utf8" }),
    ).toBe("precious");
  });

  test("repairs after a power cut", () => {
    attach();
    run("mount(); open(volume.SPOOL + '/mail', 'w').write('queued')");
    execFileSync("debugfs", ["-w", "-R", "clri /lost+found", device], { stdio: "ignore" });
    execFileSync("tune2fs", ["-E", "force_fsck", device], { stdio: "ignore" });
    expect(run("mount(); print(open(volume.SPOOL + '/mail').read())").output).toContain("queued");
  });

  test("takes the room of a volume that was enlarged", () => {
    attach();
    run("mount()");
    truncateSync(host.path("/image"), 64 << 20);
    execFileSync("losetup", ["--set-capacity", device]);
    const { output, errors } = run(
      "mount(); usage = os.statvfs(volume.MOUNT); print(usage.f_frsize * usage.f_blocks >> 20)",
    );
    expect(errors).toBe("");
    expect(Number(output)).toBeGreaterThan(50);
  });

  test("waits for a volume that is attached later", () => {
    const { status } = run("mount(); print(clock[0])", {
      EACH_SECOND: `os.symlink("${device}", volume.DISKS + "vol0123456789abcdef0") if clock[0] == 60 else None`,
    });
    expect(status).toBe(0);
  });

  test.each([
    ["isn't attached", { VOLUME: id }, `${id} isn't attached`],
    ["has no id", {}, "the instance metadata has no tag okmail:queue-volume"],
  ])("gives up after two minutes, and tells why, if the volume %s", (_, environment, reason) => {
    const { status, errors } = host.run(
      `${world}\ntry: volume.mount()\nexcept host.Fault as fault: sys.exit(f"{clock[0]} {fault}")`,
      environment,
    );
    expect(status).toBe(1);
    expect(errors).toMatch(/^1[23]\d /);
    expect(errors).toContain(reason);
    expect(host.read("/run/okmail/volume")).toContain(reason);
  });
});

describe.skipIf(!canMount)("the owners of a queue from another instance", { timeout: 60_000 }, () => {
  let host: HostFolder;
  beforeEach(() => {
    host = new HostFolder();
    for (const path of ["active/A", "deferred/1/D", "maildrop/M", "private/smtp"])
      host.write(`/var/spool/postfix/${path}`, "");
    const chown = (owner: string, ...paths: string[]) =>
      execFileSync("chown", [owner, ...paths.map((path) => host.path(`/var/spool/postfix/${path}`))]);
    chown("1105:0", "active", "active/A", "deferred", "deferred/1", "deferred/1/D", "private");
    chown("1105:1107", "maildrop");
    chown("33:1107", "maildrop/M");
    writeFileSync(host.path("/root"), "");
  });
  afterEach(() => host[Symbol.dispose]());

  const repair = `
volume = part("volume")
pwd.getpwnam = lambda name: collections.namedtuple("P", "pw_uid")({"postfix": 1117}[name])
grp.getgrnam = lambda name: collections.namedtuple("G", "gr_gid")({"postdrop": 1119}[name])
def owner(path):
    now = os.stat(f"{volume.SPOOL}/{path}")
    return [now.st_uid, now.st_gid]
`;
  const owners = (code: string) =>
    host.value(
      `${repair}\n${code}`,
      '[owner(path) for path in ["", "active", "active/A", "deferred/1/D", "private", "maildrop", "maildrop/M"]]',
    );
  const repaired = [
    [0, 0],
    [1117, 0],
    [1117, 0],
    [1117, 0],
    [1117, 0],
    [1117, 1119],
    [33, 1119],
  ];

  test("become this instance's postfix and postdrop, and others stay", () =>
    expect(owners("volume.repair_owners(volume.SPOOL)")).toEqual(repaired));

  test("are repaired in full after a repair that was cut short", () => {
    const cut = `
give, count = os.lchown, [0]
def lchown(*of):
    count[0] += 1
    if count[0] > 6: raise KeyboardInterrupt
    give(*of)
os.lchown = lchown
try: volume.repair_owners(volume.SPOOL)
except KeyboardInterrupt: pass
os.lchown = give
`;
    expect(owners(cut)).not.toEqual(repaired);
    expect(owners("volume.repair_owners(volume.SPOOL)")).toEqual(repaired);
  });

  test("are left where Postfix hasn't made its folders yet", () => {
    execFileSync("rm", ["-r", host.path("/var/spool/postfix/active")]);
    expect(host.run(`${repair}\nvolume.repair_owners(volume.SPOOL); print(owner("maildrop"))`).output).toBe(
      "[1105, 1107]\n",
    );
  });
});
