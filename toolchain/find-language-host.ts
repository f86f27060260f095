import path from "node:path";
import { fileURLToPath } from "node:url";
import { isExecutable, pathFolders } from "./cli.ts";

/** Where the project keeps its own language host. */
export const ownHostFolder = fileURLToPath(new URL("language-host", import.meta.url));

/**
 * Whether the engine whose CLI is `command` finds an official Node.js language host: beside itself, or on PATH. The
 * releases bring one along; an engine built from Go modules has none.
 */
export function hasOfficialHost(command: string, env: NodeJS.ProcessEnv): boolean {
  const names = process.platform === "win32" ? ["pulumi-language-nodejs.exe"] : ["pulumi-language-nodejs"];
  return [path.dirname(command), ...pathFolders(env)]
    .filter((folder) => path.resolve(folder) !== path.resolve(ownHostFolder))
    .some((folder) => names.some((name) => isExecutable(path.join(folder, name))));
}
