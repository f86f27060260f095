import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { EngineUnavailableError } from "../../toolchain/engine-unavailable.ts";
import { ensureEngine, type EngineMaker } from "../../toolchain/engine.ts";
import { ownHostFolder } from "../../toolchain/find-language-host.ts";
import { engineVersion } from "../../toolchain/version.ts";
import { temporaryFolder, write, writeCommand } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

const right = `echo v${engineVersion}`;
const wrong = "echo v3.100.0";
const broken = "exit 1";

/** A machine with these CLIs, whose download and build give these; undefined is none, or failure. */
interface Machine {
  readonly cached?: string;
  readonly installed?: string;
  readonly download?: string;
  readonly build?: string;
}

function machine({ cached, installed, download, build }: Machine) {
  const home = temporaryFolder();
  const folder = path.join(home, "versions", engineVersion);
  const bin = temporaryFolder();
  if (cached !== undefined) writeCommand(path.join(folder, "bin/pulumi"), cached);
  if (installed !== undefined) writeCommand(path.join(bin, "pulumi"), installed);
  const makers = {
    download: vi.fn(maker(download, "there is no internet")),
    build: vi.fn(maker(build, "Go is not installed")),
  };
  const env = { PULUMI_HOME: home, PATH: `${bin}:/usr/bin:/bin` };
  return {
    home,
    folder,
    bin,
    env,
    ...makers,
    ensure: () => ensureEngine({ report: () => undefined, env }, makers),
  };
}

function maker(script: string | undefined, failure: string): EngineMaker {
  return (folder) => {
    if (script === undefined) {
      write(path.join(folder, "bin/pulumi"), "half"); // What it leaves must not be taken for an engine.
      return Promise.reject(new Error(failure));
    }
    writeCommand(path.join(folder, "bin/pulumi"), script);
    return Promise.resolve();
  };
}

test.each<[string, Machine, string | undefined, number, number]>([
  // title, the machine, the source, calls of the download, calls of the build
  [
    "the cached one before all",
    { cached: right, installed: right, download: right, build: right },
    "cached",
    0,
    0,
  ],
  [
    "the installed one before a download",
    { installed: right, download: right, build: right },
    "installed",
    0,
    0,
  ],
  ["an installed one where the cached one is old", { cached: wrong, installed: right }, "installed", 0, 0],
  [
    "the download where the installed one is old",
    { installed: wrong, download: right, build: right },
    "downloaded",
    1,
    0,
  ],
  ["the download in the place of a broken one", { cached: broken, download: right }, "downloaded", 1, 0],
  ["the build where the download fails", { build: right }, "built", 1, 1],
  ["the build where the download is broken", { download: broken, build: right }, "built", 1, 1],
  ["the build where the download is another version", { download: wrong, build: right }, "built", 1, 1],
  ["the build in the place of a broken one", { cached: broken, build: right }, "built", 1, 1],
  ["none where there is none", {}, undefined, 1, 1],
  [
    "none where all are broken",
    { cached: broken, installed: wrong, download: wrong, build: broken },
    undefined,
    1,
    1,
  ],
])("takes %s", async (_, machineArgs, source, downloads, builds) => {
  const { ensure, folder, bin, download, build } = machine(machineArgs);
  if (source === undefined) {
    await expect(ensure()).rejects.toThrow(EngineUnavailableError);
  } else {
    const engine = await ensure();
    const place = source === "installed" ? path.join(bin, "pulumi") : path.join(folder, "bin/pulumi");
    expect(engine).toMatchObject({ source, command: place, version: engineVersion });
    const again = await ensure();
    expect(again.source).toBe(source === "installed" ? "installed" : "cached");
  }
  expect(download).toHaveBeenCalledTimes(downloads);
  expect(build).toHaveBeenCalledTimes(builds);
});

test("says what was tried and what to install where there is none", async () => {
  const { ensure, home, bin } = machine({ cached: broken, installed: wrong });
  const error = await ensure().catch((reason: unknown) => reason);
  expect((error as Error).message.split("\n")).toEqual([
    `The Pulumi engine ${engineVersion} is not on this machine and could not be had:`,
    `  ${home}/versions/${engineVersion}/bin/pulumi: ends with 1 when asked for its version`,
    `  ${bin}/pulumi: says that it is v3.100.0`,
    "  the official download: there is no internet",
    "  the build from Go modules: Go is not installed",
    "Install one of these two and try again:",
    `  the Pulumi CLI ${engineVersion}: https://www.pulumi.com/docs/install (exactly this version)`,
    expect.stringMatching(/^ {2}Go 1\.\d+\.\d+ or newer, from which it can be built: https:\/\/go\.dev\/dl$/),
  ]);
});

test("tells the build why there was no download", async () => {
  const { ensure, build } = machine({ build: right });
  await ensure();
  expect(build.mock.calls[0]?.[1].reason).toBe("the official download: there is no internet");
});

describe("the cache", () => {
  test("keeps nothing of what failed", async () => {
    const { ensure, home } = machine({ download: wrong });
    await expect(ensure()).rejects.toThrow();
    expect(readdirSync(path.join(home, "versions"))).toEqual([]);
  });

  test("keeps an old CLI that nothing better was found for", async () => {
    const { ensure, folder } = machine({ cached: wrong });
    await expect(ensure()).rejects.toThrow();
    expect(existsSync(path.join(folder, "bin/pulumi"))).toBe(true);
  });

  test("is rid of what killed runs have left", async () => {
    const { ensure, home } = machine({ build: right });
    write(path.join(home, `versions/.${engineVersion}-abc123/bin/pulumi`), "half");
    await ensure();
    expect(readdirSync(path.join(home, "versions"))).toEqual([engineVersion]);
  });

  test("is filled once by two runs at the same time, and the second says that it waits", async () => {
    const { ensure, env, build, download } = machine({ download: right });
    download.mockImplementation(async (folder) => {
      await sleep(300);
      writeCommand(path.join(folder, "bin/pulumi"), right);
    });
    const report = vi.fn();
    const first = ensure();
    await vi.waitFor(() => {
      expect(download).toHaveBeenCalled();
    });
    const second = await ensureEngine({ report, env }, { download, build });
    expect((await first).source).toBe("downloaded");
    expect(second.source).toBe("cached");
    expect(report.mock.calls).toEqual([[{ kind: "waiting" }]]);
    expect(download).toHaveBeenCalledTimes(1);
  });
});

test("ends with the signal's reason, and goes on to no other source", async () => {
  const { env, home, build } = machine({ build: right });
  const stop = new AbortController();
  const download: EngineMaker = () => {
    stop.abort(new Error("enough"));
    return Promise.reject(new Error("killed"));
  };
  const ensuring = ensureEngine({ report: () => undefined, env, signal: stop.signal }, { download, build });
  await expect(ensuring).rejects.toThrow("enough");
  expect(build).not.toHaveBeenCalled();
  expect(readdirSync(path.join(home, "versions"))).toEqual([]);
});

describe("the language host", () => {
  test.each<[string, (place: { folder: string; bin: string }) => string | undefined, "official" | "own"]>([
    ["beside the CLI is the official one", ({ folder }) => path.join(folder, "bin"), "official"],
    ["on PATH is the official one", ({ bin }) => bin, "official"],
    ["is the project's own where there is none", () => undefined, "own"],
  ])("%s", async (_, place, expected) => {
    const set = machine({ cached: right });
    const host = place(set);
    if (host !== undefined) writeCommand(path.join(host, "pulumi-language-nodejs"), "true");
    const engine = await set.ensure();
    expect(engine.languageHost).toBe(expected);

    const folders = engine.env().PATH?.split(":") ?? [];
    expect(folders.includes(ownHostFolder)).toBe(expected === "own");
  });

  test("of the project is not official for being on PATH already", async () => {
    const { env, download, build } = machine({ cached: right });
    const nested = { ...env, PATH: `${ownHostFolder}:${env.PATH}` };
    const engine = await ensureEngine({ report: () => undefined, env: nested }, { download, build });
    expect(engine.languageHost).toBe("own");
  });
});

test("the engine's environment has this Node, the CLI, then what was on PATH, and the project's host last", async () => {
  const { ensure, folder, bin } = machine({ cached: right });
  const engine = await ensure();
  const env = engine.env({ EXTRA: "1" });
  expect(env.PATH?.split(":")).toEqual([
    path.dirname(process.execPath),
    path.join(folder, "bin"),
    bin,
    "/usr/bin",
    "/bin",
    ownHostFolder,
  ]);
  expect(env).toMatchObject({ EXTRA: "1", PULUMI_SKIP_UPDATE_CHECK: "true" });
  expect(engine.env({ PULUMI_SKIP_UPDATE_CHECK: "false" }).PULUMI_SKIP_UPDATE_CHECK).toBe("false");
});
