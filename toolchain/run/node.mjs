import { spawnSync } from "node:child_process";
import path from "node:path";

/** The oldest Node that runs the project's TypeScript as it is, without a flag. */
const typeStripping = [22, 19];

/** Where the optional package `node-PLATFORM-ARCH` keeps its Node, relative to the project. */
function bundledPath() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const executable = process.platform === "win32" ? "node.exe" : "node";
  return path.join("node_modules", `node-${platform}-${process.arch}`, "bin", executable);
}

/**
 * The bundled Node if there is one that runs here: it may be missing for this platform, or built for another C library.
 *
 * @param {string} root the project
 * @returns {string | null} relative to the project
 */
export function findBundledNode(root) {
  const file = bundledPath();
  const { status } = spawnSync(path.join(root, file), ["--version"], { stdio: "ignore" });
  return status === 0 ? file : null;
}

/**
 * The Node that runs the project: the bundled one, so that everybody has the same, else this one if it is new enough.
 *
 * @param {string} root the project
 * @param {string | null} bundled what `findBundledNode` found when the dependencies were installed
 * @returns {string} absolute path
 */
export function chooseNode(root, bundled) {
  if (bundled !== null) return path.join(root, bundled);
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > typeStripping[0] || (major === typeStripping[0] && minor >= typeStripping[1])) {
    return process.execPath;
  }
  throw new Error(
    `okmail runs on Node 24. The bundled one does not run on this machine (${process.platform}-${process.arch}), ` +
      `and Node ${process.versions.node} is older than ${typeStripping.join(".")}. ` +
      "Install Node 24 from https://nodejs.org and try again.",
  );
}

/**
 * The environment in which everything finds the chosen Node and the commands of the dependencies first.
 *
 * @param {string} root the project
 * @param {string} node absolute path
 */
export function childEnvironment(root, node) {
  // Windows calls it "Path" and does not mind; a second variable "PATH" beside it would.
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  const first = [path.dirname(node), path.join(root, "node_modules", ".bin")];
  const rest = (process.env[name] ?? "").split(path.delimiter).filter((entry) => !first.includes(entry));
  return { ...process.env, [name]: [...first, ...rest].join(path.delimiter) };
}
