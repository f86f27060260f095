import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a command on this process's terminal, passes on the signals that this process gets, and waits for its end.
 * Rejects only if the command could not be started.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions & { started?: (pid: number) => void }} options
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
export function runChild(command, args, { started, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    if (child.pid !== undefined) started?.(child.pid);

    const stopForwarding = forwardSignals(child);
    child.once("error", (error) => {
      stopForwarding();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      stopForwarding();
      resolve({ code, signal });
    });
  });
}

/**
 * The shell's convention for the end of a process: its exit code, or 128 + the number of the signal that ended it.
 *
 * @param {{ code: number | null, signal: NodeJS.Signals | null }} end
 * @returns {number}
 */
export function exitCode({ code, signal }) {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/**
 * Handling a signal also keeps this process alive until the child has ended in its own time.
 *
 * Ctrl-C is not passed on from a terminal: the terminal has already sent it to every process in the foreground, and
 * the child would count a copy as the second Ctrl-C, which means "now, at once".
 */
function forwardSignals(child) {
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const handlers = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => {
    const handler = () => {
      if (signal !== "SIGINT" || !onTerminal) child.kill(signal);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => handlers.forEach((remove) => remove());
}
