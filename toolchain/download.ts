import { copyFileSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCommand } from "./command.ts";
import type { EngineStep } from "./engine-step.ts";

/** The part of the npm package `pulumi` (its lib/download.js) that knows where the official releases are. */
interface Installer {
  installCLI(
    version: string,
    root: string,
    io: { fetchText: (url: string) => Promise<string>; execScript: (script: string, args: string[]) => void },
  ): Promise<void>;
}

export interface DownloadOptions {
  readonly version: string;
  readonly report: (step: EngineStep) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Fetches the install script. @default over HTTPS, within 10 seconds */
  readonly fetchText?: (url: string) => Promise<string>;
  /** Milliseconds without a byte after which the download has failed, however long it may take while it moves. @default 30_000 */
  readonly stallLimit?: number;
}

/**
 * Downloads the official release of the engine, its language hosts with it, into `folder`/bin. Rejects with the reason
 * if it can't be had: within seconds where there is no way to the internet.
 */
export async function downloadOfficial(folder: string, options: DownloadOptions): Promise<void> {
  const { version, report, env, signal, fetchText = fetchSoon, stallLimit = 30_000 } = options;
  const temporary = path.join(folder, "tmp");
  await mkdir(temporary, { recursive: true });
  const { script, args } = await officialInstaller(version, folder, temporary, fetchText);
  signal?.throwIfAborted();

  // The script keeps the archive in the folder for temporary files, so that all its bytes can be watched here.
  const done = new AbortController();
  const stalled = new AbortController();
  const watch = watchGrowth(folder, { report, stallLimit, done: done.signal, stalled });
  const shell = process.platform === "win32" ? powershell(script) : { command: "/bin/sh", args: [script] };
  try {
    const result = await runCommand(shell.command, [...shell.args, ...args], {
      env: { ...env, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
      signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    });
    if (result.code !== 0) throw new Error(lastLine(result.stderr, result.stdout));
  } finally {
    done.abort();
    await watch;
  }
}

/** The install script, saved, and its arguments. The package would also run it, but with no limit of time. */
async function officialInstaller(
  version: string,
  folder: string,
  temporary: string,
  fetchText: (url: string) => Promise<string>,
): Promise<{ script: string; args: string[] }> {
  const installer = createRequire(import.meta.url)("pulumi/lib/download.js") as Installer;
  let args: string[] | undefined;
  let script = "";
  await installer.installCLI(version, folder, {
    fetchText,
    execScript: (original, given) => {
      script = path.join(temporary, `install${path.extname(original)}`);
      copyFileSync(original, script); // The package removes its own.
      args = given;
    },
  });
  if (args === undefined) throw new Error("the npm package `pulumi` no longer runs an install script");
  return { script, args };
}

async function fetchSoon(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`${url} answers HTTP ${response.status}`);
    return await response.text();
  } catch (error) {
    // "fetch failed" tells nothing; its cause does: getaddrinfo ENOTFOUND, connect ECONNREFUSED …
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(cause instanceof Error ? cause.message : String(cause), { cause: error });
  }
}

function powershell(script: string): { command: string; args: string[] } {
  const options = ["-NoProfile", "-InputFormat", "None", "-ExecutionPolicy", "Bypass"];
  return { command: "powershell.exe", args: [...options, "-File", script] };
}

/** Reports the size of `folder` each second, and aborts `stalled` when it has not changed for too long. */
async function watchGrowth(
  folder: string,
  options: {
    report: (step: EngineStep) => void;
    stallLimit: number;
    done: AbortSignal;
    stalled: AbortController;
  },
): Promise<void> {
  const { report, stallLimit, done, stalled } = options;
  let bytes = -1;
  let changed = Date.now();
  while (!done.aborted) {
    const size = await folderSize(folder);
    if (size !== bytes) {
      bytes = size;
      changed = Date.now();
      report({ kind: "downloading", bytes });
    } else if (Date.now() - changed >= stallLimit) {
      stalled.abort(new Error(`nothing came for ${stallLimit / 1000} seconds`));
      return;
    }
    await sleep(Math.min(1000, stallLimit / 4), undefined, { signal: done }).catch(() => undefined);
  }
}

async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) => stat(path.join(entry.parentPath, entry.name)).then(({ size }) => size, gone));
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The installer moves and removes files while they are counted. */
function gone(): number {
  return 0;
}

function lastLine(...outputs: string[]): string {
  const said = outputs.map((output) => output.trim().split("\n").at(-1) ?? "").find((line) => line !== "");
  return said ?? "the install script failed and did not say why";
}
