import { startCommand, type CommandResult } from "./command.ts";
import { isForTheUser, isHostNotice, parseEvent, type EngineEvent } from "./engine-event.ts";
import type { Engine } from "./engine.ts";

export interface PulumiOptions {
  /** The folder of the project. */
  readonly cwd: string;
  /** In addition to the engine's own environment. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly input?: string | undefined;
  /** Called with each line that the engine writes, as it comes. */
  readonly onLine?: ((line: string, stream: "stdout" | "stderr") => void) | undefined;
  /** Whether the result has the standard output as well. @default true */
  readonly keepOutput?: boolean | undefined;
  /** Aborting it asks the engine to stop, as the first Ctrl-C does: it finishes the steps in flight and saves its state. */
  readonly signal?: AbortSignal | undefined;
  /** Aborting it ends the engine now, as the second Ctrl-C does. Resources that are just being created may be lost. */
  readonly kill?: AbortSignal | undefined;
}

/** Milliseconds that the engine has to obey the second Ctrl-C by itself. */
const lastChance = 3_000;

/**
 * Runs the engine: `pulumi(engine, ["up", "--yes", "--stack", "local"], { cwd })`. It is not interactive: a question
 * of the engine is an error. Resolves with its exit code whatever it is, also when it was asked to stop. Rejects only if
 * it was to stop before it had started, or can't be started.
 */
export async function pulumi(
  engine: Engine,
  args: readonly string[],
  options: PulumiOptions,
): Promise<CommandResult> {
  const { cwd, env, input, onLine, keepOutput, signal, kill } = options;
  signal?.throwIfAborted();
  const running = startCommand(engine.command, ["--non-interactive", ...args], {
    cwd,
    env: engine.env(env),
    input,
    onLine: (line, stream) => {
      if (stream === "stdout" || !isHostNotice(line)) onLine?.(line, stream);
    },
    keepOutput,
  });

  let killing: NodeJS.Timeout | undefined;
  const onStop = () => {
    running.kill("SIGINT");
  };
  const onKill = () => {
    running.kill("SIGINT");
    killing = setTimeout(() => {
      running.kill("SIGKILL");
    }, lastChance);
  };
  signal?.addEventListener("abort", onStop);
  kill?.addEventListener("abort", onKill);
  try {
    const result = await running.ended;
    const news = result.stderr.split("\n").filter((line) => !isHostNotice(line));
    return { ...result, stderr: news.join("\n") };
  } finally {
    clearTimeout(killing);
    signal?.removeEventListener("abort", onStop);
    kill?.removeEventListener("abort", onKill);
  }
}

export interface PulumiEventOptions extends Omit<PulumiOptions, "onLine" | "keepOutput"> {
  /** Called with each event as it comes: resources before and after, diagnostics, policy violations, the summary. */
  readonly onEvent: (event: EngineEvent) => void;
}

/**
 * Runs an operation of the engine (`preview`, `up`, `refresh`, `destroy`) for its events instead of its display. In the
 * result, `stdout` holds only what was no event.
 */
export async function pulumiEvents(
  engine: Engine,
  args: readonly string[],
  { onEvent, ...options }: PulumiEventOptions,
): Promise<CommandResult> {
  const other: string[] = [];
  const result = await pulumi(engine, [...args, "--json", "--color", "never"], {
    ...options,
    // Without it, preview writes one digest at its end.
    env: { ...options.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
    keepOutput: false, // The events of a large stack are hundreds of megabytes.
    onLine: (line, stream) => {
      if (stream !== "stdout") return;
      const event = parseEvent(line);
      if (event === undefined) other.push(line);
      else if (isForTheUser(event)) onEvent(event);
    },
  });
  return { ...result, stdout: other.join("\n") };
}
