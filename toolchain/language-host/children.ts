import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";

/** Milliseconds that a child has to end by itself. The engine gives the host five seconds for all. */
const patience = 2_000;

/** How a child ended: its exit code, or what ended it. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningChild {
  readonly process: ChildProcess;
  /** Rejects if it could not be started. Its output has come completely by then. */
  readonly ended: Promise<ChildEnd>;
  /** Asks it to end, and ends it if it does not. */
  end(): void;
}

/** The processes that the host has started: none of them outlives it. */
export class Children {
  readonly #running = new Set<RunningChild>();

  /** Starts `node` with `args`: the Node that runs the host, which is the first on PATH. */
  startNode(args: readonly string[], options: SpawnOptions): RunningChild {
    return this.start(process.execPath, args, options);
  }

  start(command: string, args: readonly string[], options: SpawnOptions): RunningChild {
    const child = spawn(command, args, options);
    const ended = new Promise<ChildEnd>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        resolve({ code, signal });
      });
    });
    let killing: NodeJS.Timeout | undefined;
    const running: RunningChild = {
      process: child,
      ended,
      end: () => {
        child.kill("SIGTERM");
        killing ??= setTimeout(() => child.kill("SIGKILL"), patience);
      },
    };
    this.#running.add(running);
    const forget = () => {
      clearTimeout(killing);
      this.#running.delete(running);
    };
    ended.then(forget, forget);
    return running;
  }

  /** Ends all of them, and resolves when they are gone. */
  async end(): Promise<void> {
    const all = [...this.#running];
    for (const child of all) child.end();
    await Promise.allSettled(all.map(({ ended }) => ended));
  }
}
