import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { sendTestMessage } from "../../local/send-test-message.ts";
import { projectFolder } from "../../local/stack.ts";
import { openTestStack, removeFolder } from "./local-stack.ts";

// Whatever ends a run, and whenever: the next one repairs what is left, and no Elastic IP is lost or drawn twice.

const eip = "aws:ec2/eip:Eip";

interface Interruption {
  /** The line of the run that makes the test kill it … */
  readonly line?: RegExp;
  /** … or the type of resource whose first one in the cloud makes the run kill itself. */
  readonly created?: string;
  /** Whether the engine is killed too, as when the power goes. */
  readonly engineToo: boolean;
}

test.each<[what: string, interruption: Interruption]>([
  [
    "the power goes before the Elastic IP is created",
    { line: /^begin mail-okmail-address/, engineToo: true },
  ],
  ["the power goes before the engine hears of the Elastic IP", { created: eip, engineToo: true }],
  ["the launcher dies before the engine hears of the Elastic IP", { created: eip, engineToo: false }],
  ["the launcher dies while the engine goes on", { line: /^end mail-okmail-a$/, engineToo: false }],
  [
    "the power goes before the engine hears of the host",
    { created: "aws:ec2/instance:Instance", engineToo: true },
  ],
  ["the power goes when the host is there", { line: /^end mail-okmail-host/, engineToo: true }],
])("%s: the next run goes on", async (_, interruption) => {
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-"));
  try {
    await interruptedRun(folder, interruption);
    const stack = await openTestStack(folder);
    const { session, repairs } = stack;
    try {
      const up = await session.stack.up();
      expect(up.errors, repairs.join("\n")).toEqual([]);
      const addresses = session.cloud.store.list("aws:ec2/eip:Eip");
      expect(addresses).toHaveLength(1);
      const [host] = up.outputs.hosts as [{ helo: string; instanceId: string; allocationId: string }];
      expect(host.allocationId).toBe(addresses[0]?.id);
      const { attempt } = await sendTestMessage(session.cloud.plane, { ...host, domain: "example.com" });
      expect(attempt?.outcome).toBe("accepted");
      // The engine knows everything that exists: a destroy leaves nothing.
      expect((await session.stack.destroy()).errors).toEqual([]);
      expect(session.cloud.store.all()).toEqual([]);
    } finally {
      await stack.close();
    }
  } finally {
    removeFolder(folder);
  }
});

/** Runs until the interruption, and ends the processes that it is to end. */
async function interruptedRun(folder: string, { line, created, engineToo }: Interruption): Promise<void> {
  const configFile = path.join(folder, "Pulumi.local.yaml");
  copyFileSync(path.join(projectFolder, "Pulumi.local.yaml"), configFile);
  const script = path.join(import.meta.dirname, "interrupted-run.ts");
  const args = [script, folder, configFile, ...(created === undefined ? [] : [created])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const { pid = 0 } = child;
  // Known before the launcher dies: afterwards they are nobody's children.
  let engine: number[] = [];
  const look = setInterval(() => {
    engine = [...new Set([...engine, ...descendants(pid)])];
  }, 200);
  let text = "";
  const { signal } = await new Promise<{ signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (line === undefined || !text.split("\n").some((each) => line.test(each))) return;
      engine = [...engine, ...descendants(pid)];
      child.kill("SIGKILL");
    });
    child.on("error", reject).on("exit", (_, name) => {
      if (engineToo) engine.forEach(kill);
      resolve({ signal: name });
    });
  });
  clearInterval(look);
  expect(signal, `the run ended by itself:\n${text}`).toBe("SIGKILL");
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function descendants(pid: number): number[] {
  const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((entry) => entry.trim().split(/\s+/).map(Number));
  const children = processes.filter(([, parent]) => parent === pid).map(([child = 0]) => child);
  return children.flatMap((child) => [child, ...descendants(child)]);
}
