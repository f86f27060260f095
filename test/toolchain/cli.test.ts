import { openSync, readSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { cacheFolder, cliFault, installedClis } from "../../toolchain/cli.ts";
import { temporaryFolder, write, writeCommand } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

describe("a CLI", () => {
  test.each([
    ["that says the right version", 'echo "v3.259.0"', undefined],
    ["of another version", 'echo "v3.100.0"', "says that it is v3.100.0"],
    ["of a development version", 'echo "v3.259.0-dev.1"', "says that it is v3.259.0-dev.1"],
    ["that says nothing", "true", "says that it is nothing"],
    ["that fails", "echo v3.259.0; exit 3", "ends with 3 when asked for its version"],
    ["that is killed", "kill -9 $$", "ends with SIGKILL when asked for its version"],
  ])("%s: %s gives %s", async (_, script, fault) => {
    const command = writeCommand(path.join(temporaryFolder(), "pulumi"), script);
    expect(await cliFault(command, "3.259.0", process.env)).toBe(fault);
  });

  test("that is only half there has a fault, whatever the system makes of it", async () => {
    const command = path.join(temporaryFolder(), "pulumi");
    const half = Buffer.alloc(100_000);
    readSync(openSync(process.execPath, "r"), half);
    writeFileSync(command, half, { mode: 0o755 });
    expect(await cliFault(command, process.versions.node, process.env)).toBeDefined();
  });

  test.each<[string, (folder: string) => string]>([
    ["that is missing", (folder) => path.join(folder, "pulumi")],
    ["that is a folder", (folder) => folder],
    ["that can't be executed", (folder) => write(path.join(folder, "pulumi"), "#!/bin/sh\necho v3.259.0\n")],
  ])("%s is not there", async (_, command) => {
    expect(await cliFault(command(temporaryFolder()), "3.259.0", process.env)).toBe("is not there");
  });

  test("is not asked about updates", async () => {
    const command = writeCommand(path.join(temporaryFolder(), "pulumi"), 'echo "v$PULUMI_SKIP_UPDATE_CHECK"');
    expect(await cliFault(command, "true", {})).toBeUndefined();
  });

  test("is no longer asked when the wish is gone", async () => {
    const command = writeCommand(path.join(temporaryFolder(), "pulumi"), "sleep 30");
    const asked = cliFault(command, "3.259.0", process.env, AbortSignal.timeout(100));
    await expect(asked).rejects.toThrow("timeout");
  });
});

test("the CLIs on PATH come in its order, without those of npm packages", () => {
  const folder = temporaryFolder();
  const first = writeCommand(path.join(folder, "first/pulumi"), "true");
  const wrapper = writeCommand(path.join(folder, "lib/node_modules/pulumi/run.js"), "true");
  write(path.join(folder, "global/README"), "");
  symlinkSync(wrapper, path.join(folder, "global/pulumi"));
  writeCommand(path.join(folder, "node_modules/.bin/pulumi"), "true");
  const last = writeCommand(path.join(folder, "last/pulumi"), "true");
  const names = ["node_modules/.bin", "first", "nowhere", "global", "last"];
  const PATH = names.map((name) => path.join(folder, name)).join(path.delimiter);
  expect(installedClis({ PATH })).toEqual([first, last]);
});

test.each([
  [{ PULUMI_HOME: "/opt/pulumi" }, "/opt/pulumi/versions/3.259.0"],
  [{}, path.join(process.env.HOME ?? "", ".pulumi/versions/3.259.0")],
])("with %j the cache is %s", (env, folder) => {
  expect(cacheFolder("3.259.0", env)).toBe(folder);
});
