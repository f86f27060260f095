import path from "node:path";
import { pathFolders, pathVariable } from "./cli.ts";
import { ownHostFolder } from "./find-language-host.ts";

/**
 * The environment for the CLI `command`: `base` with the Node that runs this process first on PATH, so that programs
 * run on the same one, then the CLI's folder with the language hosts of its release. The project's own language host
 * comes last, and only where it is needed, for the engine takes the first that it finds.
 */
export function engineEnvironment(
  command: string,
  languageHost: "official" | "own",
  base: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const folders = [path.dirname(process.execPath), path.dirname(command), ...pathFolders(base)].filter(
    (folder) => folder !== ownHostFolder,
  );
  if (languageHost === "own") folders.push(ownHostFolder);
  return {
    // The version is pinned: that there is a newer one is no news to the user.
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...base,
    [pathVariable(base)]: [...new Set(folders)].join(path.delimiter),
  };
}
