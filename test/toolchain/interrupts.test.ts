import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { temporaryFolder, write } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

const module = fileURLToPath(new URL("../../toolchain/interrupts.ts", import.meta.url));

/** A process that says what its interrupts ask for, is sent the signals with the pauses between, and ends. */
async function interrupted(...signals: readonly (NodeJS.Signals | number)[]): Promise<string[]> {
  const script = write(
    path.join(temporaryFolder(), "script.ts"),
    `import { userInterrupts } from ${JSON.stringify(module)};
    {
      using interrupts = userInterrupts();
      interrupts.stop.addEventListener("abort", () => console.log("stop", interrupts.stop.reason.exitCode));
      interrupts.kill.addEventListener("abort", () => console.log("kill", interrupts.kill.reason.exitCode));
      console.log("ready");
      await new Promise((resolve) => process.stdin.once("end", resolve).resume());
    }
    process.kill(process.pid, "SIGINT");
    setTimeout(() => console.log("survived"), 1000);`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  await once(child.stdout, "data");
  for (const signal of signals) {
    if (typeof signal === "number") await sleep(signal);
    else child.kill(signal);
  }
  await sleep(100);
  child.stdin.end();
  await once(child, "close");
  expect(child.signalCode).toBe("SIGINT"); // Disposed of, the signals do again what they always do.
  return said.trim().split("\n").slice(1);
}

test.each<[string, (NodeJS.Signals | number)[], string[]]>([
  ["the first Ctrl-C asks to stop", ["SIGINT"], ["stop 130"]],
  ["the same Ctrl-C from the terminal and from npm is one wish", ["SIGINT", 50, "SIGINT"], ["stop 130"]],
  ["the second Ctrl-C asks to end at once", ["SIGINT", 700, "SIGINT"], ["stop 130", "kill 130"]],
  ["a termination asks to stop", ["SIGTERM"], ["stop 143"]],
  ["a lost terminal asks to stop", ["SIGHUP"], ["stop 129"]],
])("%s", async (_, signals, said) => {
  expect(await interrupted(...signals)).toEqual(said);
});
