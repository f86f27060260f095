import { createRequire } from "node:module";
import { Client, credentials, status, type ServiceError } from "@grpc/grpc-js";
import analyzerProtocol from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzer from "@pulumi/pulumi/proto/analyzer_pb.js";
import protocol from "@pulumi/pulumi/proto/language_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";
import {
  call,
  eventually,
  fakeProgram,
  programInfo,
  reported,
  sharedHost,
  type LanguageClient,
} from "./started-host.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

const host = sharedHost();

/** Starts a plugin and gathers what the host passes on of it. */
function runPlugin(client: LanguageClient, request: protocol.RunPluginRequest) {
  const stream = client.runPlugin(request);
  const seen = { stdout: "", stderr: "", exitCode: undefined as number | undefined };
  stream.on("data", (message: protocol.RunPluginResponse) => {
    seen.stdout += Buffer.from(message.getStdout_asU8()).toString();
    seen.stderr += Buffer.from(message.getStderr_asU8()).toString();
    if (message.hasExitcode()) seen.exitCode = message.getExitcode();
  });
  const ended = new Promise<ServiceError | undefined>((resolve) => {
    stream.on("end", () => resolve(undefined));
    stream.on("error", (error) => resolve(error as ServiceError));
  });
  return { stream, seen, ended };
}

describe("a provider", () => {
  test("is started with its folder, the engine's arguments and only the environment that it is given", async () => {
    const { client } = host();
    const folder = fakeProgram({
      "run-plugin": "report({ argv: process.argv.slice(2), cwd: process.cwd(), env: process.env })",
    });
    const pwd = temporaryFolder();
    const request = new protocol.RunPluginRequest()
      .setInfo(programInfo(folder, { typescript: false }))
      .setKind("resource")
      .setPwd(pwd)
      .setArgsList(["127.0.0.1:9"])
      .setEnvList(["A=first", "A=1", "B=2=3"]);
    const { seen, ended } = runPlugin(client, request);
    expect(await ended).toBeUndefined();
    expect(seen).toEqual({ stdout: "", stderr: "", exitCode: 0 });
    expect(reported(folder)).toEqual({ argv: [folder, "127.0.0.1:9"], cwd: pwd, env: { A: "1", B: "2=3" } });
  });

  test("has its output, its errors and its exit code passed on", async () => {
    const { client } = host();
    const script = `process.stdout.write("4711\\n"); process.stderr.write("care\\n"); process.exitCode = 5;`;
    const info = programInfo(fakeProgram({ "run-plugin": script }));
    const { seen, ended } = runPlugin(client, new protocol.RunPluginRequest().setInfo(info).setPwd("."));
    expect(await ended).toBeUndefined();
    expect(seen).toEqual({ stdout: "4711\n", stderr: "care\n", exitCode: 5 });
  });

  test("ends when the engine no longer wants it", async () => {
    const { client } = host();
    const folder = fakeProgram({ "run-plugin": "report(process.pid); setInterval(() => {}, 1000)" });
    const info = programInfo(folder);
    const { stream, ended } = runPlugin(client, new protocol.RunPluginRequest().setInfo(info).setPwd("."));
    const pid = await eventually(() => reported(folder) as number);
    stream.cancel();
    await ended;
    await eventually(() => {
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    });
  });
});

/** A policy pack that serves and answers with what it knows of its stack. */
const pack = `
const grpc = require(${JSON.stringify(createRequire(import.meta.url).resolve("@grpc/grpc-js"))});
const { AnalyzerService } = require(${JSON.stringify(createRequire(import.meta.url).resolve("@pulumi/pulumi/proto/analyzer_grpc_pb.js"))});
const messages = require(${JSON.stringify(createRequire(import.meta.url).resolve("@pulumi/pulumi/proto/analyzer_pb.js"))});
const server = new grpc.Server();
let tags;
server.addService(AnalyzerService, {
  configureStack: (call, done) => {
    tags = call.request.getTagsMap().get("team");
    done(null, new messages.AnalyzerStackConfigureResponse());
  },
  getAnalyzerInfo: (call, done) => {
    const { PULUMI_NODEJS_STACK: stack, PULUMI_NODEJS_DRY_RUN: dry, PULUMI_CONFIG: config } = process.env;
    console.log("asked");
    done(null, new messages.AnalyzerInfo().setName([stack, dry, config, tags, process.cwd(), ...process.argv.slice(2)].join(" ")));
  },
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  console.log(String(port));
  console.log("ready");
});`;

/** Starts a pack, and waits until something serves in its name. */
async function startPack(client: LanguageClient, folder: string) {
  const request = new protocol.RunPluginRequest()
    .setInfo(programInfo(folder))
    .setKind("analyzer")
    .setPwd("/")
    .setArgsList(["127.0.0.1:9"])
    .setEnvList([`PATH=${process.env.PATH ?? ""}`]);
  const plugin = runPlugin(client, request);
  const port = await eventually(() => {
    const [line, rest] = plugin.seen.stdout.split("\n");
    expect(rest).toBeDefined();
    return Number(line);
  });
  const service = new analyzerProtocol.AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => service.close());
  await call((done) => service.handshake(new analyzer.AnalyzerHandshakeRequest(), done));
  return { ...plugin, service, port };
}

function configuration(): analyzer.AnalyzerStackConfigureRequest {
  const request = new analyzer.AnalyzerStackConfigureRequest().setStack("local").setDryRun(true);
  request.getConfigMap().set("okmail:domain", "example.com");
  request.getTagsMap().set("team", "mail");
  return request;
}

describe("a policy pack", () => {
  test("learns its stack from its environment before it starts, and from the call after that", async () => {
    const { client } = host();
    const folder = fakeProgram({ "run-policy-pack": pack });
    const { service, seen, port } = await startPack(client, folder);
    await call((done) => service.configureStack(configuration(), done));
    const info = await call<analyzer.AnalyzerInfo>((done) =>
      service.getAnalyzerInfo(new empty.Empty(), done),
    );
    expect(info.getName()).toBe(
      `local true {"okmail:domain":"example.com"} mail ${folder} 127.0.0.1:9 ${folder}`,
    );
    await eventually(() => {
      expect(seen).toEqual({ stdout: `${port}\nready\nasked\n`, stderr: "", exitCode: undefined });
    });
  });

  test("starts without a stack where there is none", async () => {
    const { client } = host();
    const folder = fakeProgram({ "run-policy-pack": pack });
    const { service } = await startPack(client, folder);
    const info = await call<analyzer.AnalyzerInfo>((done) =>
      service.getAnalyzerInfo(new empty.Empty(), done),
    );
    expect(info.getName()).toBe(`    ${folder} 127.0.0.1:9 ${folder}`);
  });

  test("answers in its own name what it can't do", async () => {
    const { client } = host();
    const { service } = await startPack(client, fakeProgram({ "run-policy-pack": pack }));
    const asked = call((done) => service.remediate(new analyzer.AnalyzeRequest(), done));
    expect(((await asked.catch((error: unknown) => error)) as ServiceError).code).toBe(status.UNIMPLEMENTED);
  });

  test.each([
    [
      "that ends before it serves",
      `console.error("SyntaxError: x"); process.exit(1)`,
      /ended \(exit code 1\)$/,
    ],
    [
      "that writes something else first",
      `console.log("hello"); setInterval(() => {}, 1000)`,
      /wrote "hello" where its port/,
    ],
  ])("%s fails the calls that wait for it", async (_, script, reason) => {
    const { client } = host();
    const { service, ended } = await startPack(client, fakeProgram({ "run-policy-pack": script }));
    const asked = call((done) => service.getAnalyzerInfo(new empty.Empty(), done));
    expect(((await asked.catch((error: unknown) => error)) as ServiceError).details).toMatch(reason);
    expect(await ended).toBeUndefined();
  });

  test("that is not installed is refused with the reason", async () => {
    const { client } = host();
    const { service, ended } = await startPack(client, temporaryFolder());
    service.getAnalyzerInfo(new empty.Empty(), () => undefined);
    expect((await ended)?.details).toMatch(/^The Pulumi SDK \(@pulumi\/pulumi\) is not installed for /);
  });

  test.each(["before it knows its stack", "when it serves"])(
    "ends when the engine no longer wants it: %s",
    async (when) => {
      const { client } = host();
      const { service, stream, ended, port } = await startPack(
        client,
        fakeProgram({ "run-policy-pack": pack }),
      );
      if (when === "when it serves") await call((done) => service.getAnalyzerInfo(new empty.Empty(), done));
      stream.cancel();
      await ended;
      const later = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
      await eventually(async () => {
        const asked = new Promise((resolve) => later.waitForReady(Date.now() + 200, resolve));
        expect(await asked).toBeInstanceOf(Error);
      });
      later.close();
    },
  );
});
