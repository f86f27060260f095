import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * The locked packages whose folder is not there. Optional ones may be missing: they depend on the platform.
 *
 * @param {string} root the project
 * @param {Record<string, LockedPackage>} wanted `packages` of package-lock.json
 * @returns {string[]} their paths in the project, such as node_modules/yaml
 */
export function missingPackages(root, wanted) {
  return Object.entries(wanted)
    .filter(([place, entry]) => place !== "" && !isOptional(entry))
    .map(([place]) => place)
    .filter((place) => !existsSync(path.join(root, place, "package.json")));
}

/**
 * Whether npm's own record of what it installed says the same as package-lock.json, and is about this platform. npm
 * writes the record when everything else is done.
 *
 * @param {string} root the project
 * @param {Record<string, LockedPackage>} wanted `packages` of package-lock.json
 * @returns {boolean}
 */
export function matchesLock(root, wanted) {
  const installed = installedPackages(root);
  if (installed === undefined) return false;
  const unasked = Object.entries(installed).some(
    ([place, entry]) => !isSame(entry, wanted[place]) || !runsHere(entry),
  );
  const absent = Object.entries(wanted).some(
    ([place, entry]) => place !== "" && !isOptional(entry) && installed[place] === undefined,
  );
  return !unasked && !absent;
}

/** Where npm keeps its own record of what it installed. */
export function recordFile(root) {
  return path.join(root, "node_modules", ".package-lock.json");
}

function installedPackages(root) {
  try {
    return JSON.parse(readFileSync(recordFile(root), "utf8")).packages;
  } catch {
    return undefined;
  }
}

function isOptional({ optional, devOptional }) {
  return optional === true || devOptional === true;
}

function isSame(entry, wanted) {
  return entry.version === wanted?.version && entry.integrity === wanted?.integrity;
}

function runsHere({ os, cpu }) {
  return allows(os, process.platform) && allows(cpu, process.arch);
}

/** package.json's `os` and `cpu`: a name or a list; "!name" excludes. */
function allows(list, value) {
  const names = [list ?? []].flat();
  const wanted = names.filter((name) => !name.startsWith("!"));
  return !names.includes(`!${value}`) && (wanted.length === 0 || wanted.includes(value));
}

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, os?: string | string[], cpu?: string | string[] }} LockedPackage */
