import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { runCommand } from "../toolchain/command.ts";

export const checkdmarcVersion = "6.0.4";

export interface Checkdmarc {
  /** Checks the domain anew, nothing remembered. @throws Error if it finds a fault */
  check(): Promise<void>;
  close(): Promise<void>;
}

/**
 * checkdmarc from PyPI, in a Python environment in a temporary folder, over the resolver at a port of this machine. Its
 * modules are loaded before the first check.
 *
 * @throws Error saying why it can't be had
 */
export async function openCheckdmarc(domain: string, port: number): Promise<Checkdmarc> {
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-checkdmarc-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    await run("python3", ["-m", "venv", folder]);
    await run(path.join(folder, "bin", "pip"), ["install", "--quiet", `checkdmarc==${checkdmarcVersion}`]);
  } catch (error) {
    remove();
    throw error;
  }
  const program = path.join(import.meta.dirname, "verify-checkdmarc.py");
  const python = spawn(path.join(folder, "bin", "python"), [program, domain, String(port)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface(python.stdout)[Symbol.asyncIterator]();
  return {
    check: async () => {
      python.stdin.write("\n");
      const { value } = (await answers.next()) as { value: string | undefined };
      if (value !== "valid") throw new Error(`checkdmarc finds a fault: ${value ?? "it ended"}`);
    },
    close: async () => {
      const ended = once(python, "close");
      python.stdin.end();
      await ended;
      remove();
    },
  };
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runCommand(program, args).catch((error: unknown) => ({
    code: undefined,
    stderr: error instanceof Error ? error.message : String(error),
  }));
  if (code !== 0)
    throw new Error(`${path.basename(program)} ${args.join(" ")}: ${stderr.trim().split("\n").at(-1) ?? ""}`);
}
