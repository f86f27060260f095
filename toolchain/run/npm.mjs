import { existsSync } from "node:fs";
import path from "node:path";
import { runChild } from "./child.mjs";

/**
 * Runs npm as `runChild` does. Rejects with what to do about it if it can't be started.
 *
 * @param {string[]} args
 * @param {Parameters<typeof runChild>[2]} options
 * @returns {ReturnType<typeof runChild>}
 */
export function runNpm(args, options) {
  const [command, ...before] = npmCommand();
  const shell = command === "npm" && process.platform === "win32"; // npm is a .cmd there
  return runChild(command, [...before, ...args], { shell, ...options }).catch((error) => {
    throw new Error(`npm could not be started (${error.message}). It comes with Node: https://nodejs.org`);
  });
}

/** The npm that runs this script, with the Node that it runs on, else the one on PATH. */
function npmCommand() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script === undefined || path.basename(script) !== "npm-cli.js") return ["npm"];
  return [node !== undefined && existsSync(node) ? node : process.execPath, script];
}
