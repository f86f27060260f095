import path from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import protocol from "@pulumi/pulumi/proto/language_pb.js";
import { expect, test, vi } from "vitest";
import { temporaryFolder, write, writeCommand } from "../temporary-folder.ts";
import { programInfo, startHost } from "./started-host.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

/** Has the host install what a program needs, with an npm that says how it was called. */
async function install(files: readonly string[], npm: string) {
  const commands = temporaryFolder();
  writeCommand(path.join(commands, "npm"), npm);
  const folder = temporaryFolder();
  for (const file of files) write(path.join(folder, file), "{}");
  const { client } = await startHost(undefined, { commands });
  const stream = client.installDependencies(
    new protocol.InstallDependenciesRequest().setInfo(programInfo(folder)),
  );
  let output = "";
  stream.on("data", (message: protocol.InstallDependenciesResponse) => {
    for (const part of [message.getStdout_asU8(), message.getStderr_asU8()])
      output += Buffer.from(part).toString();
  });
  const error = await new Promise<ServiceError | undefined>((resolve) => {
    stream.on("end", () => resolve(undefined));
    stream.on("error", (reason) => resolve(reason as ServiceError));
  });
  return { folder, output, error };
}

test.each([
  ["exactly as locked", ["package.json", "package-lock.json"], "ci"],
  ["as package.json says where nothing is locked", ["package.json"], "install"],
])("a program's dependencies are installed %s", async (_, files, command) => {
  const { folder, output, error } = await install(files, 'echo "$PWD $*"; echo care >&2');
  expect(error).toBeUndefined();
  expect(output).toContain(`${folder} ${command} --no-audit --no-fund\n`);
  expect(output).toContain("care\n");
});

test("dependencies that can't be installed are an error, with what npm says", async () => {
  const { folder, output, error } = await install(["package.json"], "echo E404 >&2; exit 1");
  expect(output).toBe("E404\n");
  expect(error?.details).toBe(`npm install in ${folder} ended with 1`);
});
