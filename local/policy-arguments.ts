import path from "node:path";
import { projectFolder } from "./stack.ts";

/**
 * Arguments that apply the policy pack to an operation on the local cloud. Nobody keeps what is there, so no address is
 * worth protecting; every other rule has its usual level.
 */
export const policyArguments: readonly string[] = [
  "--policy-pack",
  path.join(projectFolder, "policy"),
  "--policy-pack-config",
  path.join(import.meta.dirname, "policy-levels.json"),
];
