import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { EngineEvent } from "../toolchain/engine-event.ts";
import type { CommandResult } from "../toolchain/command.ts";
import type { Engine } from "../toolchain/engine.ts";
import { pulumi, pulumiEvents } from "../toolchain/pulumi.ts";
import { Operation } from "./operation.ts";

export const projectFolder = path.join(import.meta.dirname, "..");

/**
 * The local state can be read by whoever can read this file; what it protects is worth nothing outside the local cloud.
 */
const passphrase = "okmail-local";

export interface LocalStackOptions {
  readonly engine: Engine;
  /** Holds the engine's state of the stack. */
  readonly folder: string;
  /** Where the stand-in providers listen, such as `aws:41001,tls:41002`. */
  readonly providers: string;
  /**
   * The stack's name.
   *
   * @default "local"
   */
  readonly name?: string;
  /**
   * The stack's configuration file.
   *
   * @default - Pulumi.NAME.yaml of the project
   */
  readonly configFile?: string | undefined;
  /**
   * The folder of the Pulumi program.
   *
   * @default - this project
   */
  readonly program?: string;
}

/** How to watch and to stop an operation. */
export interface OperationOptions {
  readonly onEvent?: (event: EngineEvent) => void;
  readonly signal?: AbortSignal;
  readonly kill?: AbortSignal;
  /** More arguments for the engine, such as `--policy-pack policy`. */
  readonly arguments?: readonly string[];
}

/** A stack on the local cloud, driven through the real engine. Its state is a folder, its secrets are encrypted. */
export class LocalStack {
  readonly name: string;
  readonly #options: LocalStackOptions;
  readonly #backend: string;

  constructor(options: LocalStackOptions) {
    this.#options = options;
    this.name = options.name ?? "local";
    this.#backend = path.join(options.folder, "state");
  }

  /** What the URN of each of its resources begins with. */
  get urnPrefix(): string {
    return `urn:pulumi:${this.name}::okmail::`;
  }

  /** Makes the stack if it isn't there. */
  async init(): Promise<void> {
    await mkdir(this.#backend, { recursive: true, mode: 0o700 });
    if (await this.exists()) return;
    await this.run(["stack", "select", "--create", this.name]);
  }

  async exists(): Promise<boolean> {
    try {
      await stat(path.join(this.#backend, ".pulumi", "stacks", "okmail", `${this.name}.json`));
      return true;
    } catch {
      return false;
    }
  }

  async preview(options: OperationOptions = {}): Promise<Operation> {
    return this.#operate("preview", [], options);
  }

  async up(options: OperationOptions = {}): Promise<Operation> {
    return this.#operate("up", ["--yes"], options);
  }

  async refresh(options: OperationOptions = {}): Promise<Operation> {
    return this.#operate("refresh", ["--yes", "--skip-preview"], options);
  }

  async destroy(options: OperationOptions = {}): Promise<Operation> {
    return this.#operate("destroy", ["--yes", "--skip-preview"], options);
  }

  /** The stack's state as `pulumi stack export` gives it, secrets encrypted. */
  async export(): Promise<StackState> {
    const { stdout } = await this.run(["stack", "export", "--stack", this.name]);
    return JSON.parse(stdout) as StackState;
  }

  /** Replaces the stack's state, as `pulumi stack import` does. */
  async import(state: StackState): Promise<void> {
    await this.run(["stack", "import", "--stack", this.name], JSON.stringify(state));
  }

  /** The operation that holds the stack's lock, if one does. */
  async lock(): Promise<StackLock | undefined> {
    const folder = path.join(this.#backend, ".pulumi", "locks", "organization", "okmail", this.name);
    const files = await readdir(folder).catch(() => []);
    for (const file of files) {
      try {
        return JSON.parse(await readFile(path.join(folder, file), "utf8")) as StackLock;
      } catch {
        // Released meanwhile, or killed while it was written: a lock that names no holder holds nothing.
        await rm(path.join(folder, file), { force: true });
      }
    }
    return undefined;
  }

  /** Takes away the lock of an operation that has ended without releasing it. */
  async unlock(): Promise<void> {
    await this.run(["cancel", "--yes", "--stack", this.name]);
  }

  /** Runs the CLI on this stack's backend; throws if it fails. */
  async run(args: readonly string[], input?: string): Promise<CommandResult> {
    const result = await pulumi(this.#options.engine, args, {
      cwd: this.#options.program ?? projectFolder,
      env: this.environment(),
      ...(input !== undefined && { input }),
    });
    if (result.code === 0) return result;
    throw new Error(`pulumi ${args.join(" ")} failed: ${(result.stderr || result.stdout).trim()}`);
  }

  /** What the CLI needs in its environment to find this stack and the local cloud. */
  environment(): NodeJS.ProcessEnv {
    return {
      PULUMI_BACKEND_URL: pathToFileURL(this.#backend).href,
      PULUMI_HOME: path.join(this.#options.folder, "home"),
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      PULUMI_DEBUG_PROVIDERS: this.#options.providers,
      // All providers run already; without this the engine looks for the SDKs' own on the internet.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
  }

  async #operate(
    verb: string,
    args: readonly string[],
    { onEvent, signal, kill, arguments: more = [] }: OperationOptions,
  ): Promise<Operation> {
    const operation = new Operation();
    const { configFile } = this.#options;
    const all = [
      verb,
      ...args,
      "--stack",
      this.name,
      ...(configFile ? ["--config-file", configFile] : []),
      ...more,
    ];
    const result = await pulumiEvents(this.#options.engine, all, {
      cwd: this.#options.program ?? projectFolder,
      env: this.environment(),
      onEvent: (event) => {
        operation.add(event);
        onEvent?.(event);
      },
      ...(signal && { signal }),
      ...(kill && { kill }),
    });
    operation.end(result);
    return operation;
  }
}

/** Who holds a lock of the engine's file backend. */
export interface StackLock {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

export interface StackState {
  readonly version: number;
  readonly deployment: {
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly { readonly type: string; readonly resource: StateResource }[];
  };
}

export interface StateResource {
  readonly urn: string;
  readonly id?: string;
  readonly type: string;
  readonly custom: boolean;
  /** Reference of the provider, `URN::ID`. */
  readonly provider?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}
