import path from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import protocol from "@pulumi/pulumi/proto/language_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { expect, test, vi } from "vitest";
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

function run(client: LanguageClient, request: protocol.RunRequest): Promise<protocol.RunResponse> {
  return call<protocol.RunResponse>((done) => client.run(request, done));
}

const reportAll = "report({ argv: process.argv.slice(1), execArgv: process.execArgv, env: process.env })";

interface Reported {
  readonly argv: string[];
  readonly execArgv: string[];
  readonly env: NodeJS.ProcessEnv;
}

test("a program is started by its own SDK, and learns its stack and configuration", async () => {
  const { client } = host();
  const folder = fakeProgram({ run: reportAll });
  const request = new protocol.RunRequest()
    .setInfo(programInfo(folder, { typescript: false }))
    .setMonitorAddress("127.0.0.1:2")
    .setOrganization("organization")
    .setProject("okmail")
    .setStack("local")
    .setParallel(16)
    .setDryrun(true)
    .setArgsList(["--own", "argument"])
    .setConfigsecretkeysList(["okmail:password"]);
  request.getConfigMap().set("okmail:domain", "example.com").set("okmail:password", 'with "quotes"');
  await run(client, request);

  const { argv, execArgv, env } = reported(folder) as Reported;
  expect(argv).toEqual([
    path.join(folder, "node_modules/@pulumi/pulumi/cmd/run/index.js"),
    "--monitor=127.0.0.1:2",
    "--engine=127.0.0.1:1",
    "--organization=organization",
    "--project=okmail",
    `--root-directory=${folder}`,
    "--stack=local",
    `--pwd=${folder}`,
    "--parallel=16",
    "--dry-run",
    "index.ts",
    "--own",
    "argument",
  ]);
  expect(execArgv).toEqual([]);
  expect(JSON.parse(env.PULUMI_CONFIG ?? "")).toEqual({
    "okmail:domain": "example.com",
    "okmail:password": 'with "quotes"',
  });
  expect(JSON.parse(env.PULUMI_CONFIG_SECRET_KEYS ?? "")).toEqual(["okmail:password"]);
  expect(env).not.toHaveProperty("PULUMI_NODEJS_TYPESCRIPT");
});

test("the runtime's options reach Node and the SDK", async () => {
  const { client } = host();
  const folder = fakeProgram({ run: reportAll });
  const options = { nodeargs: '--stack-size=900 --title "two words"', tsconfig: "tsconfig.pulumi.json" };
  await run(client, new protocol.RunRequest().setInfo(programInfo(folder, options)));
  const { execArgv, env } = reported(folder) as Reported;
  expect(execArgv).toEqual(["--stack-size=900", "--title", "two words"]);
  expect(env).toMatchObject({
    PULUMI_NODEJS_TYPESCRIPT: "true",
    PULUMI_NODEJS_TSCONFIG_PATH: "tsconfig.pulumi.json",
  });
});

test.each<[string, string, protocol.RunResponse.AsObject]>([
  ["that ends well", "", { error: "", bail: false }],
  ["that has told the user why it fails", "process.exitCode = 32", { error: "", bail: true }],
  ["that fails", "process.exitCode = 7", { error: "The program ended with exit code 7.", bail: false }],
  [
    "that is killed",
    "process.kill(process.pid, 'SIGKILL')",
    { error: "The program was ended by SIGKILL.", bail: false },
  ],
])("the engine is told of a program %s", async (_, script, expected) => {
  const { client } = host();
  const request = new protocol.RunRequest().setInfo(programInfo(fakeProgram({ run: script })));
  expect((await run(client, request)).toObject()).toEqual(expected);
});

test("what a program writes goes to the host's own output, and is there when the program has ended", async () => {
  const { client, output } = host();
  const script = `console.log("to stdout"); console.error("to stderr"); throw new Error("on purpose")`;
  const { error } = (
    await run(client, new protocol.RunRequest().setInfo(programInfo(fakeProgram({ run: script }))))
  ).toObject();
  expect(error).toBe("The program ended with exit code 1.");
  await eventually(() => {
    expect(output()).toMatch(/^\d+\n/);
    expect(output()).toContain("to stdout\n");
    expect(output()).toContain("to stderr\n");
    expect(output().match(/Error: on purpose/g)).toHaveLength(1);
  });
});

test.each([
  ["the engine cancels", (client: LanguageClient) => client.cancel(new empty.Empty(), () => undefined)],
])("a program ends when %s", async (_, cancel) => {
  const { client } = host();
  const folder = fakeProgram({ run: "report(1); setInterval(() => {}, 1000)" });
  const running = run(client, new protocol.RunRequest().setInfo(programInfo(folder)));
  await eventually(() => reported(folder));
  cancel(client);
  expect((await running).getError()).toBe("The program was ended by SIGTERM.");
});

test("a program ends when nobody waits for it any more", async () => {
  const { client } = host();
  const folder = fakeProgram({ run: "report(process.pid); setInterval(() => {}, 1000)" });
  const running = client.run(new protocol.RunRequest().setInfo(programInfo(folder)), () => undefined);
  const pid = await eventually(() => reported(folder) as number);
  running.cancel();
  await eventually(() => {
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});

test.each([
  [
    "without an SDK",
    () => programInfo(temporaryFolder()),
    /^The Pulumi SDK \(@pulumi\/pulumi\) is not installed for .+/,
  ],
  [
    "with an option of a wrong type",
    () => programInfo(fakeProgram({ run: "" }), { typescript: "no" }),
    /^runtime option "typescript" must be true or false, and is "no"$/,
  ],
])("a program %s is refused with the reason", async (_, info, reason) => {
  const { client } = host();
  const error = await run(client, new protocol.RunRequest().setInfo(info())).catch(
    (failure: unknown) => failure,
  );
  expect((error as ServiceError).details).toMatch(reason);
});
