import { fileURLToPath } from "node:url";
import { childEnvironment, chooseNode } from "./node.mjs";
import { ensureDependencies } from "./dependencies.mjs";
import { exitCode, runChild } from "./child.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Runs `script` with the project's Node, after the locked dependencies are in place. The process ends with the
 * script's exit code, or 128 + n when signal n ended it.
 *
 * @param {string[]} argv the script and its arguments
 */
export async function main([script, ...args]) {
  if (script === undefined) fail("Usage: node toolchain/run.mjs SCRIPT [ARGUMENTS…]", 2);
  try {
    const installed = await ensureDependencies(root);
    const node = chooseNode(root, installed.node);
    process.exitCode = exitCode(
      await runChild(node, [script, ...args], { env: childEnvironment(root, node) }),
    );
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), error?.exitCode ?? 1);
  }
}

function fail(message, code) {
  console.error(message);
  process.exit(code);
}
