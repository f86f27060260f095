import { closeSync, constants, openSync } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { RunningCommand } from "../../toolchain/command.ts";
import type { Lab } from "./lab.ts";

/** A volume as a block device of this machine, for as long as the lab is there. */
export interface BlockDevice {
  readonly major: number;
  readonly minor: number;
  /** Whether a file system on it is mounted somewhere. */
  isMounted(): boolean;
  /** Makes the device as large as the volume now is, in GiB. */
  grow(size: number): Promise<void>;
  /** Gives the device back; the volume keeps its content. */
  release(): Promise<void>;
}

const GIB = 1024 ** 3;

/**
 * Argument: the file. The device is asked to go away while this shell has it open, so that it goes when the last who
 * uses it has closed it: at the end of the lab by itself, however that ends.
 */
const HOLD = `
device=$(losetup --find --show "$1")
exec 3< "$device"
losetup --detach "$device"
stat --format="%n %Hr %Lr" "$device"
exec sleep infinity
`;

/** The EBS volumes of the local cloud: a sparse file each, which outlives instances and labs. */
export class Volumes {
  readonly #lab: Lab;
  readonly #folder: string;

  /** `folder` is made when the first volume is opened. */
  constructor(lab: Lab, folder: string) {
    this.#lab = lab;
    this.#folder = folder;
  }

  /** Opens a volume of `size` GiB; one that was never opened is empty, and takes no space until it is written to. */
  async open(id: string, size: number): Promise<BlockDevice> {
    const file = this.#file(id);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await growFile(file, size);
    const { device, major, minor, holder } = await hold(this.#lab, file);
    return {
      major,
      minor,
      isMounted: () => isClaimed(device),
      grow: async (larger) => {
        await growFile(file, larger);
        await this.#lab.check(["losetup", "--set-capacity", device]);
      },
      release: async () => {
        holder.kill("SIGKILL");
        await holder.ended;
      },
    };
  }

  /** Takes away the volumes that aren't among `ids` any more. */
  async keepOnly(ids: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => []))
      if (!ids.has(path.basename(name, ".img"))) await rm(path.join(this.#folder, name), { force: true });
  }

  #file(id: string): string {
    return path.join(this.#folder, `${id}.img`);
  }
}

/** A volume never shrinks. */
async function growFile(file: string, size: number): Promise<void> {
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    if ((await handle.stat()).size < size * GIB) await handle.truncate(size * GIB);
  } finally {
    await handle.close();
  }
}

interface Held {
  readonly device: string;
  readonly major: number;
  readonly minor: number;
  readonly holder: RunningCommand;
}

function hold(lab: Lab, file: string): Promise<Held> {
  return new Promise((resolve, reject) => {
    const holder = lab.spawn(["sh", "-eu", "-c", HOLD, "sh", file], {
      onLine: (line) => {
        const [, device = "", major, minor] = /^(\/dev\/loop\d+) (\d+) (\d+)$/.exec(line) ?? [];
        if (device !== "") resolve({ device, major: Number(major), minor: Number(minor), holder });
      },
    });
    holder.ended.then(
      ({ stderr }) => reject(new Error(`no loop device for ${file}: ${stderr.trim()}`)),
      reject,
    );
  });
}

/** A mounted file system has its device to itself: O_EXCL without O_CREAT, open(2). */
function isClaimed(device: string): boolean {
  try {
    closeSync(openSync(device, constants.O_RDONLY | constants.O_EXCL));
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EBUSY") return true;
    throw error;
  }
}
