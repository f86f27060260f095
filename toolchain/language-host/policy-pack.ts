import type protocol from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { ChildEnd, RunningChild } from "./children.ts";
import type { PluginLaunch } from "./plugin.ts";
import { PolicyPackProxy } from "./policy-pack-proxy.ts";

/**
 * Runs a policy pack. The engine tells a pack its stack only after it has started, by a call; the SDK within the pack
 * wants to know it from the environment when it starts. So a proxy stands in until that call, and then between them.
 */
export async function runPolicyPack(launch: PluginLaunch): Promise<ChildEnd> {
  const { directory, cancelled } = launch;
  using proxy = await PolicyPackProxy.serve();
  cancelled.addEventListener("abort", () => {
    proxy.fail(new Error("the policy pack is no longer wanted"));
  });
  launch.writeOutput(Buffer.from(`${proxy.port}\n`));

  const configuration = await proxy.configuration;
  // The pack finds its package.json in its working directory, and takes its folder as the last argument.
  const pack = launch.start("run-policy-pack", [...launch.arguments, directory], {
    cwd: directory,
    env: configuration ? stackVariables(configuration) : {},
  });
  attachWhenReady(proxy, pack, launch);
  const end = await pack.ended;
  proxy.fail(new Error(`the policy pack ${directory} ended (exit code ${end.code ?? String(end.signal)})`));
  return end;
}

/** The pack's first line is the port that it serves on; what it writes afterwards is for the user. */
function attachWhenReady(proxy: PolicyPackProxy, pack: RunningChild, launch: PluginLaunch): void {
  let head = Buffer.alloc(0);
  let attached = false;
  pack.process.stdout?.on("data", (data: Buffer) => {
    if (attached) {
      launch.writeOutput(data);
      return;
    }
    head = Buffer.concat([head, data]);
    const lineEnd = head.indexOf("\n");
    if (lineEnd < 0) return;
    attached = true;
    const port = head.subarray(0, lineEnd).toString().trim();
    const rest = head.subarray(lineEnd + 1);
    if (/^\d+$/.test(port)) {
      proxy.attach(Number(port)).catch((error: unknown) => {
        proxy.fail(error instanceof Error ? error : new Error(String(error)));
      });
    } else {
      proxy.fail(new Error(`the policy pack wrote "${port}" where its port should be`));
      pack.end();
    }
    if (rest.length > 0) launch.writeOutput(rest);
  });
}

/** What `pulumi.getStack()`, `new pulumi.Config()` and the like answer from within a pack. */
export function stackVariables(configuration: protocol.AnalyzerStackConfigureRequest): NodeJS.ProcessEnv {
  return {
    PULUMI_NODEJS_ORGANIZATION: configuration.getOrganization(),
    PULUMI_NODEJS_PROJECT: configuration.getProject(),
    PULUMI_NODEJS_STACK: configuration.getStack(),
    PULUMI_NODEJS_DRY_RUN: String(configuration.getDryRun()),
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(configuration.getConfigMap().toArray())),
  };
}
