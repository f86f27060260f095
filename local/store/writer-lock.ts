import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Somebody else writes to the store. The message says who, and what to do. */
export class StoreLockedError extends Error {
  override name = "StoreLockedError";
}

/** Who holds the lock. A process id alone is used again by the system sooner or later; with the start time it is unique. */
interface Holder {
  readonly pid: number;
  /** Boot and start time of the process, where the system tells them (Linux). */
  readonly born: string | undefined;
  /** Tells two locks of one process apart. */
  readonly nonce: string;
}

/**
 * The right to write to a directory, held by one process at a time. A lock left by a process that died is taken over.
 * `assertHeld` before each write closes the gap that two simultaneous take-overs leave.
 */
export class WriterLock {
  readonly #path: string;
  readonly #text: string;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** Takes the lock at `path` of what `subject` names. Throws {@link StoreLockedError} when a living process has it. */
  static acquire(path: string, subject = "The local cloud"): WriterLock {
    const holder: Holder = { pid: process.pid, born: processStatus(process.pid)?.born, nonce: randomUUID() };
    const text = JSON.stringify(holder);
    for (;;) {
      if (createExclusively(path, text)) return new WriterLock(path, text);
      const present = read(path);
      if (present === undefined) continue; // released since
      const owner = parseHolder(present);
      if (owner !== undefined && isAlive(owner)) throw lockedError(path, owner, subject);
      removeIfUnchanged(path, present);
    }
  }

  /** Throws {@link StoreLockedError} if the lock was taken away or removed. */
  assertHeld(): void {
    if (read(this.#path) !== this.#text)
      throw new StoreLockedError(
        `${this.#path} isn't ours any more: another okmail has started, or the folder was deleted`,
      );
  }

  /** Gives the lock back; giving it back twice does no harm. */
  release(): void {
    removeIfUnchanged(this.#path, this.#text);
  }
}

/** Creates the file with its content in one step, so that nobody ever reads an empty lock. False if it exists. */
function createExclusively(path: string, text: string): boolean {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes the lock if it still says `text`. What another process has put there meanwhile is put back. */
function removeIfUnchanged(path: string, text: string): void {
  if (read(path) !== text) return;
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const taken = read(aside);
  if (taken !== undefined && taken !== text) createExclusively(path, taken);
  rmSync(aside, { force: true });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The holder, or undefined for a lock that a power cut has spoilt. */
function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    return Number.isInteger(holder.pid) && holder.pid > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: there is such a process, it belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const status = processStatus(holder.pid);
  if (status === undefined) return true;
  // Z: it has ended, its parent hasn't noticed yet (in a container perhaps never will).
  return status.state !== "Z" && (holder.born === undefined || holder.born === status.born);
}

/**
 * A process's state letter and when it was born: boot id and start time, which no two processes share
 * (proc(5): fields 3 and 22 of stat). Undefined where the system doesn't tell.
 */
function processStatus(pid: number): { state: string | undefined; born: string } | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the command in parentheses, may itself hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], born: `${boot} ${fields[19] ?? ""}` };
  } catch {
    return undefined;
  }
}

function lockedError(path: string, owner: Holder, subject: string): StoreLockedError {
  const who = owner.pid === process.pid ? "this very process" : `process ${owner.pid}`;
  return new StoreLockedError(
    `${subject} is in use by ${who} (${path}). Wait for it, or end it, and try again`,
  );
}
