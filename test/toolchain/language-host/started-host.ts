import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import languageProtocol from "@pulumi/pulumi/proto/language_grpc_pb.js";
import protocol from "@pulumi/pulumi/proto/language_pb.js";
import structProtocol, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, beforeAll, expect, onTestFinished, vi } from "vitest";
import { temporaryFolder, write } from "../temporary-folder.ts";

const launcher = fileURLToPath(
  new URL("../../../toolchain/language-host/pulumi-language-nodejs", import.meta.url),
);

export type LanguageClient = InstanceType<typeof languageProtocol.LanguageRuntimeClient>;

/** A language host, started as the engine starts it. */
export interface StartedHost {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly client: LanguageClient;
  /** What it has written to standard output and standard error so far, the port included. */
  readonly output: () => string;
}

/** One that lives as long as the test. */
export async function startHost(
  args?: readonly string[],
  options?: { commands: string },
): Promise<StartedHost> {
  const host = await start(args, options);
  onTestFinished(() => end(host));
  return host;
}

/** One for all tests of a file, for those that leave it as it is. */
export function sharedHost(): () => StartedHost {
  let host: StartedHost | undefined;
  beforeAll(async () => {
    host = await start();
  });
  afterAll(async () => {
    if (host) await end(host);
  });
  return () => host ?? expect.unreachable("there is no host before the tests begin");
}

/** `commands` is a folder whose commands come before those of the system. */
async function start(
  args: readonly string[] = ["127.0.0.1:1"],
  { commands = "/nowhere" } = {},
): Promise<StartedHost> {
  const PATH = [commands, path.dirname(process.execPath), process.env.PATH ?? ""].join(path.delimiter);
  const host = spawn(launcher, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, PATH } });
  let output = "";
  host.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  host.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  await Promise.race([once(host.stdout, "data"), once(host, "exit")]);
  const client = new languageProtocol.LanguageRuntimeClient(
    `127.0.0.1:${output.trim()}`,
    credentials.createInsecure(),
  );
  return { process: host, client, output: () => output };
}

async function end({ process: host, client }: StartedHost): Promise<void> {
  client.close();
  host.stdin.end();
  if (host.exitCode === null && host.signalCode === null) await once(host, "exit");
}

/** Calls a unary method: `await call((done) => client.about(request, done))`. */
export function call<Response>(
  start: (done: (error: ServiceError | null, response: Response) => void) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    start((error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

/**
 * A folder with a program whose SDK is these scripts instead of the real starters. Each finds `report(value)`, which
 * writes down what the test is to see.
 */
export function fakeProgram(
  starters: Partial<Record<"run" | "run-plugin" | "run-policy-pack", string>>,
): string {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(starters)) {
    write(path.join(folder, `node_modules/@pulumi/pulumi/cmd/${name}/index.js`), `${prelude}\n${script}`);
  }
  return folder;
}

/** What `look` gives as soon as it does not throw, on a busy machine too. */
export function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: 10_000, interval: 20 });
}

/** What a program has reported. Throws as long as it has not. */
export function reported(folder: string): unknown {
  return JSON.parse(readFileSync(path.join(folder, "report.json"), "utf8"));
}

const prelude = `
const report = (value) => {
  const file = require("node:path").join(__dirname, "../../../../../report.json");
  require("node:fs").writeFileSync(file + ".new", JSON.stringify(value));
  require("node:fs").renameSync(file + ".new", file);
};`;

/** The program in a folder, as the engine describes it. */
export function programInfo(
  folder: string,
  options: Record<string, JavaScriptValue> = {},
): protocol.ProgramInfo {
  return new protocol.ProgramInfo()
    .setRootDirectory(folder)
    .setProgramDirectory(folder)
    .setEntryPoint("index.ts")
    .setOptions(structProtocol.Struct.fromJavaScript(options));
}
