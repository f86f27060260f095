import { accessSync, constants } from "node:fs";
import path from "node:path";
import { runCommand } from "./command.ts";

/** Where programs of Debian packages lie; the PATH of a root shell may lack the sbin folders. */
export const searchPath = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
] as const;

/** Where `program` lies, undefined if it isn't installed. */
export function installedProgram(program: string): string | undefined {
  return searchPath
    .map((folder) => path.join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Packages can't be installed here; the message is a clause: `this system has no apt-get to install them`. */
export class PackagesUnavailableError extends Error {
  override name = "PackagesUnavailableError";
}

/**
 * Installs Debian packages, as root.
 *
 * @throws PackagesUnavailableError
 */
export async function installPackages(packages: readonly string[], signal?: AbortSignal): Promise<void> {
  if (installedProgram("apt-get") === undefined)
    throw new PackagesUnavailableError("this system has no apt-get to install them");
  const env = {
    ...process.env,
    PATH: searchPath.join(":"),
    LC_ALL: "C.UTF-8",
    DEBIAN_FRONTEND: "noninteractive",
  };
  const install = () =>
    runCommand("apt-get", ["install", "--yes", "--no-install-recommends", ...packages], { env, signal });
  // The lists of a machine that was just set up are missing or old; of others, updating them is lost time.
  let result = await install();
  if (result.code !== 0) {
    await runCommand("apt-get", ["update"], { env, signal });
    result = await install();
  }
  if (result.code !== 0)
    throw new PackagesUnavailableError(
      `apt-get can't install them: ${result.stderr.trim().split("\n").at(-1) ?? ""}`,
    );
}
