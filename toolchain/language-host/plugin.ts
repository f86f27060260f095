import type { ServerWritableStream } from "@grpc/grpc-js";
import protocol from "@pulumi/pulumi/proto/language_pb.js";
import type { ChildEnd, RunningChild } from "./children.ts";
import type { HostContext } from "./language-runtime.ts";
import { runPolicyPack } from "./policy-pack.ts";
import { optionVariables, runtimeOptions } from "./runtime-options.ts";
import { sdkRunner, type Runner } from "./sdk-runner.ts";

/** A plugin that can be started, with what it writes on the way to the engine. */
export interface PluginLaunch {
  /** The folder of the plugin. */
  readonly directory: string;
  readonly arguments: readonly string[];
  readonly cancelled: AbortSignal;
  /** Starts it by a starter of the SDK; the end of the call ends it. Its errors go to the engine, its output to the caller. */
  start(
    runner: Runner,
    args: readonly string[],
    options: { cwd: string; env?: NodeJS.ProcessEnv },
  ): RunningChild;
  readonly writeOutput: (data: Uint8Array) => void;
}

/** Runs a plugin that is written for Node.js, a provider or a policy pack, until it ends or the engine no longer wants it. */
export async function runPlugin(
  request: protocol.RunPluginRequest,
  stream: ServerWritableStream<protocol.RunPluginRequest, protocol.RunPluginResponse>,
  { children }: HostContext,
  cancelled: AbortSignal,
): Promise<void> {
  const directory = request.getInfo()?.getProgramDirectory() ?? ".";
  const options = runtimeOptions(request.getInfo()?.getOptions()?.toJavaScript() ?? {});
  const variables = { ...parseEnvironment(request.getEnvList()), ...optionVariables(options) };

  const launch: PluginLaunch = {
    directory,
    arguments: request.getArgsList(),
    cancelled,
    start: (runner, args, { cwd, env }) => {
      const plugin = children.startNode([...options.nodeArguments, sdkRunner(runner, directory), ...args], {
        stdio: ["ignore", "pipe", "pipe"],
        cwd,
        env: { ...variables, ...env },
      });
      cancelled.addEventListener("abort", () => {
        plugin.end();
      });
      plugin.process.stderr?.on("data", (data: Buffer) => {
        stream.write(new protocol.RunPluginResponse().setStderr(data));
      });
      return plugin;
    },
    writeOutput: (data) => {
      stream.write(new protocol.RunPluginResponse().setStdout(data));
    },
  };

  const run = request.getKind() === "analyzer" ? runPolicyPack : runProvider;
  const end = await run(launch, request.getPwd());
  stream.write(new protocol.RunPluginResponse().setExitcode(end.code ?? -1));
}

async function runProvider(launch: PluginLaunch, cwd: string): Promise<ChildEnd> {
  const plugin = launch.start("run-plugin", [launch.directory, ...launch.arguments], { cwd });
  plugin.process.stdout?.on("data", launch.writeOutput);
  return plugin.ended;
}

/** `["A=1", "B=2=3"]` gives `{ A: "1", B: "2=3" }`; of several values of a name, the last counts. */
export function parseEnvironment(list: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    list.map((entry) => {
      const equals = entry.indexOf("=", 1); // Windows has variables whose names begin with "=".
      return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
