import { once } from "node:events";
import path from "node:path";
import { status, type ServiceError } from "@grpc/grpc-js";
import protocol from "@pulumi/pulumi/proto/language_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { describe, expect, test, vi } from "vitest";
import { engineVersion } from "../../../toolchain/version.ts";
import { write } from "../temporary-folder.ts";
import {
  call,
  eventually,
  fakeProgram,
  programInfo,
  reported,
  sharedHost,
  startHost,
} from "./started-host.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

test("writes the port that it serves on, and nothing else", async () => {
  const host = await startHost();
  await call((done) => host.client.getPluginInfo(new empty.Empty(), done));
  expect(host.output()).toMatch(/^\d+\n$/);
});

test("takes its address after the flags of the engine", async () => {
  const { client, output } = await startHost([
    "--logtostderr",
    "-v=9",
    "--tracing",
    "file:/x",
    "127.0.0.1:7",
  ]);
  const folder = fakeProgram({ run: "report(process.argv)" });
  await call((done) => client.run(new protocol.RunRequest().setInfo(programInfo(folder)), done));
  expect(reported(folder)).toContain("--engine=127.0.0.1:7");
  expect(output()).toMatch(/^\d+\n$/);
});

describe("is asked", () => {
  const host = sharedHost();

  test("who it is", async () => {
    const { client } = host();
    const info = await call<{ getVersion(): string }>((done) =>
      client.getPluginInfo(new empty.Empty(), done),
    );
    expect(info.getVersion()).toBe(engineVersion);
    const about = await call<protocol.AboutResponse>((done) =>
      client.about(new protocol.AboutRequest(), done),
    );
    expect([about.getExecutable(), about.getVersion()]).toEqual([process.execPath, process.version]);
  });

  test("what to get in advance: nothing", async () => {
    const { client } = host();
    const packages = await call<protocol.GetRequiredPackagesResponse>((done) =>
      client.getRequiredPackages(new protocol.GetRequiredPackagesRequest(), done),
    );
    expect(packages.toObject()).toEqual({ packagesList: [], specsList: [] });
    const plugins = await call<protocol.GetRequiredPluginsResponse>((done) =>
      client.getRequiredPlugins(new protocol.GetRequiredPluginsRequest(), done),
    );
    expect(plugins.getPluginsList()).toEqual([]);
    const prompts = await call<protocol.RuntimeOptionsResponse>((done) =>
      client.runtimeOptionsPrompts(new protocol.RuntimeOptionsRequest(), done),
    );
    expect(prompts.getPromptsList()).toEqual([]);
  });

  test("what a program depends on", async () => {
    const { client } = host();
    const folder = fakeProgram({});
    write(
      path.join(folder, "package.json"),
      JSON.stringify({ dependencies: { yaml: "^2" }, devDependencies: { a: "1" } }),
    );
    write(path.join(folder, "node_modules/yaml/package.json"), JSON.stringify({ version: "2.9.1" }));
    const packages = {
      "node_modules/@x/y": { version: "3.0.0" },
      "node_modules/yaml/node_modules/z": { version: "1.0.0" },
    };
    write(path.join(folder, "node_modules/.package-lock.json"), JSON.stringify({ packages }));

    const ask = async (transitive: boolean) => {
      const request = new protocol.GetProgramDependenciesRequest()
        .setInfo(programInfo(folder))
        .setTransitivedependencies(transitive);
      const response = await call<protocol.GetProgramDependenciesResponse>((done) =>
        client.getProgramDependencies(request, done),
      );
      return response.getDependenciesList().map((found) => `${found.getName()} ${found.getVersion()}`);
    };
    expect(await ask(false)).toEqual(["a 1", "yaml 2.9.1"]);
    expect(await ask(true)).toEqual(["@x/y 3.0.0", "z 1.0.0"]);
  });

  test("for what it can't do, and says so", async () => {
    const { client } = host();
    const calls = [
      call((done) => client.generateProgram(new protocol.GenerateProgramRequest(), done)),
      call((done) => client.pack(new protocol.PackRequest(), done)),
      call((done) => client.link(new protocol.LinkRequest(), done)),
    ];
    for (const asked of calls) {
      const error = (await asked.catch((reason: unknown) => reason)) as ServiceError;
      expect(error.code).toBe(status.UNIMPLEMENTED);
    }
  });
});

describe("ends, and the program with it,", () => {
  const hanging = "report(process.pid); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";

  test.each<[string, (host: Awaited<ReturnType<typeof startHost>>) => void]>([
    ["when the engine is gone", ({ process }) => process.stdin.destroy()],
    ["when the engine asks it to", ({ process }) => process.kill("SIGINT")],
  ])("%s", async (_, end) => {
    const host = await startHost();
    const folder = fakeProgram({ run: hanging });
    host.client.run(new protocol.RunRequest().setInfo(programInfo(folder)), () => undefined);
    const pid = await eventually(() => Number(reported(folder)));

    const asked = Date.now();
    end(host);
    await once(host.process, "exit");
    expect(Date.now() - asked).toBeLessThan(5_000); // The engine waits no longer.
    expect(host.process.exitCode).toBe(0);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test("and not before, though nothing is asked of it", async () => {
    const host = await startHost();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(host.process.exitCode).toBeNull();
  });
});
