import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { runCommand } from "../../toolchain/command.ts";
import { withLock } from "../../toolchain/lock.mjs";
import { debianSources } from "./apt-sources.ts";
import { LAB_ENVIRONMENT } from "./requirements.ts";

/** The Debian release that all hosts of the lab run, as the stack's instances do. */
const SUITE = "trixie";

/** What every host has, as Debian's image for EC2 does; the rest comes with its user data. */
const BASE_PACKAGES = [
  "ca-certificates",
  "cloud-init",
  "dbus",
  "e2fsprogs",
  "iproute2",
  "iputils-ping",
  "netbase",
  // Without ssh-keygen cloud-init reports a degraded system.
  "openssh-server",
  "procps",
  "systemd",
  "systemd-sysv",
];

/** Days after which an image that nobody has used is thrown away. */
const KEPT_DAYS = 30;

/** A root file system in read-only layers. */
export interface Image {
  /** Absolute paths of squashfs files; each lies over the next one. */
  readonly layers: readonly string[];
}

export interface ImagesOptions {
  /** @default $XDG_CACHE_HOME/okmail/lab, ~/.cache/okmail/lab */
  readonly folder?: string | undefined;
  /** Told what is being built, a line each. */
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The images of the lab's hosts, built once and then taken from a cache that all labs of a user share. An image is
 * named by what it is made of: another list of packages, or another recipe, is another image.
 */
export class Images {
  readonly #folder: string;
  readonly #options: ImagesOptions;
  readonly #known = new Map<string, Promise<string>>();

  constructor(options: ImagesOptions) {
    this.#folder = options.folder ?? defaultFolder();
    this.#options = options;
  }

  /**
   * A minimal Debian with these packages and what they depend on. Rejects with the last words of apt if that can't be
   * had.
   */
  async image(packages: readonly string[]): Promise<Image> {
    const base = await this.#base();
    const wanted = [...new Set(packages)].filter((name) => !BASE_PACKAGES.includes(name)).sort();
    return { layers: wanted.length === 0 ? [base] : [await this.#layer(base, wanted), base] };
  }

  #base(): Promise<string> {
    const file = this.#file("base", "build-base.sh", BASE_PACKAGES);
    return this.#once(file, `Building a minimal Debian ${SUITE} for the lab, once`, async (work, target) => {
      const sources = debianSources(SUITE);
      const list = path.join(work, "sources.list");
      if (sources !== undefined) await writeFile(list, sources);
      const root = path.join(work, "root");
      return [
        "build-base.sh",
        SUITE,
        BASE_PACKAGES.join(","),
        sources === undefined ? "" : list,
        root,
        target,
      ];
    });
  }

  #layer(base: string, packages: readonly string[]): Promise<string> {
    const file = this.#file("layer", "build-layer.sh", [path.basename(base), ...packages]);
    const line = `Installing ${packages.length} packages in an image for the lab, once (${packages.join(" ")})`;
    return this.#once(file, line, (work, target) =>
      Promise.resolve(["build-layer.sh", base, packages.join(" "), work, target]),
    );
  }

  /** Where an image lies that `script` makes of `parts`. */
  #file(kind: string, script: string, parts: readonly string[]): string {
    const lines = readFileSync(path.join(import.meta.dirname, script), "utf8").split("\n");
    const recipe = lines.filter((line) => !line.startsWith("#")).join("\n");
    const content = JSON.stringify([SUITE, process.arch, recipe, ...parts]);
    const digest = createHash("sha256").update(content).digest("hex").slice(0, 16);
    return path.join(this.#folder, `${kind}-${SUITE}-${digest}.squashfs`);
  }

  #once(
    file: string,
    line: string,
    command: (work: string, target: string) => Promise<readonly string[]>,
  ): Promise<string> {
    const known = this.#known.get(file) ?? this.#build(file, line, command).then(() => file);
    this.#known.set(file, known);
    // A build that failed, for a mirror was away, may succeed the next time.
    known.catch(() => this.#known.delete(file));
    return known;
  }

  async #build(
    file: string,
    line: string,
    command: (work: string, target: string) => Promise<readonly string[]>,
  ): Promise<void> {
    if (await use(file)) return;
    const { report, signal } = this.#options;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const onWait = () => report("Waiting for another run, which is building an image for the lab");
    await withLock(path.join(this.#folder, "lock"), { onWait, signal }, async () => {
      if (await use(file)) return;
      await clean(this.#folder);
      report(line);
      const work = await mkdtemp(path.join(this.#folder, "build-"));
      try {
        const target = path.join(work, "image.squashfs");
        const [script = "", ...args] = await command(work, target);
        await runBuild(path.join(import.meta.dirname, script), args, signal);
        await rename(target, file);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    });
  }
}

function defaultFolder(): string {
  const { XDG_CACHE_HOME: cache } = process.env;
  // The XDG Base Directory specification ignores a relative path.
  const parent = cache !== undefined && path.isAbsolute(cache) ? cache : path.join(homedir(), ".cache");
  return path.join(parent, "okmail", "lab");
}

/** Whether the image is there; it counts as used now. */
async function use(file: string): Promise<boolean> {
  const now = new Date();
  return utimes(file, now, now).then(
    () => true,
    () => false,
  );
}

/** Takes away what builds have left that were killed, and images out of use. A lab that runs on one keeps it. */
async function clean(folder: string): Promise<void> {
  const oldest = Date.now() - KEPT_DAYS * 24 * 60 * 60 * 1000;
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    const isOld = name.endsWith(".squashfs") && (await stat(file)).mtimeMs < oldest;
    if (isOld || name.startsWith("build-")) await rm(file, { recursive: true, force: true });
  }
}

/** Runs a build script; its mounts and processes end with it, and with this process, however that ends. */
async function runBuild(script: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const bound = ["--pdeathsig", "KILL", "unshare", ...namespaces, "sh", script, ...args];
  const { code, stdout, stderr } = await runCommand("setpriv", bound, {
    // The proxies of this machine are right for its apt, too.
    env: { ...process.env, ...LAB_ENVIRONMENT },
    signal,
  });
  if (code === 0) return;
  const words = `${stdout}\n${stderr}`.trim().split("\n").slice(-8).join("\n");
  throw new Error(`An image for the lab could not be built (${path.basename(script)}):\n${words}`);
}
