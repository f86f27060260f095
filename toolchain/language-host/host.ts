// pulumi-language-nodejs [FLAGS…] ENGINE_ADDRESS
//
// Serves the engine's language protocol for Node.js on a port of this machine, writes the port to stdout as the engine
// expects it, and ends when the engine does.

import { parseArgs } from "node:util";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import languageProtocol from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { Children } from "./children.ts";
import { languageRuntime } from "./language-runtime.ts";
import { noSizeLimit } from "./handlers.ts";

const { positionals } = parseArgs({
  options: { tracing: { type: "string" } }, // the one flag of the engine whose value stands apart
  allowPositionals: true,
  strict: false,
});
const engineAddress = positionals.at(-1);

const children = new Children();
const server = new Server(noSizeLimit);
server.addService(languageProtocol.LanguageRuntimeService, languageRuntime({ engineAddress, children }));
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});

let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  server.forceShutdown();
  void children.end().then(() => process.exit(0));
}

// The engine asks plugins to end by SIGINT, and gives them five seconds.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);

// It holds the other end of standard input as long as it lives, so that its death can be told even if it was killed.
// Without an engine (started by hand, for debugging) there is nothing to wait for.
if (engineAddress !== undefined) {
  process.stdin.on("end", end).on("error", end).resume();
}
