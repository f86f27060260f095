import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What the names of all labs' control groups begin with; the process id of the owner follows. */
const PREFIX = "okmail-lab-";

/** How often a removal is tried, and the milliseconds between two tries. */
const REMOVAL_TRIES = 100;
const REMOVAL_PAUSE = 50;

/**
 * Makes a control group for a lab below this process's own, in each hierarchy (one with cgroup v2, several with v1), so
 * that this process's limits hold for the lab. Returns the folders.
 */
export function makeLabCgroups(nonce: string): string[] {
  const parents = ownCgroups();
  for (const parent of parents) removeDead(parent);
  return makeCgroups(parents, `${PREFIX}${process.pid}-${nonce}`);
}

/** Makes a control group `name` below each of `parents`. Returns the folders. */
export function makeCgroups(parents: readonly string[], name: string): string[] {
  return parents.map((parent) => {
    const group = path.join(parent, name);
    mkdirSync(group, { recursive: true });
    // A new group of cpuset (v1) has no processors and takes no process.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) copy(path.join(parent, file), path.join(group, file));
    return group;
  });
}

/**
 * Takes away groups whose processes have ended, and those below them: the kernel may take a moment to see that they
 * have.
 */
export async function removeCgroups(groups: readonly string[]): Promise<void> {
  for (let left = groups, tries = 0; left.length > 0 && tries < REMOVAL_TRIES; tries += 1) {
    if (tries > 0) await sleep(REMOVAL_PAUSE);
    left = left.filter((group) => !removed(group));
  }
}

/** Whether the group and those below it are gone, after an attempt to remove them; what has processes stays. */
function removed(group: string): boolean {
  for (const name of folders(group)) removed(path.join(group, name));
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** The groups of this process, one for each hierarchy: cgroups(7), /proc/PID/cgroup and mountinfo of proc(5). */
function ownCgroups(): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n").flatMap(cgroupMount);
  return readFileSync("/proc/self/cgroup", "utf8")
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [, controllers = "", group = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      const mount = mounts.find(({ options }) =>
        controllers === "" ? options === undefined : options?.includes(controllers),
      );
      if (mount === undefined) return [];
      // In a container, the mount may begin below the root of the hierarchy.
      return [
        path.join(
          mount.folder,
          path.relative(mount.root, group).startsWith("..") ? "/" : path.relative(mount.root, group),
        ),
      ];
    });
}

/** Where a hierarchy is mounted, from which of its groups on, and its options (v1; undefined with v2). */
function cgroupMount(line: string): { folder: string; root: string; options: string | undefined }[] {
  const [left = "", right = ""] = line.split(" - ");
  const [, , , root = "/", folder = ""] = left.split(" ");
  const [type, , options = ""] = right.split(" ");
  if (type === "cgroup2") return [{ folder, root, options: undefined }];
  return type === "cgroup" ? [{ folder, root, options }] : [];
}

/** Takes away the groups of labs whose owner is gone: a supervisor that was killed couldn't. */
function removeDead(parent: string): void {
  for (const name of folders(parent)) {
    const owner = /^okmail-lab-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) removed(path.join(parent, name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function folders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function copy(from: string, to: string): void {
  try {
    writeFileSync(to, readFileSync(from));
  } catch {
    // Only cpuset has these files, and with v2 they need no filling.
  }
}
