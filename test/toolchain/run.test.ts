import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { FakeProject } from "./fake-project.ts";
import { write, writeCommand } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

const installing = "Installing the locked dependencies (about a minute, once)";

/** A project with the script, fresh from its repository. */
function clone(script: string): FakeProject {
  const fake = new FakeProject();
  write(fake.file("script.js"), script);
  return fake;
}

/** The same after `npm ci` by hand. */
function project(script: string): FakeProject {
  const fake = clone(script);
  fake.install();
  return fake;
}

/** The same after a run. */
async function used(script: string): Promise<FakeProject> {
  const fake = project(script);
  expect((await fake.run(["script.js"])).code).toBe(0);
  return fake;
}

describe("the locked dependencies", () => {
  test("are installed by npm ci in a fresh clone, and the script runs after that", async () => {
    const fake = clone(`import "./node_modules/needed/package.json" with { type: "json" };`);
    const { code, stderr } = await fake.run(["script.js"]);
    expect(stderr).toContain(installing);
    expect(code).toBe(0);
    expect(fake.npmCalls()).toEqual(["ci --no-audit --no-fund --loglevel=error"]);
  });

  test("leave standard output to the script", async () => {
    const fake = clone(`console.log("mine")`);
    expect((await fake.run(["script.js"])).stdout).toBe("mine\n");
  });

  test("are not installed twice", async () => {
    const fake = clone("");
    await fake.run(["script.js"]);
    expect(await fake.run(["script.js"])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(fake.npmCalls()).toHaveLength(1);
  });

  test("are not installed again where npm itself has installed them", async () => {
    const fake = project("");
    expect(await fake.run(["script.js"])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(fake.npmCalls()).toHaveLength(0);
  });

  test.each<[string, (fake: FakeProject) => void]>([
    ["package-lock.json wants another version", (fake) => fake.lock("2.0.0")],
    ["a package's folder is gone", (fake) => rmSync(fake.file("node_modules/needed"), { recursive: true })],
    ["node_modules is gone", (fake) => rmSync(fake.file("node_modules"), { recursive: true })],
    ["the stamp is half written", (fake) => spoil(fake, '{"lock":')],
    ["they are those of another platform", (fake) => onAnotherPlatform(fake)],
  ])("are installed again when %s", async (_, change) => {
    const fake = await used("");
    change(fake);
    const { code, stderr } = await fake.run(["script.js"]);
    expect(stderr).toContain(installing);
    expect(code).toBe(0);
    expect(fake.npmCalls()).toHaveLength(1);
  });

  test("are installed once by two runs at the same time", async () => {
    const fake = clone(`console.log("ran")`);
    const both = [
      fake.run(["script.js"], { FAKE_NPM: "slow" }),
      fake.run(["script.js"], { FAKE_NPM: "slow" }),
    ];
    for (const { code, stdout } of await Promise.all(both))
      expect({ code, stdout }).toEqual({ code: 0, stdout: "ran\n" });
    expect(fake.npmCalls()).toHaveLength(1);
  });

  test("are repaired by the next run after an interrupted installation", async () => {
    const fake = await used(`console.log("ran")`);
    rmSync(fake.file("node_modules/needed"), { recursive: true });
    const interrupted = fake.start(["script.js"], { FAKE_NPM: "hang" });
    await untilWritten(fake.file("npm.pid"));
    interrupted.process.kill("SIGTERM");
    expect((await interrupted.ended).code).toBe(143);

    const { code, stdout } = await fake.run(["script.js"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "ran\n" });
    expect(fake.npmCalls()).toHaveLength(2);
  });

  test("are waited for when a killed run has left npm behind", async () => {
    const fake = clone(`console.log("ran")`);
    const killed = fake.start(["script.js"], { FAKE_NPM: "hang" });
    const npm = Number(await untilWritten(fake.file("npm.pid")));
    killed.process.kill("SIGKILL");
    await once(killed.process, "exit");

    const next = fake.start(["script.js"]);
    await next.says("Waiting for another run, which is installing the dependencies");
    expect(fake.npmCalls()).toHaveLength(1);
    process.kill(npm, "SIGKILL");
    expect(await next.ended).toMatchObject({ code: 0, stdout: "ran\n" });
    expect(fake.npmCalls()).toHaveLength(2);
  });

  test("that can't be installed end the run with npm's error", async () => {
    const fake = clone("");
    const { code, stderr } = await fake.run(["script.js"], { FAKE_NPM: "fail" });
    expect(stderr).toContain("npm error code E404");
    expect(stderr).toContain("The dependencies could not be installed (npm ci: exit code 1)");
    expect(code).toBe(1);
    expect((await fake.run(["script.js"])).code).toBe(0);
  });

  test("that npm has left out end the run", async () => {
    const { code, stderr } = await clone("").run(["script.js"], { FAKE_NPM: "forget" });
    expect(stderr).toContain("npm ci ended well, but node_modules/needed is not there.");
    expect(code).toBe(1);
  });

  test("are installed by the npm on PATH where no npm runs the script", async () => {
    const fake = clone("");
    writeCommand(fake.file("bin/npm"), `exec "${process.execPath}" "${fake.file("npm/npm-cli.js")}" "$@"`);
    const env = { npm_execpath: undefined, PATH: `${fake.file("bin")}:${process.env.PATH ?? ""}` };
    expect((await fake.run(["script.js"], env)).code).toBe(0);
    expect(fake.npmCalls()).toHaveLength(1);
  });
});

describe("the script", () => {
  test.each([
    ["its exit code", "process.exit(7)", 7],
    [
      "128 + the number of the signal that ended it",
      `process.kill(process.pid, "SIGKILL"); setTimeout(() => {}, 9e3)`,
      137,
    ],
    ["1 for an uncaught error", "throw new Error()", 1],
  ])("gives %s", async (_, script, code) => {
    const fake = project(script);
    expect((await fake.run(["script.js"])).code).toBe(code);
  });

  test("gets its arguments as they are", async () => {
    const fake = project("console.log(JSON.stringify(process.argv.slice(2)))");
    const { stdout } = await fake.run(["script.js", "--flag", "two words", ""]);
    expect(JSON.parse(stdout)).toEqual(["--flag", "two words", ""]);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "gets %s once, and has the time to obey",
    async (signal) => {
      const fake = project(`
      let count = 0;
      process.on("${signal}", () => { count += 1; setTimeout(() => process.exit(40 + count), 300); });
      setTimeout(() => {}, 30_000);
      console.log("ready");
    `);
      const run = fake.start(["script.js"]);
      await run.says("ready");
      run.process.kill(signal);
      expect((await run.ended).code).toBe(41);
    },
  );

  test("is asked for where it is missing", async () => {
    const fake = project("");
    expect(await fake.run([])).toMatchObject({
      code: 2,
      stderr: "Usage: node toolchain/run.mjs SCRIPT [ARGUMENTS…]\n",
    });
  });
});

describe("Node", () => {
  /** The version that run.mjs takes itself to run on. */
  function pretend(fake: FakeProject, version: string): string[] {
    const text = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
    return ["--import", write(fake.file("pretend.js"), text)];
  }

  test.each(["18.20.8", "16.0.0"])("%s is refused with what to install", async (version) => {
    const fake = project("");
    const { code, stderr } = await fake.run(["script.js"], {}, pretend(fake, version));
    expect(stderr).toBe(
      `This is Node ${version}; okmail needs Node 20 or newer to start. ` +
        "Install the current LTS version from https://nodejs.org and try again.\n",
    );
    expect(code).toBe(1);
  });

  test.each([
    ["22.19.0", "takes the place of a bundled one that is not there", 0],
    ["24.0.0", "takes the place of a bundled one that is not there", 0],
    ["22.18.9", "is too old for that", 1],
    ["20.20.2", "is too old for that", 1],
  ])("%s %s", async (version, _, code) => {
    const fake = project("");
    const end = await fake.run(["script.js"], {}, pretend(fake, version));
    expect(end.code).toBe(code);
    if (code !== 0) expect(end.stderr).toContain(`Node ${version} is older than 22.19. Install Node 24`);
  });

  /** A bundled Node that says so. */
  function bundle(fake: FakeProject, script: string): void {
    writeCommand(fake.file(`node_modules/node-${process.platform}-${process.arch}/bin/node`), script);
  }

  test("is the bundled one, which stands first on PATH with the commands of the dependencies", async () => {
    const fake = project(`console.log(process.env.BUNDLED, process.env.PATH)`);
    bundle(fake, `BUNDLED=yes exec "${process.execPath}" "$@"`);
    const { stdout } = await fake.run(["script.js"], { PATH: "/usr/bin:/bin" }, pretend(fake, "20.0.0"));
    const bin = fake.file(`node_modules/node-${process.platform}-${process.arch}/bin`);
    expect(stdout).toBe(`yes ${bin}:${fake.file("node_modules/.bin")}:/usr/bin:/bin\n`);
  });

  test("is this one where the bundled one does not run, as with another C library", async () => {
    const fake = project(`console.log(process.execPath)`);
    bundle(fake, "exit 127");
    expect((await fake.run(["script.js"])).stdout).toBe(`${process.execPath}\n`);
  });
});

/** Another stamp in node_modules, and no record of npm by which the tree could be known to be whole. */
function spoil(fake: FakeProject, stamp: string): void {
  write(fake.file("node_modules/.okmail.json"), stamp);
  rmSync(fake.file("node_modules/.package-lock.json"));
}

/** The folder comes from another machine, where the optional package belongs. */
function onAnotherPlatform(fake: FakeProject): void {
  fake.install({ elsewhere: true });
  const stamp = JSON.parse(readFileSync(fake.file("node_modules/.okmail.json"), "utf8")) as object;
  write(fake.file("node_modules/.okmail.json"), JSON.stringify({ ...stamp, platform: "plan9-mips" }));
}

async function untilWritten(file: string): Promise<string> {
  for (;;) {
    try {
      const text = readFileSync(file, "utf8");
      if (text !== "") return text;
    } catch {
      // Not yet.
    }
    await sleep(20);
  }
}
