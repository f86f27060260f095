import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { EngineStep } from "../../toolchain/engine-step.ts";
import { buildFromGo } from "../../toolchain/go-build.ts";
import { temporaryFolder, writeCommand } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

const cliPackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/** Builds with a `go` that is this script; it finds its log in $LOG. */
async function build(script: string, env: NodeJS.ProcessEnv = {}) {
  const folder = temporaryFolder();
  const bin = temporaryFolder();
  writeCommand(path.join(bin, "go"), script);
  const log = path.join(bin, "log");
  const steps: EngineStep[] = [];
  const done = buildFromGo(folder, {
    version: "3.259.0",
    reason: "no internet",
    report: (step) => steps.push(step),
    env: { PATH: `${bin}:/usr/bin:/bin`, LOG: log, ...env },
  });
  const error = await done.catch((reason: unknown) => reason);
  return { folder, steps, error, log: existsSync(log) ? readFileSync(log, "utf8") : "" };
}

/** A Go that has to fetch two modules and compile three packages. */
const go = `
echo "$PWD $GOFLAGS $GOWORK $CGO_ENABLED $*" >> "$LOG"
case "$1" in
  list)
    echo "go: downloading github.com/a/b v1.0.0" >&2
    echo "go: downloading github.com/c/d v0.0.1-rc.1" >&2
    printf 'bytes\\n\\ngithub.com/a/b\\n${cliPackage}\\n' ;;
  build)
    printf 'bytes\\n# github.com/a/b\\ngithub.com/a/b\\n' >&2
    echo "${cliPackage}" >&2
    while [ "$1" != -o ]; do shift; done
    echo built > "$2" ;;
esac`;

test("builds the CLI into the folder, from the module of this project", async () => {
  const { folder, log, error } = await build(go);
  expect(error).toBeUndefined();
  expect(readFileSync(path.join(folder, "bin/pulumi"), "utf8")).toBe("built\n");
  expect(log).toContain("/toolchain/engine -mod=readonly off 0 build -v -o ");
  expect(log).toContain(
    "-buildvcs=false -ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0",
  );
});

test("keeps the user's GOFLAGS before its own", async () => {
  const { log } = await build(go, { GOFLAGS: "-mod=mod -modcacherw" });
  expect(log).toContain(" -mod=mod -modcacherw -mod=readonly off ");
});

test("reports the modules fetched, the packages compiled of all that must be, and the linking", async () => {
  const { steps } = await build(go);
  const reason = "no internet";
  expect(steps).toEqual([
    { kind: "fetching-modules", reason, done: 0 },
    { kind: "fetching-modules", reason, done: 1 },
    { kind: "fetching-modules", reason, done: 2 },
    { kind: "compiling", reason, done: 0, total: 3 },
    { kind: "compiling", reason, done: 1, total: 3 },
    { kind: "compiling", reason, done: 2, total: 3 },
    { kind: "linking", reason },
  ]);
});

test("reports the linking at once where Go has compiled everything before", async () => {
  const { steps } = await build(`[ "$1" != list ] || echo ${cliPackage}`);
  expect(steps.at(-1)).toEqual({ kind: "linking", reason: "no internet" });
});

describe("says why it can't be built:", () => {
  test("there is no Go", async () => {
    const options = {
      version: "3.259.0",
      reason: "",
      report: () => undefined,
      env: { PATH: temporaryFolder() },
    };
    await expect(buildFromGo(temporaryFolder(), options)).rejects.toThrow("Go is not installed");
  });

  const tooOld = "go: go.mod requires go >= 1.25.11 (running go 1.22.2; GOTOOLCHAIN=local)";
  test.each([
    ["Go is too old", `[ "$1" != list ] || { echo "${tooOld}" >&2; exit 1; }`, `go list failed: ${tooOld}`],
    [
      "a module can't be fetched",
      `[ "$1" != list ] || { echo "go: downloading x.org/y v1.0.0" >&2; echo "x.go:1:2: dial tcp: no route" >&2; exit 1; }`,
      "go list failed: x.go:1:2: dial tcp: no route",
    ],
    [
      "the disk is full",
      `[ "$1" != build ] || { printf 'bytes\\nstrings\\nlink: no space left on device\\n' >&2; exit 1; }`,
      "go build failed: link: no space left on device",
    ],
    ["it is killed", `[ "$1" != build ] || kill -9 $$`, "go build failed: it ended with SIGKILL"],
  ])("%s", async (_, script, message) => {
    const { error } = await build(script);
    expect((error as Error).message).toBe(message);
  });
});
