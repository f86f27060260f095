import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import protocol from "@pulumi/pulumi/proto/language_pb.js";
import pluginProtocol from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { engineVersion } from "../version.ts";
import type { Children, RunningChild } from "./children.ts";
import { programDependencies } from "./dependencies.ts";
import { streaming, unary } from "./handlers.ts";
import { installDependencies } from "./install.ts";
import { runPlugin } from "./plugin.ts";
import { runProgram } from "./program.ts";

/** What the host knows of its surroundings. */
export interface HostContext {
  /** The engine's address: given as an argument, or by its handshake if it attached to a running host. */
  engineAddress: string | undefined;
  readonly children: Children;
}

/**
 * The engine's protocol `LanguageRuntime` (pulumi/language.proto) for Node.js. What is not here, such as the generation
 * of code, is answered by UNIMPLEMENTED; the engine needs none of it to preview, update or judge a stack.
 */
export function languageRuntime(host: HostContext): UntypedServiceImplementation {
  const programs = new Set<RunningChild>();

  const service: Partial<ILanguageRuntimeServer> = {
    handshake: unary((request: protocol.LanguageHandshakeRequest) => {
      host.engineAddress = request.getEngineAddress();
      return new protocol.LanguageHandshakeResponse();
    }),
    getPluginInfo: unary(() => new pluginProtocol.PluginInfo().setVersion(engineVersion)),

    // Nothing is asked for in advance: the engine gets a provider when the first resource needs it.
    getRequiredPackages: unary(() => new protocol.GetRequiredPackagesResponse()),
    getRequiredPlugins: unary(() => new protocol.GetRequiredPluginsResponse()),

    run: unary((request: protocol.RunRequest, cancelled) => runProgram(request, host, programs, cancelled)),
    runPlugin: streaming((request: protocol.RunPluginRequest, stream, cancelled) =>
      runPlugin(request, stream, host, cancelled),
    ),
    installDependencies: streaming((request: protocol.InstallDependenciesRequest, stream, cancelled) =>
      installDependencies(request, stream, host, cancelled),
    ),

    about: unary(() =>
      new protocol.AboutResponse().setExecutable(process.execPath).setVersion(process.version),
    ),
    getProgramDependencies: unary((request: protocol.GetProgramDependenciesRequest) => {
      const directory = request.getInfo()?.getProgramDirectory() ?? ".";
      const found = programDependencies(directory, request.getTransitivedependencies());
      return new protocol.GetProgramDependenciesResponse().setDependenciesList(
        found.map(({ name, version }) => new protocol.DependencyInfo().setName(name).setVersion(version)),
      );
    }),
    runtimeOptionsPrompts: unary(() => new protocol.RuntimeOptionsResponse()),
    template: unary(() => new protocol.TemplateResponse()),

    // The engine wants no more resources (Ctrl-C, for one). It ends the policy packs itself.
    cancel: unary(() => {
      for (const program of programs) program.end();
      return new empty.Empty();
    }),
  };
  return service as UntypedServiceImplementation;
}
