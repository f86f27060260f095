import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { lines } from "./lines.ts";

/** How a command ended, and what it wrote. */
export interface CommandResult {
  /** Exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Given on standard input, which is otherwise empty. */
  readonly input?: string | undefined;
  /** Called with each line as it comes, without its line end. */
  readonly onLine?: ((line: string, stream: "stdout" | "stderr") => void) | undefined;
  /** Whether standard output is kept for the result as well. @default true */
  readonly keepOutput?: boolean | undefined;
  /** Aborting it kills the command and everything that it started; the result is then a rejection with the reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A command that runs. */
export interface RunningCommand {
  /** Rejects only if the command could not be started. */
  readonly ended: Promise<CommandResult>;
  /** Signals the command and everything that it started. */
  kill(signal: NodeJS.Signals): void;
}

/** Runs a command to its end, whatever its exit code. Rejects if it could not be started, or was aborted. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const running = startCommand(command, args, options);
  const abort = () => {
    running.kill("SIGKILL");
  };
  options.signal?.addEventListener("abort", abort);
  try {
    const result = await running.ended;
    options.signal?.throwIfAborted();
    return result;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }
}

/**
 * Starts a command in a process group of its own: it gets no Ctrl-C from the terminal, only what `kill` sends, and
 * `kill` reaches what it has started as well.
 */
export function startCommand(
  command: string,
  args: readonly string[],
  { cwd, env, input, onLine, keepOutput = true }: Omit<CommandOptions, "signal"> = {},
): RunningCommand {
  const child = spawn(command, args, { cwd, env, detached: process.platform !== "win32", windowsHide: true });
  child.stdin.on("error", ignoreClosedPipe);
  child.stdin.end(input);

  const stdout = collect(child.stdout, keepOutput, (line) => onLine?.(line, "stdout"));
  const stderr = collect(child.stderr, true, (line) => onLine?.(line, "stderr"));
  const kill = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined) killTree(child.pid, signal);
  };
  const endWithThisProcess = () => kill("SIGTERM");
  if (running.size === 0) process.on("exit", endRunning);
  running.add(endWithThisProcess);

  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ code, signal, stdout: stdout(), stderr: stderr() });
    });
  }).finally(() => {
    running.delete(endWithThisProcess);
    if (running.size === 0) process.off("exit", endRunning);
  });
  return { ended, kill };
}

/** What ends the commands that run, should this process end before them. */
const running = new Set<() => void>();

function endRunning(): void {
  for (const end of running) end();
}

/** Cuts a stream into lines; the result gives its text so far, if it is to be kept. */
function collect(stream: Readable, keep: boolean, onLine: (line: string) => void): () => string {
  let text = "";
  const push = lines(onLine);
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    if (keep) text += chunk;
    push(chunk);
  });
  stream.on("end", () => push(undefined));
  return () => text;
}

function killTree(pid: number, signal: NodeJS.Signals): void {
  // Windows has no signal that asks: there, all of them end the processes.
  if (process.platform === "win32") {
    spawn("taskkill", ["/pid", String(pid), "/t", "/f"], { stdio: "ignore" });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // All of the group has ended already.
  }
}

/** A command may end without reading its input; its exit code says what that means. */
function ignoreClosedPipe(): void {
  return;
}
