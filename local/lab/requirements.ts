import { runCommand } from "../../toolchain/command.ts";
import {
  installedProgram,
  installPackages,
  PackagesUnavailableError,
  searchPath,
} from "../../toolchain/debian-packages.ts";

/** The machine can't run the lab; the message is one sentence that says what it lacks. */
export class LabUnavailableError extends Error {
  override name = "LabUnavailableError";
}

/** Programs that the lab calls on the machine, and the Debian package of each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: "iproute2",
  losetup: "mount",
  mksquashfs: "squashfs-tools",
  mmdebstrap: "mmdebstrap",
  mount: "mount",
  nft: "nftables",
  nsenter: "util-linux",
  openssl: "openssl",
  "systemd-nspawn": "systemd-container",
  unshare: "util-linux",
};

/** The environment of the lab's commands: the search path of root, and messages in English. */
export const LAB_ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: searchPath.join(":"),
  LC_ALL: "C.UTF-8",
  HOME: "/root",
};

/** What a machine is, as far as the lab asks. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Undefined where the system knows no user ids. */
  readonly uid: number | undefined;
}

/** Why a lab can't run here at all, a sentence; undefined if it might. Asks for nothing and changes nothing. */
export function labHindrance(
  machine: Machine = { platform: process.platform, uid: process.getuid?.() },
): string | undefined {
  if (machine.platform !== "linux")
    return `The lab needs Linux, for its network namespaces and containers; this is ${machine.platform}. \`npm start\` runs everywhere.`;
  if (machine.uid !== 0)
    return "The lab needs root, for its network namespaces and containers: try `sudo npm run lab`. `npm start` needs no root.";
  return undefined;
}

/**
 * Makes sure that a lab can run here: installs the Debian packages that it needs, after saying so, and tries what it
 * needs of the kernel.
 *
 * @throws LabUnavailableError
 */
export async function ensureRequirements(
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const hindrance = labHindrance();
  if (hindrance !== undefined) throw new LabUnavailableError(hindrance);
  await installMissing(report, signal);
  await tryKernel(signal);
}

function missingPackages(): string[] {
  const missing = Object.entries(PROGRAMS).filter(([program]) => installedProgram(program) === undefined);
  return [...new Set(missing.map(([, name]) => name))].sort();
}

async function installMissing(report: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const names = missing.join(" ");
  report(`Installing the Debian packages that the lab needs on this machine: ${names}`);
  try {
    await installPackages(missing, signal);
  } catch (error) {
    if (!(error instanceof PackagesUnavailableError)) throw error;
    throw new LabUnavailableError(`The lab needs the Debian packages ${names}, and ${error.message}.`);
  }
}

/** Each line is tried in namespaces of their own, which are gone afterwards; `what` names the one that fails. */
const KERNEL_PROBE = `
what="overlayfs"; mount -t tmpfs tmpfs /mnt; mkdir /mnt/l /mnt/u /mnt/w /mnt/m
mount -t overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w overlay /mnt/m
what="loop devices"; test -e /dev/loop-control
what="squashfs"; grep -qw squashfs /proc/filesystems || modprobe -q squashfs
what="network bridges"; ip link add br0 type bridge
what="virtual Ethernet (veth)"; ip link add v0 type veth peer name v1
what="address translation by nftables"
echo 'table ip t { chain c { type nat hook postrouting priority 100; ip daddr 192.0.2.1 snat to ip saddr map { 192.0.2.2 : 192.0.2.3 }; }; }' | nft -f -
what=
`;

async function tryKernel(signal?: AbortSignal): Promise<void> {
  const script = `trap 'test -z "$what" || echo "$what"' EXIT\nset -e\nwhat="namespaces"${KERNEL_PROBE}`;
  const args = ["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "sh", "-c", script];
  const probe = await runCommand("unshare", args, { env: LAB_ENVIRONMENT, signal });
  if (probe.code === 0) return;
  const what = lastLine(probe.stdout) || "namespaces";
  throw new LabUnavailableError(
    `The lab needs ${what}, which this kernel doesn't offer here (${lastLine(probe.stderr) || "no reason given"}); inside a container it takes a privileged one.`,
  );
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
