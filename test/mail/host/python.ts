import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { hostFacts } from "../../../mail/host/facts.ts";
import { program } from "../../../mail/host/programs.ts";
import { complete } from "./options.ts";

/** Asked once: what is called python3 may be a script that looks for the real one each time. */
const found = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
export const python = found.status === 0 ? found.stdout.trim() : "";

if (python === "")
  console.warn("SKIPPED: python3 is missing, so the program okmail of a host is not tested.");

/**
 * Loads a part of the program with its absolute paths below $ROOT, and with this user in the place of all of the host's
 * users and groups.
 */
const prelude = `
import collections, grp, importlib, json, os, pwd, sys

root = os.environ["ROOT"]
me = pwd.getpwuid(os.getuid())
pwd.getpwnam = lambda name: me
grp.getgrnam = lambda name: grp.getgrgid(os.getgid())
owners = []
os.fchown = lambda descriptor, user, group: owners.append((user, group))

def part(name):
    module = importlib.import_module(name)
    for key, value in list(vars(module).items()):
        if key.isupper() and isinstance(value, str) and value.startswith("/") and not value.startswith(root):
            setattr(module, key, root + value)
    return module

host = part("host")
`;

/** A folder that stands for the host's root, with the program as the host has it. */
export class HostFolder implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "okmail-host-"));

  constructor() {
    for (const { path, content } of program) this.write(join("/program", basename(path)), content);
    this.write("/etc/okmail/host.json", hostFacts(complete, ["postfix.service"]));
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content);
  }

  read(path: string): string {
    return readFileSync(this.path(path), "utf8");
  }

  /** A command of the host, in the place of the real one. */
  command(name: string, script: string): void {
    this.write(join("/bin", name), `#!/bin/sh\n${script}\n`);
    chmodSync(this.path(join("/bin", name)), 0o755);
  }

  /** A Python module of the host, in the place of the real one. */
  module(name: string, code: string): void {
    this.write(join("/modules", name), code);
  }

  /** Runs Python that has `part("volume")` and so on. The result is what it prints. */
  run(code: string, environment: Readonly<Record<string, string>> = {}) {
    const {
      status,
      stdout: output,
      stderr,
    } = spawnSync(python, ["-c", `${prelude}\n${code}`], {
      env: {
        ...process.env,
        PATH: `${this.path("/bin")}:${process.env.PATH ?? ""}`,
        PYTHONPATH: `${this.path("/program")}:${this.path("/modules")}`,
        PYTHONDONTWRITEBYTECODE: "1",
        ROOT: this.root,
        ...environment,
      },
      encoding: "utf8",
      timeout: 60_000,
    });
    return { status, output, errors: stderr };
  }

  /** What an expression is, in JSON. */
  value(code: string, expression: string, environment: Readonly<Record<string, string>> = {}): unknown {
    const { output, errors } = this.run(`${code}\nprint("\\n" + json.dumps(${expression}))`, environment);
    const last = output.trimEnd().split("\n").at(-1) ?? "";
    if (errors !== "") throw new Error(errors);
    return JSON.parse(last);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
