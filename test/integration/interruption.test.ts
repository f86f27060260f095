import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { sendTestMessage } from "../../local/send-test-message.ts";
import { projectFolder } from "../../local/stack.ts";
import { openTestStack, removeFolder } from "./local-stack.ts";

// Whatever ends a run, and whenever: the next one repairs what is left, and no Elastic IP is lost or drawn twice.

test.each<[what: string, line: RegExp, whom: "launcher" | "everything", signal: NodeJS.Signals]>([
  [
    "the power goes as the Elastic IP is being created",
    /^begin mail-okmail-address/,
    "everything",
    "SIGKILL",
  ],
  ["the power goes when the Elastic IP is there", /^end mail-okmail-address/, "everything", "SIGKILL"],
  ["the launcher is killed and the engine lives on", /^end mail-okmail-a$/, "launcher", "SIGKILL"],
  ["the power goes when the host is there", /^end mail-okmail-host/, "everything", "SIGKILL"],
])("%s: the next run goes on", async (_, line, whom, signal) => {
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-"));
  try {
    await interruptedRun(folder, line, whom, signal);
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

/** Runs until a line comes, then ends the processes in the given way. */
async function interruptedRun(
  folder: string,
  line: RegExp,
  whom: "launcher" | "everything",
  signal: NodeJS.Signals,
): Promise<void> {
  const configFile = path.join(folder, "Pulumi.local.yaml");
  copyFileSync(path.join(projectFolder, "Pulumi.local.yaml"), configFile);
  const script = path.join(import.meta.dirname, "interrupted-run.ts");
  const child = spawn(process.execPath, [script, folder, configFile], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.split("\n").some((each) => line.test(each))) resolve();
    });
    child.on("close", () => reject(new Error(`the run ended before ${String(line)}:\n${text}`)));
  });
  const pids = whom === "launcher" ? [child.pid ?? 0] : [child.pid ?? 0, ...descendants(child.pid ?? 0)];
  for (const pid of pids)
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  if (whom === "everything") await ended;
}

function descendants(pid: number): number[] {
  const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((entry) => entry.trim().split(/\s+/).map(Number));
  const children = processes.filter(([, parent]) => parent === pid).map(([child = 0]) => child);
  return children.flatMap((child) => [child, ...descendants(child)]);
}
