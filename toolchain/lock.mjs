import { randomUUID } from "node:crypto";
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";

// The types are in lock.d.mts. This file is JavaScript because run.mjs needs it before anything is installed.

const heartbeat = 5_000;

export async function withLock(file, { onWait, signal, poll = 200, abandonedAfter = 600_000 }, body) {
  const mine = { nonce: randomUUID(), host: hostname(), pids: [process.pid] };
  await take(file, mine, { onWait, signal, poll, abandonedAfter });
  const beat = setInterval(() => touch(file), heartbeat);
  beat.unref();
  try {
    return await body({
      include(pid) {
        mine.pids.push(pid);
        replace(file, mine);
      },
    });
  } finally {
    clearInterval(beat);
    if (read(file)?.nonce === mine.nonce) rmSync(file, { force: true });
  }
}

async function take(file, mine, { onWait, signal, poll, abandonedAfter }) {
  for (let waited = false; ;) {
    signal?.throwIfAborted();
    if (create(file, mine)) return;
    if (isAbandoned(file, abandonedAfter)) {
      // Of several that take it over in the same moment, the last one to write has it: wait until all have written.
      replace(file, mine);
      await sleep(poll, undefined, { signal });
      if (read(file)?.nonce === mine.nonce) return;
    } else {
      if (!waited) onWait?.();
      waited = true;
      await sleep(poll, undefined, { signal });
    }
  }
}

function create(file, content) {
  try {
    const handle = openSync(file, "wx");
    writeFileSync(handle, JSON.stringify(content));
    closeSync(handle);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function replace(file, content) {
  const temporary = `${file}.${content.nonce}`;
  writeFileSync(temporary, JSON.stringify(content));
  renameSync(temporary, file);
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined; // Just released, or its holder has not finished writing it.
  }
}

/**
 * Nobody holds it any more: its processes are gone, or it was not touched for so long that their numbers must have
 * been given to others. Processes of another machine (or container) can't be looked up: there, only time tells.
 */
function isAbandoned(file, abandonedAfter) {
  let age;
  try {
    age = Date.now() - statSync(file).mtimeMs;
  } catch {
    return false; // Released: the next attempt creates it.
  }
  const holder = read(file);
  if (holder === undefined) return age > heartbeat;
  const gone = holder.host === hostname() && !holder.pids.some(isAlive);
  return gone || age > abandonedAfter;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM"; // There is one, of another user.
  }
}

function touch(file) {
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // Taken away by hand: nothing to keep fresh.
  }
}
