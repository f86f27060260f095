import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { engineVersion } from "../../toolchain/version.ts";
import { temporaryFolder, writeCommand } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

const script = fileURLToPath(new URL("../../toolchain/pulumi-command.ts", import.meta.url));

/** Calls the command where the cached engine is this script, apart from telling its version. */
function pulumiCommand(engine: string, ...args: string[]) {
  const home = temporaryFolder();
  const cli = path.join(home, "versions", engineVersion, "bin/pulumi");
  writeCommand(cli, `[ "$1" = version ] && { echo v${engineVersion}; exit; }\n${engine}`);
  return spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    input: "yes\n",
    env: { PATH: process.env.PATH, PULUMI_HOME: home },
  });
}

test("is the pinned engine, with its arguments, its input and output, and its exit code", () => {
  const { stdout, status } = pulumiCommand('read answer; echo "$answer $*"; exit 3', "up", "-s", "two words");
  expect({ stdout, status }).toEqual({ stdout: "yes up -s two words\n", status: 3 });
});

test("ends as the shell would say it where a signal has ended the engine", () => {
  expect(pulumiCommand("kill -9 $$", "up").status).toBe(137);
});

test("finds a language host", () => {
  const { stdout } = pulumiCommand("command -v pulumi-language-nodejs", "up");
  expect(path.basename(stdout.trim())).toBe("pulumi-language-nodejs");
});
