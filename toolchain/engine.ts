import { chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { cacheFolder, cliFault, cliIn, installedClis } from "./cli.ts";
import { downloadOfficial } from "./download.ts";
import { engineEnvironment } from "./engine-environment.ts";
import type { EngineStep } from "./engine-step.ts";
import { EngineUnavailableError, type FailedAttempt } from "./engine-unavailable.ts";
import { hasOfficialHost } from "./find-language-host.ts";
import { buildFromGo } from "./go-build.ts";
import { withLock } from "./lock.mjs";
import { engineVersion } from "./version.ts";

/** A Pulumi CLI of the pinned version that runs on this machine. */
export interface Engine {
  /** Absolute path of the CLI. */
  readonly command: string;
  /** Such as 3.259.0. */
  readonly version: string;
  /** How it was found: `downloaded` and `built` happen once, afterwards it is `cached`. */
  readonly source: "cached" | "installed" | "downloaded" | "built";
  /** Who starts the programs: Pulumi's own Node.js language host, or toolchain/language-host where there is none. */
  readonly languageHost: "official" | "own";
  /** The environment to run it in: everything of `env` and `extra`, and a PATH with Node and the language host. */
  env(extra?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
}

export interface EngineOptions {
  /** Called while it takes long; `describeStep` makes a line of each step. */
  readonly report: (step: EngineStep) => void;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Ends the attempt and everything that it started; `ensureEngine` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What can make an engine: fills `folder`/bin, or rejects with the reason. */
export type EngineMaker = (
  folder: string,
  context: {
    version: string;
    reason: string;
    report: (step: EngineStep) => void;
    env: NodeJS.ProcessEnv;
    signal?: AbortSignal | undefined;
  },
) => Promise<void>;

interface Cli {
  readonly command: string;
  readonly source: Engine["source"];
}

/**
 * Finds the engine of the pinned version or gets it, in this order: the one in the cache of Pulumi, one installed on
 * PATH, the official download, a build from Go modules. What it gets goes to Pulumi's cache, where the npm package
 * `pulumi` finds it too.
 *
 * @throws EngineUnavailableError with what was tried and what to install
 */
export async function ensureEngine(
  options: EngineOptions,
  { download, build }: { download: EngineMaker; build: EngineMaker } = {
    download: downloadOfficial,
    build: buildFromGo,
  },
): Promise<Engine> {
  const { report, env = process.env, signal } = options;
  const folder = cacheFolder(engineVersion, env);
  const failed: FailedAttempt[] = [];

  const findCached = async (): Promise<Cli | undefined> => {
    const command = cliIn(folder);
    const fault = await cliFault(command, engineVersion, env, signal);
    if (fault === undefined) return { command, source: "cached" };
    failed.push({ what: command, reason: fault });
    return undefined;
  };

  const findInstalled = async (): Promise<Cli | undefined> => {
    for (const command of installedClis(env)) {
      const fault = await cliFault(command, engineVersion, env, signal);
      if (fault === undefined) return { command, source: "installed" };
      failed.push({ what: command, reason: fault });
    }
    return undefined;
  };

  const make = async (
    what: string,
    maker: EngineMaker,
    source: Engine["source"],
  ): Promise<Cli | undefined> => {
    const last = failed.at(-1);
    const context = {
      version: engineVersion,
      reason: last ? `${last.what}: ${last.reason}` : "",
      report,
      env,
      signal,
    };
    try {
      await fill(folder, engineVersion, env, (temporary) => maker(temporary, context));
      return { command: cliIn(folder), source };
    } catch (error) {
      signal?.throwIfAborted();
      failed.push({ what, reason: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  };

  let cli = (await findCached()) ?? (await findInstalled());
  if (cli === undefined) {
    await mkdir(path.dirname(folder), { recursive: true });
    const onWait = () => report({ kind: "waiting" });
    cli = await withLock(`${folder}.lock`, { onWait, signal }, async () => {
      failed.length = 0;
      return (
        (await findCached()) ?? // Another run has just put it there.
        (await findInstalled()) ??
        (await make("the official download", download, "downloaded")) ??
        (await make("the build from Go modules", build, "built"))
      );
    });
  }
  if (cli === undefined) throw new EngineUnavailableError(engineVersion, failed);

  const { command, source } = cli;
  const languageHost = hasOfficialHost(command, env) ? "official" : "own";
  return {
    command,
    version: engineVersion,
    source,
    languageHost,
    env: (extra) => engineEnvironment(command, languageHost, { ...env, ...extra }),
  };
}

/**
 * Has `maker` fill a temporary folder, and puts it in the place of `folder` if a CLI in it says the right version.
 * Whatever kills this process, `folder` is never half filled; what remains of killed runs goes with the next one.
 */
async function fill(
  folder: string,
  version: string,
  env: NodeJS.ProcessEnv,
  maker: (temporary: string) => Promise<void>,
): Promise<void> {
  const parent = path.dirname(folder);
  const prefix = `.${path.basename(folder)}-`;
  for (const entry of await readdir(parent)) {
    if (entry.startsWith(prefix)) await rm(path.join(parent, entry), { recursive: true, force: true });
  }

  const temporary = await mkdtemp(path.join(parent, prefix));
  try {
    await chmod(temporary, 0o755);
    await maker(temporary);
    const fault = await cliFault(cliIn(temporary), version, env);
    if (fault !== undefined) throw new Error(`what it made ${fault}`);
    await rm(path.join(temporary, "tmp"), { recursive: true, force: true });
    await rename(folder, `${temporary}-old`).catch(ignoreMissing);
    await rename(temporary, folder);
    await rm(`${temporary}-old`, { recursive: true, force: true });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
