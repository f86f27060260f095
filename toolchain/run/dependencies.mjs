import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { withLock } from "../lock.mjs";
import { exitCode } from "./child.mjs";
import { findBundledNode } from "./node.mjs";
import { runNpm } from "./npm.mjs";
import { matchesLock, missingPackages, recordFile } from "./installed-tree.mjs";

/**
 * Sees to it that node_modules holds what package-lock.json says, and says what it does about it on stderr.
 *
 * A complete installation is marked by a stamp in node_modules, which goes before the next one begins. Thus an
 * interrupted one has none, and is repaired by the next run.
 *
 * @param {string} root the project
 * @returns {Promise<{ node: string | null }>} the stamp: which bundled Node runs here, relative to the project
 */
export async function ensureDependencies(root) {
  const lockText = readFileSync(path.join(root, "package-lock.json"), "utf8");
  const wanted = JSON.parse(lockText).packages;
  const present = presentStamp(root, lockText, wanted);
  if (present !== undefined) return present;

  mkdirSync(path.join(root, ".okmail"), { recursive: true });
  const onWait = () => console.error("Waiting for another run, which is installing the dependencies");
  return withLock(path.join(root, ".okmail", "install.lock"), { onWait }, async (lock) => {
    const meanwhile = presentStamp(root, lockText, wanted) ?? adoptTree(root, lockText, wanted);
    if (meanwhile !== undefined) return meanwhile;

    console.error("Installing the locked dependencies (about a minute, once)");
    // From here on, nothing may say that the tree is whole until it is.
    for (const mark of [stampFile(root), recordFile(root)]) rmSync(mark, { force: true });
    await installDependencies(root, lock);
    const missing = missingPackages(root, wanted);
    if (missing.length > 0) throw new Error(`npm ci ended well, but ${missing[0]} is not there. ${byHand}`);
    return writeStamp(root, lockText);
  });
}

const byHand = "Run `npm ci` to see what is wrong.";

function stampFile(root) {
  return path.join(root, "node_modules", ".okmail.json");
}

function presentStamp(root, lockText, wanted) {
  try {
    const stamp = JSON.parse(readFileSync(stampFile(root), "utf8"));
    const same = stamp.lock === digest(lockText) && stamp.platform === platform();
    return same && missingPackages(root, wanted).length === 0 ? stamp : undefined;
  } catch {
    return undefined; // No stamp, or half of one: the tree is not known to be complete.
  }
}

/** A tree that npm itself completed outside of this script (`npm ci`, `npm install`) is as good. */
function adoptTree(root, lockText, wanted) {
  const complete = matchesLock(root, wanted) && missingPackages(root, wanted).length === 0;
  return complete ? writeStamp(root, lockText) : undefined;
}

function writeStamp(root, lockText) {
  const stamp = { lock: digest(lockText), platform: platform(), node: findBundledNode(root) };
  const temporary = `${stampFile(root)}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(stamp)}\n`);
  renameSync(temporary, stampFile(root));
  return stamp;
}

function digest(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** A folder shared by two machines holds the binaries of one of them. */
function platform() {
  return `${process.platform}-${process.arch}`;
}

async function installDependencies(root, lock) {
  // Errors only: the warnings are about versions of Node that the project brings along itself.
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const end = await runNpm(args, {
    cwd: root,
    stdio: ["ignore", process.stderr, process.stderr],
    started: (pid) => lock.include(pid),
  });
  if (end.signal !== null) throw Object.assign(new Error("Interrupted."), { exitCode: exitCode(end) });
  if (end.code !== 0) {
    throw new Error(`The dependencies could not be installed (npm ci: exit code ${end.code}). ${byHand}`);
  }
}
