import path from "node:path";
import {
  runCommand,
  startCommand,
  type CommandResult,
  type RunningCommand,
} from "../../toolchain/command.ts";
import { outputOf, type Lab, type LabCommandOptions } from "./lab.ts";
import { LAB_ENVIRONMENT } from "./requirements.ts";

/** Where a host is, and what it is made of. */
export interface HostPlace {
  /** Its address in 203.0.113.0/24, the lab's public network; the router there is 203.0.113.1. */
  readonly address: string;
  /** Debian packages that are installed on it. */
  readonly packages: readonly string[];
}

/**
 * A host on the lab's public network: a network namespace, and a root file system (the image's layers under a writable
 * one in memory) with /proc, /dev, /run and /tmp. No init runs on it: a daemon runs in the foreground, by `spawn`.
 */
export interface LabHost {
  readonly name: string;
  readonly address: string;
  /**
   * Its root file system, as this process sees it: files can be read and written there. Absolute symlinks in it lead
   * astray.
   */
  readonly root: string;
  /** Runs a command on the host to its end. @see Lab.run */
  run(argv: readonly string[], options?: LabCommandOptions): Promise<CommandResult>;
  /** As `run`, but rejects if the command fails. Resolves to its standard output. */
  check(argv: readonly string[], options?: LabCommandOptions): Promise<string>;
  /** Starts a command on the host that goes on running. */
  spawn(argv: readonly string[], options?: Omit<LabCommandOptions, "signal">): RunningCommand;
  /** Ends all that runs on the host, and takes it away. */
  close(): Promise<void>;
}

/** The folder of all hosts, in the lab. */
export const HOSTS_FOLDER = "/run/lab/hosts";

/** Arguments: name, address, layers as overlayfs wants them. */
const CREATE = `
name=$1 address=$2 layers=$3 host=${HOSTS_FOLDER}/$1
mkdir "$host" "$host/disk" "$host/root"
mount -t tmpfs -o mode=755 tmpfs "$host/disk"
mkdir "$host/disk/upper" "$host/disk/work"
mount -t overlay -o "lowerdir=$layers,upperdir=$host/disk/upper,workdir=$host/disk/work" overlay "$host/root"
cd "$host/root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
# Not the machine's /dev: a daemon that makes /dev/log would make it there.
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for node in null zero full random urandom tty; do
  : > "dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/shm dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s /proc/self/fd dev/fd
echo "$name" > etc/hostname
echo "127.0.0.1 localhost" > etc/hosts

ip netns add "$name"
ip link add "v-$name" type veth peer name eth0 netns "$name"
ip link set "v-$name" master internet up
ip -n "$name" link set lo up
ip -n "$name" link set eth0 up
ip -n "$name" address add "$address/24" dev eth0
ip -n "$name" route add default via 203.0.113.1
`;

/** Argument: name. A process may start others while it is being killed, so that once is not enough. */
const CLOSE = `
name=$1 host=${HOSTS_FOLDER}/$1
while pids=$(ip netns pids "$name") && [ -n "$pids" ]; do
  kill -KILL $pids || true
  sleep 0.02
done
ip netns delete "$name"
umount -R -l "$host/root"
umount -l "$host/disk"
rm -rf "$host"
`;

/** Makes a host. @see Lab.host */
export async function createHost(lab: Lab, name: string, { address, packages }: HostPlace): Promise<LabHost> {
  // A network interface has at most 15 characters, "v-" among them.
  if (!/^[a-z][a-z0-9-]{0,12}$/.test(name)) throw new Error(`"${name}" is no name for a host of the lab`);
  const layers = await lab.mountLayers(await lab.images.image(packages));
  await lab.check(["sh", "-eu", "-c", CREATE, "sh", name, address, layers.join(":")]);
  const root = lab.path(path.join(HOSTS_FOLDER, name, "root"));
  const enter = (argv: readonly string[]) => [
    ...["--target", String(lab.pid), "--mount", "--pid", "--ipc", "--uts"],
    `--net=${lab.path(`/run/netns/${name}`)}`,
    `--root=${root}`,
    "--wdns=/",
    "--",
    ...argv,
  ];
  const run = (argv: readonly string[], options: LabCommandOptions = {}) =>
    runCommand("nsenter", enter(argv), { ...options, env: LAB_ENVIRONMENT });
  return {
    name,
    address,
    root,
    run,
    check: async (argv, options) => outputOf(argv, await run(argv, options)),
    spawn: (argv, options = {}) => startCommand("nsenter", enter(argv), { ...options, env: LAB_ENVIRONMENT }),
    close: async () => {
      await lab.check(["sh", "-eu", "-c", CLOSE, "sh", name]);
    },
  };
}
