import { mkdir } from "node:fs/promises";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cliIn } from "./cli.ts";
import { runCommand, type CommandResult } from "./command.ts";
import type { EngineStep } from "./engine-step.ts";

/** The module that pins the engine's source: go.mod and go.sum. */
const engineModule = fileURLToPath(new URL("engine/", import.meta.url));
const cliPackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/** The oldest Go that builds the engine, as go.mod says it. */
export function requiredGo(): string {
  const directive = /^go (\S+)$/m.exec(readFileSync(path.join(engineModule, "go.mod"), "utf8"));
  if (directive?.[1] === undefined) throw new Error("toolchain/engine/go.mod has no go directive");
  return directive[1];
}

export interface BuildOptions {
  readonly version: string;
  /** Why it is built, for the reports. */
  readonly reason: string;
  readonly report: (step: EngineStep) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Builds the engine's CLI from Go modules into `folder`/bin. What an interrupted build has compiled is in Go's own
 * cache: the next one goes on from there. Rejects with the reason if it can't be built.
 */
export async function buildFromGo(folder: string, options: BuildOptions): Promise<void> {
  const { version, reason, report, env, signal } = options;
  const flags = [
    "-buildvcs=false",
    `-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`,
  ];
  await mkdir(path.join(folder, "bin"), { recursive: true });

  // As the official releases are built; thus a C compiler without its headers does no harm.
  const settings = { GOFLAGS: `${env.GOFLAGS ?? ""} -mod=readonly`.trim(), GOWORK: "off", CGO_ENABLED: "0" };
  const go = async (args: string[], onLine: (line: string) => void) => {
    const result = await runGo(args, { ...env, ...settings }, onLine, signal);
    if (result.code !== 0) throw new Error(`go ${args[0] ?? ""} failed: ${complaint(result)}`);
    return result;
  };

  await go(["version"], () => undefined);
  let modules = 0;
  report({ kind: "fetching-modules", reason, done: modules });
  const stale = await go(
    ["list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", ...flags, cliPackage],
    (line) => {
      if (line.startsWith("go: downloading ")) report({ kind: "fetching-modules", reason, done: ++modules });
    },
  );

  // The command itself is always among them, for it is to be linked anew.
  const total = stale.stdout.split("\n").filter((line) => line !== "").length;
  let done = 0;
  report(total > 1 ? { kind: "compiling", reason, done, total } : { kind: "linking", reason });
  await go(["build", "-v", "-o", cliIn(folder), ...flags, cliPackage], (line) => {
    if (!isPackage(line)) return;
    done += 1;
    // It is the last package; what follows is the linker, which says nothing for half a minute.
    report(line === cliPackage ? { kind: "linking", reason } : { kind: "compiling", reason, done, total });
  });
}

async function runGo(
  args: string[],
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<CommandResult> {
  try {
    return await runCommand("go", args, { cwd: engineModule, env, signal, onLine });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new Error("Go is not installed", { cause: error });
    }
    throw error;
  }
}

/** `go build -v` names each package that it compiles, among its other messages: "go: …", "# package", "file.go:1:2: …". */
function isPackage(line: string): boolean {
  return /^[\w./~-]+$/.test(line);
}

/** What went wrong, of all that Go wrote: the packages and downloads say nothing about it. */
function complaint({ stderr, code, signal }: CommandResult): string {
  const said = stderr
    .split("\n")
    .filter((line) => line !== "" && !isPackage(line) && !line.startsWith("go: downloading "));
  return said.length > 0 ? said.slice(0, 3).join("; ") : `it ended with ${String(code ?? signal)}`;
}
