import protocol from "@pulumi/pulumi/proto/language_pb.js";
import type { ChildEnd, RunningChild } from "./children.ts";
import type { HostContext } from "./language-runtime.ts";
import { optionVariables, runtimeOptions } from "./runtime-options.ts";
import { sdkRunner } from "./sdk-runner.ts";

/** The exit code by which the SDK says that the program failed and that it has told the user why. */
const alreadyReported = 32;

/** Runs a program to its end: by then it has registered all its resources with the engine, or failed. */
export async function runProgram(
  request: protocol.RunRequest,
  { engineAddress, children }: HostContext,
  programs: Set<RunningChild>,
  cancelled: AbortSignal,
): Promise<protocol.RunResponse> {
  const info = request.getInfo() ?? new protocol.ProgramInfo();
  const options = runtimeOptions(info.getOptions()?.toJavaScript() ?? {});
  const runner = sdkRunner("run", info.getProgramDirectory());

  // What the program writes is the user's to see: it goes where the host's own output goes, to the engine's display.
  const program = children.startNode(
    [...options.nodeArguments, runner, ...runnerArguments(request, info, engineAddress)],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        ...optionVariables(options),
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      },
    },
  );
  programs.add(program);
  cancelled.addEventListener("abort", () => {
    program.end();
  });
  try {
    return runResponse(await program.ended);
  } finally {
    programs.delete(program);
  }
}

/** The arguments of the SDK's starter: its flags, the entry point, then the program's own arguments. */
export function runnerArguments(
  request: protocol.RunRequest,
  info: protocol.ProgramInfo,
  engineAddress: string | undefined,
): string[] {
  const flags: Record<string, string | undefined> = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info.getRootDirectory(),
    stack: request.getStack(),
    pwd: info.getProgramDirectory(),
    parallel: String(request.getParallel()),
  };
  return [
    ...Object.entries(flags).flatMap(([name, value]) => (value ? [`--${name}=${value}`] : [])),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info.getEntryPoint() || ".",
    ...request.getArgsList(),
  ];
}

/** What the engine is told of a program's end. It has shown what the program wrote already. */
export function runResponse({ code, signal }: ChildEnd): protocol.RunResponse {
  const response = new protocol.RunResponse();
  if (code === 0) return response;
  if (code === alreadyReported) return response.setBail(true);
  return response.setError(
    signal === null
      ? `The program ended with exit code ${code ?? "?"}.`
      : `The program was ended by ${signal}.`,
  );
}
