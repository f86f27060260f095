import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import {
  runCommand,
  startCommand,
  type CommandResult,
  type RunningCommand,
} from "../../toolchain/command.ts";
import { VPC_RESOLVER } from "./addresses.ts";
import { makeCgroups, removeCgroups } from "./cgroups.ts";
import { HOSTS_FOLDER } from "./host.ts";
import { outputOf, type Lab, type LabCommandOptions } from "./lab.ts";
import { LAB_ENVIRONMENT } from "./requirements.ts";
import type { BlockDevice } from "./volumes.ts";

/** A file that a guest's root file system gets before its first boot. */
export interface GuestFile {
  readonly path: string;
  readonly content: string;
  /** Adds to what the image has there. @default false */
  readonly append?: boolean;
}

/** An instance as far as its machine is concerned. */
export interface GuestPlan {
  readonly instanceId: string;
  readonly region: string;
  /** Debian packages that its first boot finds installed already. */
  readonly packages: readonly string[];
  readonly privateIp: string;
  readonly macAddress: string;
  /** The subnet, such as 172.31.16.0/20, and the router's address in it. */
  readonly subnet: string;
  readonly gateway: string;
  readonly files: readonly GuestFile[];
}

/** What became of a boot. */
export interface Boot {
  /** Where cloud-init had the user data from, such as DataSourceEc2Local. */
  readonly datasource: string;
  /** What cloud-init says went wrong; the machine runs nevertheless. */
  readonly errors: readonly string[];
}

/** Seconds that an instance has to boot, and to shut down, before it counts as hung. EC2 is more patient. */
const BOOT_LIMIT = 180;
const STOP_LIMIT = 60;
/** Lines of the console that are kept. */
const CONSOLE_LINES = 1000;

/** What systemd as the first process takes for power off and reboot: systemd(1), "Signals". SIGRTMIN is 34 with glibc. */
const SIGRTMIN = 34;
const POWER_OFF = SIGRTMIN + 4;
const REBOOT = SIGRTMIN + 5;
/** With this exit code systemd-nspawn asks whoever has started it to start it again: the guest reboots. */
const REBOOTED = 133;

/** cloud-init's mark that it has come to the packages of an instance's user data. */
const PACKAGES_INSTALLED = "/var/lib/cloud/instances/*/sem/config_package_update_upgrade_install";

/**
 * Arguments: instance, layers as overlayfs wants them, address with prefix, gateway, MAC address, interface,
 * hypervisor's UUID.
 */
const CREATE = `
name=$1 layers=$2 address=$3 gateway=$4 mac=$5 interface=$6 uuid=$7 host=${HOSTS_FOLDER}/$1
mkdir "$host" "$host/disk" "$host/root" "$host/dev" "$host/dev/by-id" "$host/sys"
mount -t tmpfs -o mode=755 tmpfs "$host/disk"
mkdir "$host/disk/upper" "$host/disk/work"
mount -t overlay -o "lowerdir=$layers,upperdir=$host/disk/upper,workdir=$host/disk/work" overlay "$host/root"
# Its network is there when it boots. Where cloud-init finds a DHCP client, it waits for a server all the same.
rm -f "$host/root/usr/sbin/dhcpcd"
# The packages of its user data are there from the start. As on EC2, none of their services runs before cloud-init has come
# to them.
case $layers in *:*)
  for unit in "\${layers%%:*}"/usr/lib/systemd/system/*.service; do
    folder="$host/root/etc/systemd/system/\${unit##*/}.d"
    mkdir -p "$folder"
    printf '[Unit]\\nConditionPathExistsGlob=%s\\n' "${PACKAGES_INSTALLED}" > "$folder/lab.conf"
  done
esac
mount -t tmpfs -o mode=755 tmpfs "$host/sys"
mkdir "$host/sys/hypervisor"
echo "$uuid" > "$host/sys/hypervisor/uuid"

# The interface has the name that Nitro instances give it. The router answers for all neighbours, so that what instances
# of one subnet say to each other passes the security groups, too.
ip netns add "$name"
ip link add "$interface" type veth peer name ens5 netns "$name" address "$mac"
ip link set "$interface" up
echo 1 > "/proc/sys/net/ipv4/conf/$interface/proxy_arp"
echo 0 > "/proc/sys/net/ipv4/neigh/$interface/proxy_delay"
ip route add "\${address%/*}/32" dev "$interface"
ip -n "$name" link set lo up
ip -n "$name" link set ens5 up
ip -n "$name" address add "$address" dev ens5
ip -n "$name" route add default via "$gateway"
`;

const REMOVE = `
name=$1 host=${HOSTS_FOLDER}/$1
ip netns delete "$name"
umount -l "$host/sys" "$host/root" "$host/disk"
rm -rf "$host"
`;

/**
 * Arguments: instance, the guest's control groups. The devices lie in a folder of the lab, so that they can come and go.
 */
const BOOT = `
name=$1 host=${HOSTS_FOLDER}/$1
shift
for group; do echo 0 > "$group/cgroup.procs"; done
exec systemd-nspawn --quiet --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off --capability=CAP_NET_ADMIN \
  --machine="$name" --directory="$host/root" --network-namespace-path="/run/netns/$name" \
  --bind="$host/dev:/dev/disk" --bind="$host/sys:/sys" --boot
`;

/**
 * Arguments: mount points. Cuts a file system off from its disk, unsaved data and all (EXT4_IOC_SHUTDOWN, without
 * flushing the log).
 */
const CUT = `
import fcntl, os, struct, sys
for folder in sys.argv[1:]:
    fcntl.ioctl(os.open(folder, os.O_RDONLY), 0x8004587D, struct.pack("I", 2))
`;

/**
 * A resolver of the guest's own asks the root servers, which are the lab's name server. It signs nothing, so nothing
 * can be checked; and Unbound must not answer by itself for the documentation networks, which hosts have their
 * addresses in.
 */
const UNBOUND = `server:
    module-config: "iterator"
    unblock-lan-zones: yes
`;

/** What cloud-init finds in the image, as in the images for EC2: whom to ask, and that the network is there already. */
const CLOUD_INIT = `datasource_list: [Ec2]
network: {config: disabled}
apt: {preserve_sources_list: true}
# There are no locales in a minimal Debian.
locale: false
`;

/**
 * A virtual machine of the local cloud: Debian in a container, booted by its own systemd. It asks the metadata service
 * for its user data as on EC2: that its hypervisor has a UUID which begins with "ec2" is what cloud-init knows EC2 by.
 * Its root disk lives as long as the lab, its clock is the machine's.
 */
export class Guest {
  readonly instanceId: string;
  readonly #lab: Lab;
  readonly #cgroups: readonly string[];
  readonly #console: string[] = [];
  readonly #disks = new Map<string, { readonly device: BlockDevice; readonly index: number }>();
  #machine: RunningCommand | undefined;

  private constructor(lab: Lab, instanceId: string, cgroups: readonly string[]) {
    this.#lab = lab;
    this.instanceId = instanceId;
    this.#cgroups = cgroups;
  }

  /** Makes the machine, switched off. */
  static async create(lab: Lab, plan: GuestPlan): Promise<Guest> {
    const { instanceId: id, privateIp, subnet, gateway, macAddress } = plan;
    const layers = await lab.mountLayers(await lab.images.image(plan.packages));
    const address = privateIp + subnet.replace(/.*\//, "/");
    // A network interface has at most 15 characters.
    const named = [`g-${id.slice(-12)}`, `ec2${id.slice(-5)}-0000-4000-8000-${id.slice(-12)}`];
    const args = [id, layers.join(":"), address, gateway, macAddress, ...named];
    await lab.check(["sh", "-eu", "-c", CREATE, "sh", ...args]);
    const guest = new Guest(lab, id, makeCgroups(lab.cgroups, id));
    const files: readonly GuestFile[] = [
      { path: "/etc/cloud/cloud.cfg.d/99-lab.cfg", content: CLOUD_INIT },
      // There is no mirror in the lab, so to try again is lost time.
      { path: "/etc/apt/apt.conf.d/99lab", content: 'Acquire::Retries "0";\n' },
      { path: "/etc/unbound/unbound.conf.d/lab.conf", content: UNBOUND },
      {
        path: "/etc/resolv.conf",
        content: `nameserver ${VPC_RESOLVER}\nsearch ${plan.region}.compute.internal\n`,
      },
      ...plan.files,
    ];
    for (const file of files) writeInto(guest.root, file);
    return guest;
  }

  /**
   * The root file system, as this process sees it. /dev, /proc, /run and what is mounted in the guest don't show here.
   */
  get root(): string {
    return this.#lab.path(path.join(HOSTS_FOLDER, this.instanceId, "root"));
  }

  /** What the machine wrote to its console, oldest line first; of very much the newest. */
  get console(): readonly string[] {
    return this.#console;
  }

  get isRunning(): boolean {
    return this.#machine !== undefined;
  }

  /** Switches the machine on. @see Guest.booted */
  start(): void {
    if (this.#machine !== undefined) return;
    const machine = this.#lab.spawn(["sh", "-c", BOOT, "sh", this.instanceId, ...this.#cgroups], {
      onLine: (line) => this.#wrote(line),
      keepOutput: false,
    });
    this.#machine = machine;
    const over = (code: number | null) => {
      if (this.#machine !== machine) return;
      this.#machine = undefined;
      if (code === REBOOTED) this.start();
    };
    machine.ended.then(
      ({ code }) => over(code),
      () => over(null),
    );
  }

  /**
   * Resolves when cloud-init has done all that the boot asks of it. Rejects with the end of the console if that doesn't
   * come.
   */
  async booted(signal?: AbortSignal): Promise<Boot> {
    const limit = performance.now() + BOOT_LIMIT * 1000;
    for (;;) {
      signal?.throwIfAborted();
      const boot = this.#result();
      if (boot !== undefined) return boot;
      if (!this.isRunning) throw this.#failure("stopped while it booted");
      if (performance.now() > limit) throw this.#failure(`did not finish booting within ${BOOT_LIMIT} s`);
      await sleep(50, undefined, signal && { signal });
    }
  }

  /** Runs a command on the guest to its end, as root. Rejects if the machine is off. @see Lab.run */
  async run(argv: readonly string[], options: LabCommandOptions = {}): Promise<CommandResult> {
    return runCommand("nsenter", this.#enter(argv), { ...options, env: LAB_ENVIRONMENT });
  }

  /** As `run`, but rejects if the command fails. Resolves to its standard output. */
  async check(argv: readonly string[], options: LabCommandOptions = {}): Promise<string> {
    return outputOf(argv, await this.run(argv, options));
  }

  /** Starts a command on the guest that goes on running. Throws if the machine is off. */
  spawn(argv: readonly string[], options: Omit<LabCommandOptions, "signal"> = {}): RunningCommand {
    return startCommand("nsenter", this.#enter(argv), { ...options, env: LAB_ENVIRONMENT });
  }

  /**
   * The messages of the guest's journal, oldest first; `matches` as journalctl(1) takes them, such as `--unit=postfix`.
   */
  async journal(...matches: string[]): Promise<readonly string[]> {
    const text = await this.check(["journalctl", "--quiet", "--no-pager", "--output=cat", ...matches]);
    return text.split("\n").filter((line) => line !== "");
  }

  /**
   * Plugs a volume in, whether the machine is on or not. The guest finds it under the name that EBS volumes have on
   * Nitro: /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123….
   */
  async attach(volumeId: string, device: BlockDevice): Promise<void> {
    const taken = [...this.#disks.values()].map((disk) => disk.index);
    const index =
      [...taken.keys(), taken.length].map((each) => each + 1).find((each) => !taken.includes(each)) ?? 1;
    this.#disks.set(volumeId, { device, index });
    const script = 'mknod "$1/nvme$2n1" b "$4" "$5"; ln -s "../nvme$2n1" "$1/by-id/$3"';
    const { major, minor } = device;
    await this.#devices(script, `${index}`, linkName(volumeId), `${major}`, `${minor}`);
  }

  /** Takes a volume out, which nothing has mounted any more; that it is out already is no error. */
  async detach(volumeId: string): Promise<void> {
    if (!this.#disks.delete(volumeId)) return;
    await this.#devices('rm -f "$1/by-id/$(readlink "$1/by-id/$2")" "$1/by-id/$2"', linkName(volumeId));
  }

  /** Shuts the machine down as EC2 does: it is told to, and after a while switched off. */
  async stop(): Promise<void> {
    const machine = this.#machine;
    if (machine === undefined) return;
    const leader = this.#leader();
    if (leader === undefined) return this.kill();
    process.kill(leader, POWER_OFF);
    const over = new AbortController();
    const late = sleep(STOP_LIMIT * 1000, undefined, { signal: over.signal }).then(
      () => this.kill(),
      () => undefined,
    );
    await Promise.race([machine.ended, late]);
    over.abort();
  }

  /** Reboots the machine; resolves when it is up again. */
  async reboot(): Promise<Boot> {
    const [machine, leader] = [this.#machine, this.#leader()];
    if (machine === undefined || leader === undefined) throw new Error(`${this.instanceId} is off`);
    process.kill(leader, REBOOT);
    await machine.ended;
    return this.booted();
  }

  /** Cuts the power: nothing is saved that isn't on a disk already. */
  async kill(): Promise<void> {
    const machine = this.#machine;
    if (machine === undefined) return;
    const leader = this.#leader();
    if (leader !== undefined) {
      // From here on no process of it acts, not even on the errors that its disks give it.
      for (const pid of this.#processes()) send(pid, "SIGSTOP");
      await this.#cutDisks(leader);
      send(leader, "SIGKILL");
    }
    machine.kill("SIGKILL");
    await machine.ended;
    this.#machine = undefined;
  }

  /** Takes the machine away, root disk and all; it is off. */
  async remove(): Promise<void> {
    await this.kill();
    await this.#lab.check(["sh", "-eu", "-c", REMOVE, "sh", this.instanceId]);
    await removeCgroups(this.#cgroups);
  }

  /** The guest's first process, by the number that this process knows it by; undefined if the machine is off. */
  #leader(): number | undefined {
    if (this.#machine === undefined) return undefined;
    // systemd puts itself there: in the one hierarchy of cgroup v2, or in its own of v1. What it starts begins there, too.
    const pid = this.#cgroups
      .flatMap((group) => read(path.join(group, "payload/init.scope/cgroup.procs")).split("\n"))
      .find((each) => /^NSpid:.*\t1$/m.test(read(`/proc/${each}/status`)));
    return pid === undefined ? undefined : Number(pid);
  }

  /** All of the guest's processes. */
  #processes(): number[] {
    return [...new Set(this.#cgroups.flatMap((group) => processesBelow(path.join(group, "payload"))))];
  }

  #enter(argv: readonly string[]): string[] {
    const leader = this.#leader();
    if (leader === undefined) throw new Error(`${this.instanceId} is off`);
    const namespaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup"];
    // A guest that shuts down stops all its processes before it ends them. nsenter would stop as well, for good, and
    // the guest could not end before its parent has heard of it. A shell waits through it.
    const shell = ["sh", "-c", '"$@"; exit', "sh"];
    return ["--target", String(leader), ...namespaces, "--no-fork", "--wdns=/", "--", ...shell, ...argv];
  }

  #result(): Boot | undefined {
    const leader = this.#leader();
    if (leader === undefined) return undefined;
    const text = read(`/proc/${leader}/root/run/cloud-init/result.json`);
    if (text === "") return undefined;
    const { v1 } = JSON.parse(text) as { v1: { datasource: string | null; errors: readonly string[] } };
    return { datasource: v1.datasource ?? "none", errors: v1.errors };
  }

  async #cutDisks(leader: number): Promise<void> {
    const own = new Set([...this.#disks.values()].map(({ device: { major, minor } }) => `${major}:${minor}`));
    const mounted = read(`/proc/${leader}/mountinfo`)
      .split("\n")
      .map((line) => line.split(" "))
      .flatMap(([, , device = "", , folder = ""]) => (own.has(device) ? [folder] : []));
    if (mounted.length > 0) await this.check(["python3", "-c", CUT, ...mounted]);
  }

  async #devices(script: string, ...args: string[]): Promise<void> {
    const folder = path.join(HOSTS_FOLDER, this.instanceId, "dev");
    await this.#lab.check(["sh", "-eu", "-c", script, "sh", folder, ...args]);
  }

  #wrote(line: string): void {
    this.#console.push(stripVTControlCharacters(line).trimEnd());
    if (this.#console.length > CONSOLE_LINES) this.#console.shift();
  }

  #failure(what: string): Error {
    const last = this.#console.filter((line) => line !== "").slice(-15);
    return new Error(`${this.instanceId} ${what}. The end of its console:\n${last.join("\n")}`);
  }
}

/** vol-0123 is nvme-Amazon_Elastic_Block_Store_vol0123. */
function linkName(volumeId: string): string {
  return `nvme-Amazon_Elastic_Block_Store_${volumeId.replace("-", "")}`;
}

function writeInto(root: string, { path: name, content, append = false }: GuestFile): void {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  if (append) appendFileSync(file, content);
  else writeFileSync(file, content);
}

function processesBelow(group: string): number[] {
  if (!existsSync(group)) return [];
  return readdirSync(group, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name === "cgroup.procs")
    .flatMap(({ parentPath, name }) => read(path.join(parentPath, name)).split("\n"))
    .filter((line) => line !== "")
    .map(Number);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
