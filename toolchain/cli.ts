import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { runCommand } from "./command.ts";

/** Milliseconds that a Pulumi CLI may take to say its version; it takes 200 where it is whole. */
const patience = 20_000;

/** Where the engine of `version` lives. The npm package `pulumi` and Pulumi's automation API keep it there as well. */
export function cacheFolder(version: string, env: NodeJS.ProcessEnv): string {
  const home = env.PULUMI_HOME ?? path.join(homedir(), ".pulumi");
  return path.join(path.resolve(home), "versions", version);
}

/** The CLI in a folder as the official installer fills it. */
export function cliIn(folder: string): string {
  return path.join(folder, "bin", executableName("pulumi"));
}

export function executableName(name: string): string {
  return process.platform === "win32" ? `${name}.exe` : name;
}

/**
 * Why `command` is no Pulumi CLI of `version`, undefined if it is one: a phrase such as "says that it is v3.100.0".
 * It is run to find out, so that half a file is never taken for one.
 */
export async function cliFault(
  command: string,
  version: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (!isExecutable(command)) return "is not there";
  const limit = AbortSignal.timeout(patience);
  try {
    const result = await runCommand(command, ["version"], {
      env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    const said = result.stdout.trim();
    if (result.code !== 0)
      return `ends with ${String(result.code ?? result.signal)} when asked for its version`;
    return said === `v${version}` ? undefined : `says that it is ${said === "" ? "nothing" : said}`;
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return `does not say its version within ${patience / 1000} seconds`;
    return `does not run (${error instanceof Error ? error.message : String(error)})`;
  }
}

/**
 * The Pulumi CLIs on PATH, in its order. The npm package's command of that name is left out: it is a script that would
 * download the CLI when it is called.
 */
export function installedClis(env: NodeJS.ProcessEnv): string[] {
  return pathFolders(env)
    .map((folder) => path.join(folder, executableName("pulumi")))
    .filter(
      (command) => isExecutable(command) && !realpathSync(command).split(path.sep).includes("node_modules"),
    );
}

/** The folders on PATH. */
export function pathFolders(env: NodeJS.ProcessEnv): string[] {
  return (env[pathVariable(env)] ?? "").split(path.delimiter).filter((folder) => folder !== "");
}

/** Windows calls it "Path", and does not mind how it is written. */
export function pathVariable(env: NodeJS.ProcessEnv): string {
  return Object.keys(env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
