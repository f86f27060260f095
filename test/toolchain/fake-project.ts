import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { temporaryFolder, write } from "./temporary-folder.ts";

const toolchain = fileURLToPath(new URL("../../toolchain/", import.meta.url));

/** How a run of toolchain/run.mjs ended. */
export interface RunEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  readonly process: ChildProcess;
  readonly ended: Promise<RunEnd>;
  /** Resolves when it has written `text`, to standard output or standard error. */
  says(text: string): Promise<void>;
}

/**
 * A project with toolchain/run.mjs, one locked dependency and an npm of its own, which writes down how it was called.
 * FAKE_NPM tells that npm what to do: nothing said, it installs; "fail"; "forget" the dependency; "hang" over what is there when half done; "slow".
 */
export class FakeProject {
  readonly folder = temporaryFolder();

  constructor() {
    cpSync(path.join(toolchain, "run.mjs"), this.file("toolchain/run.mjs"));
    cpSync(path.join(toolchain, "lock.mjs"), this.file("toolchain/lock.mjs"));
    cpSync(path.join(toolchain, "run"), this.file("toolchain/run"), { recursive: true });
    write(this.file("package.json"), JSON.stringify({ type: "module" }));
    write(this.file("npm/npm-cli.js"), fakeNpm);
    write(this.file("npm/package.json"), JSON.stringify({ type: "module" }));
    this.lock("1.0.0");
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  /** Writes a package-lock.json that wants this version of the dependency. */
  lock(version: string): void {
    const packages = {
      "": {},
      "node_modules/needed": { version, integrity: `sha512-${version}` },
      "node_modules/elsewhere": { version: "1.0.0", optional: true, os: "none" },
    };
    write(this.file("package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages }));
  }

  /** Leaves what a whole `npm ci` leaves, with the optional package where it is for this platform. */
  install({ elsewhere = false } = {}): void {
    const { packages } = JSON.parse(readFileSync(this.file("package-lock.json"), "utf8")) as {
      packages: object;
    };
    const installed = Object.entries(packages).filter(
      ([place]) => place === "node_modules/needed" || (elsewhere && place === "node_modules/elsewhere"),
    );
    write(this.file("node_modules/needed/package.json"), "{}");
    write(
      this.file("node_modules/.package-lock.json"),
      JSON.stringify({ packages: Object.fromEntries(installed) }),
    );
  }

  /** The calls of npm so far, one line of arguments each. */
  npmCalls(): string[] {
    const log = this.file("npm.log");
    return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}, nodeArguments: readonly string[] = []): Run {
    const child = spawn(process.execPath, [...nodeArguments, this.file("toolchain/run.mjs"), ...args], {
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, npm_execpath: this.file("npm/npm-cli.js"), ...env },
    });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise<RunEnd>((resolve) => {
      child.once("close", (code) => {
        resolve({ code, stdout, stderr });
      });
    });
    const says = (text: string) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if ((stdout + stderr).includes(text)) resolve();
        };
        look();
        child.stdout.on("data", look);
        child.stderr.on("data", look);
        child.once("close", () => {
          reject(new Error(`ended without saying ${text}: ${stdout}${stderr}`));
        });
      });
    return { process: child, ended, says };
  }

  async run(
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
    nodeArguments?: readonly string[],
  ): Promise<RunEnd> {
    return this.start(args, env, nodeArguments).ended;
  }
}

const fakeNpm = `
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
appendFileSync("npm.log", process.argv.slice(2).join(" ") + "\\n");
if (process.env.FAKE_NPM === "fail") {
  console.error("npm error code E404");
  process.exit(1);
}
if (process.env.FAKE_NPM !== "hang") rmSync("node_modules", { recursive: true, force: true });
mkdirSync("node_modules/needed", { recursive: true });
if (process.env.FAKE_NPM !== "forget") writeFileSync("node_modules/needed/package.json", "{}");
if (process.env.FAKE_NPM === "hang") {
  writeFileSync("npm.pid", String(process.pid));
  await sleep(60_000);
}
if (process.env.FAKE_NPM === "slow") await sleep(500);
const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
delete packages[""];
delete packages["node_modules/elsewhere"];
writeFileSync("node_modules/.package-lock.json", JSON.stringify({ packages }));
console.log("added 1 package");
`;
