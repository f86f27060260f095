import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Server as NetServer } from "node:net";
import path from "node:path";
import {
  runCommand,
  startCommand,
  type CommandOptions,
  type CommandResult,
  type RunningCommand,
} from "../../toolchain/command.ts";
import { lines } from "../../toolchain/lines.ts";
import { makeLabCgroups } from "./cgroups.ts";
import { createHost, type HostPlace, type LabHost } from "./host.ts";
import { Images, type Image } from "./images.ts";
import { ensureRequirements, LAB_ENVIRONMENT } from "./requirements.ts";

export type { LabHost } from "./host.ts";

export interface LabOptions {
  /** Told what takes long, a line each. */
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** @default the images in the user's cache */
  readonly images?: Images;
}

/** What a command in the lab may be given. @see CommandOptions */
export type LabCommandOptions = Pick<CommandOptions, "input" | "onLine" | "keepOutput" | "signal">;

/**
 * A small internet in namespaces of its own (mount, network, process, IPC, host name), with no way out: a bridge that
 * public hosts are on, and a router in front of them, which is where the lab's commands run. Two labs know nothing of
 * each other. Everything in a lab ends when it is closed, and when the process that opened it ends in whatever way.
 */
export interface Lab {
  /** The lab's first process, by the number that this process knows it by. */
  readonly pid: number;
  /** The folders of the lab's control groups, one for each hierarchy. */
  readonly cgroups: readonly string[];
  readonly images: Images;
  /**
   * Runs a command to its end in the router: the machine's programs and files, the lab's network, processes and /run.
   * Rejects only if it is aborted; the exit code is the caller's to look at, see {@link Lab.check}.
   */
  run(argv: readonly string[], options?: LabCommandOptions): Promise<CommandResult>;
  /** As `run`, but rejects if the command fails, with what it said. Resolves to its standard output. */
  check(argv: readonly string[], options?: LabCommandOptions): Promise<string>;
  /** Starts a command in the router that goes on running. `kill` reaches what it has started as well. */
  spawn(argv: readonly string[], options?: Omit<LabCommandOptions, "signal">): RunningCommand;
  /**
   * Starts a module of this project in the router, in a Node of its own, with a channel for messages (`send`,
   * `on("message")`): a server that listens on the lab's network. Output goes to the pipes `stdout` and `stderr`; what
   * reads nothing calls `resume`.
   */
  fork(module: string, args?: readonly string[]): ChildProcess;
  /**
   * Listens for TCP connections in the router, with this process as the server: give the result to `listen` of a server
   * of `http` and the like. Rejects if the address can't be had.
   */
  listen(address: string, port: number): Promise<NetServer>;
  /** Makes a host with a root file system of its own, its address on the public network, and no process in it yet. */
  host(name: string, place: HostPlace): Promise<LabHost>;
  /** Mounts the layers of an image, once in a lab; returns their mount points in the lab, uppermost first. */
  mountLayers(image: Image): Promise<readonly string[]>;
  /** Where this process finds what the lab knows as `inside`, an absolute path. */
  path(inside: string): string;
  /** Resolves when the lab is gone, why ever. */
  readonly ended: Promise<void>;
  /** Ends all that runs in the lab at once, as a power cut does, and waits until nothing is left of it. */
  close(): Promise<void>;
}

/**
 * Opens a lab.
 *
 * @throws LabUnavailableError where none can run
 */
export async function openLab(options: LabOptions): Promise<Lab> {
  const { report, signal } = options;
  await ensureRequirements(report, signal);
  const images = options.images ?? new Images({ report, signal });
  const cgroups = makeLabCgroups(randomBytes(4).toString("hex"));
  // In a session of its own: a Ctrl-C in the terminal is for this process, which closes the lab.
  const supervisor = spawn("sh", [script("supervisor.sh"), script("init.sh"), ...cgroups], {
    env: LAB_ENVIRONMENT,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  supervisor.stdin.on("error", () => undefined);
  const ended = once(supervisor, "exit").then(() => undefined);
  const close = async () => {
    supervisor.stdin.destroy();
    await ended;
  };
  try {
    return new RunningLab({ pid: await readPid(supervisor), cgroups, images, ended, close });
  } catch (error) {
    await close();
    throw error;
  }
}

function script(name: string): string {
  return path.join(import.meta.dirname, name);
}

/** The first line that the lab writes when its network is there: `lab PID`. */
function readPid({ stdout, stderr }: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve, reject) => {
    const errors: string[] = [];
    const gather = lines((line) => errors.push(line));
    stderr?.setEncoding("utf8").on("data", gather);
    const read = lines((line) => {
      const pid = /^lab (\d+)$/.exec(line)?.[1];
      if (pid !== undefined) resolve(Number(pid));
    });
    stdout
      ?.setEncoding("utf8")
      .on("data", read)
      .on("end", () => reject(new Error(`The lab did not start: ${errors.join("; ") || "no reason given"}`)));
  });
}

type Parts = Pick<Lab, "pid" | "cgroups" | "images" | "ended" | "close">;

class RunningLab implements Lab {
  readonly pid: number;
  readonly cgroups: readonly string[];
  readonly images: Images;
  readonly ended: Promise<void>;
  readonly close: () => Promise<void>;
  readonly #layers = new Map<string, Promise<string>>();

  constructor({ pid, cgroups, images, ended, close }: Parts) {
    this.pid = pid;
    this.cgroups = cgroups;
    this.images = images;
    this.ended = ended;
    this.close = close;
  }

  run(argv: readonly string[], options: LabCommandOptions = {}): Promise<CommandResult> {
    return runCommand("nsenter", this.#enter(argv), { ...options, env: LAB_ENVIRONMENT });
  }

  async check(argv: readonly string[], options: LabCommandOptions = {}): Promise<string> {
    return outputOf(argv, await this.run(argv, options));
  }

  spawn(argv: readonly string[], options: Omit<LabCommandOptions, "signal"> = {}): RunningCommand {
    return startCommand("nsenter", this.#enter(argv), { ...options, env: LAB_ENVIRONMENT });
  }

  fork(module: string, args: readonly string[] = []): ChildProcess {
    return spawn("nsenter", this.#enter([process.execPath, module, ...args]), {
      env: { ...LAB_ENVIRONMENT, NODE_NO_WARNINGS: "1" },
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
  }

  async listen(address: string, port: number): Promise<NetServer> {
    const child = this.fork(script("listen-here.ts"), [address, String(port)]);
    child.stdout?.resume();
    child.stderr?.resume();
    const [fault, server] = (await Promise.race([once(child, "message"), once(child, "exit")])) as unknown[];
    if (server instanceof NetServer) return server;
    throw new Error(`The lab can't listen on ${address}:${port}: ${String(fault)}`);
  }

  host(name: string, place: HostPlace): Promise<LabHost> {
    return createHost(this, name, place);
  }

  async mountLayers({ layers }: Image): Promise<readonly string[]> {
    return Promise.all(layers.map((file) => this.#mountLayer(file)));
  }

  path(inside: string): string {
    return path.join(`/proc/${this.pid}/root`, inside);
  }

  #mountLayer(file: string): Promise<string> {
    const target = path.join("/run/lab/layers", path.basename(file, ".squashfs"));
    const mount = [
      "sh",
      "-eu",
      "-c",
      'mkdir "$2"; mount -t squashfs -o loop,ro "$1" "$2"',
      "sh",
      file,
      target,
    ];
    const mounted = this.#layers.get(file) ?? this.check(mount).then(() => target);
    this.#layers.set(file, mounted);
    return mounted;
  }

  #enter(argv: readonly string[]): string[] {
    // With the namespace comes the need for a working directory that lies in it.
    return [
      "--target",
      String(this.pid),
      "--mount",
      "--net",
      "--pid",
      "--ipc",
      "--uts",
      "--wdns=/",
      "--",
      ...argv,
    ];
  }
}

/** The standard output of a command that has succeeded. @throws Error with its words if it has not */
export function outputOf(argv: readonly string[], { code, signal, stdout, stderr }: CommandResult): string {
  if (code === 0) return stdout;
  const words = (stderr.trim() || stdout.trim()).split("\n").slice(-5).join("\n");
  throw new Error(
    `${argv.join(" ").slice(0, 200)} failed (${signal ?? `exit code ${String(code)}`}): ${words}`,
  );
}
