import { existsSync } from "node:fs";
import path from "node:path";
import type { ServerWritableStream } from "@grpc/grpc-js";
import protocol from "@pulumi/pulumi/proto/language_pb.js";
import type { HostContext } from "./language-runtime.ts";

/** `pulumi install`: has npm install what the program needs, exactly as locked where there is a lock file. */
export async function installDependencies(
  request: protocol.InstallDependenciesRequest,
  stream: ServerWritableStream<protocol.InstallDependenciesRequest, protocol.InstallDependenciesResponse>,
  { children }: HostContext,
  cancelled: AbortSignal,
): Promise<void> {
  const directory = request.getInfo()?.getProgramDirectory() ?? request.getDirectory();
  const command = existsSync(path.join(directory, "package-lock.json")) ? "ci" : "install";
  const npm = children.start("npm", [command, "--no-audit", "--no-fund"], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32", // npm is a .cmd there
  });
  cancelled.addEventListener("abort", () => {
    npm.end();
  });
  npm.process.stdout?.on("data", (data: Buffer) => {
    stream.write(new protocol.InstallDependenciesResponse().setStdout(data));
  });
  npm.process.stderr?.on("data", (data: Buffer) => {
    stream.write(new protocol.InstallDependenciesResponse().setStderr(data));
  });
  const { code, signal } = await npm.ended;
  if (code !== 0) throw new Error(`npm ${command} in ${directory} ended with ${code ?? String(signal)}`);
}
