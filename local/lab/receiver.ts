import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningCommand } from "../../toolchain/command.ts";
import type { Attempt, ReceivedMessage } from "../receiver/attempt.ts";
import { selfSigned, type Certificate } from "../receiver/certificate.ts";
import { NAME_SERVER_ADDRESS, RECEIVER_ADDRESS } from "./addresses.ts";
import type { LabHost } from "./host.ts";
import type { Lab } from "./lab.ts";
import { opendkimConf, opendmarcConf, policydSpfConf, unboundConf } from "./receiver/filters-config.ts";
import { ObservedMail } from "./receiver/observed.ts";
import {
  MAILBOX_USER,
  POSTFIX,
  RECEIVER_PATHS,
  RECEIVER_PORTS,
  sinkMainCf,
  sinkMasterCf,
  strictMainCf,
  strictMasterCf,
  type ReceiverNames,
} from "./receiver/postfix-config.ts";
import { WitnessLink } from "./receiver/witness-link.ts";

/** What a receiver is started with. */
export interface LabReceiverOptions extends ReceiverNames {
  /** For STARTTLS. @default self-signed, as most of the world's are in effect: nobody verifies them */
  readonly certificate?: Certificate;
}

/** What answers on port 25: a strict receiver, one that throws everything away, or nobody. */
export type ReceiverMode = "strict" | "sink" | "stopped";

/** The lab's receiver: Postfix with the checks that big receivers make. */
export interface LabReceiver {
  readonly address: string;
  readonly port: number;
  /** What it saw, oldest first, as of the last `sync`. */
  readonly attempts: readonly Attempt[];
  /** What it accepted, oldest first, as of the last `sync`. */
  readonly messages: readonly ReceivedMessage[];
  /** Resolves when all that has happened on it until now is in `attempts` and `messages`. */
  sync(): Promise<void>;
  /** Has it answer every recipient so, such as `450 4.3.2 Try again later`; undefined has it judge again. */
  answerAll(reply: string | undefined): Promise<void>;
  /** Changes what answers; resolves when it does. Where it was a sink before, with the number of messages that it took. */
  become(mode: ReceiverMode): Promise<number>;
  /** Ends it, with its host. */
  close(): Promise<void>;
}

/** Debian packages of its host. */
const PACKAGES = [
  "opendkim",
  "opendmarc",
  "postfix",
  "postfix-policyd-spf-python",
  "publicsuffix",
  "unbound",
];

const NEVER = new Promise<never>(() => undefined);
/** Milliseconds that a daemon may take to start. */
const START_PATIENCE = 20_000;

/** Starts the receiver on a host of its own. */
export async function startLabReceiver(lab: Lab, options: LabReceiverOptions): Promise<LabReceiver> {
  const host = await lab.host("receiver", { address: RECEIVER_ADDRESS, packages: PACKAGES });
  writeConfiguration(host, options);
  await host.check(["chown", "postfix:", POSTFIX.sink.data]);
  const receiver = new RunningReceiver(host);
  await receiver.start(options);
  return receiver;
}

class RunningReceiver implements LabReceiver {
  readonly address = RECEIVER_ADDRESS;
  readonly port = 25;
  readonly #host: LabHost;
  readonly #observed: ObservedMail;
  readonly #daemons: RunningCommand[] = [];
  #link: WitnessLink | undefined;
  #postfix: RunningCommand | undefined;
  #sink: RunningCommand | undefined;
  #mode: ReceiverMode = "stopped";
  /** Called when Postfix says that it has started. */
  #started: () => void = () => undefined;

  constructor(host: LabHost) {
    this.#host = host;
    this.#observed = new ObservedMail({
      mailbox: join(host.root, RECEIVER_PATHS.mail, "inbox"),
      history: join(host.root, RECEIVER_PATHS.history),
    });
  }

  get attempts(): readonly Attempt[] {
    return this.#observed.attempts;
  }

  get messages(): readonly ReceivedMessage[] {
    return this.#observed.messages;
  }

  async start({ blocklists }: ReceiverNames): Promise<void> {
    const { folder, policy, control, spf } = RECEIVER_PATHS;
    const ports = [RECEIVER_PORTS.opendkim, RECEIVER_PORTS.opendmarc].join(",");
    this.#daemons.push(
      this.#host.spawn(["python3", `${folder}/witness.py`, policy, control, ports, ...blocklists]),
      this.#host.spawn(["python3", `${folder}/spf-server.py`, spf, `${folder}/policyd-spf.conf`]),
      this.#host.spawn(["unbound", "-d", "-c", `${folder}/unbound.conf`]),
      this.#host.spawn(["opendkim", "-f", "-x", `${folder}/opendkim.conf`]),
      this.#host.spawn(["opendmarc", "-f", "-c", `${folder}/opendmarc.conf`]),
    );
    await this.#appearance(control);
    this.#link = await WitnessLink.open(join(this.#host.root, control), (event) => {
      if ("log" in event && event.log.tag === "postfix/master" && event.log.text.startsWith("daemon started"))
        this.#started();
      this.#observed.read(event);
    });
    await this.#appearance(spf);
    await this.become("strict");
  }

  sync(): Promise<void> {
    return this.#observed.settle(() => this.#link?.sync() ?? Promise.resolve());
  }

  async answerAll(reply: string | undefined): Promise<void> {
    this.#link?.answerAll(reply ?? null);
    await this.#link?.sync();
  }

  async become(mode: ReceiverMode): Promise<number> {
    if (mode === this.#mode) return 0;
    await this.#stopPostfix();
    const count = await this.#stopSink();
    const sinkEnded = mode === "sink" ? this.#startSink() : NEVER;
    if (mode !== "stopped") await Promise.race([this.#startPostfix(POSTFIX[mode].config), sinkEnded]);
    this.#mode = mode;
    return count;
  }

  async close(): Promise<void> {
    this.#link?.close();
    await this.#host.close();
  }

  async #startPostfix(config: string): Promise<void> {
    const started = new Promise<void>((resolve) => (this.#started = resolve));
    const postfix = this.#host.spawn(["postfix", "-c", config, "start-fg"]);
    this.#postfix = postfix;
    const ended = postfix.ended.then(({ stdout, stderr }) => {
      throw new Error(`The receiver's Postfix did not start: ${(stderr || stdout).trim()}`);
    });
    await Promise.race([started, ended, timeout("The receiver's Postfix")]);
    // From now on its end is no failure to start.
    ended.catch(() => undefined);
  }

  /** What Postfix passes messages on to as they come. Rejects when it ends by itself. */
  async #startSink(): Promise<never> {
    const sink = this.#host.spawn([
      "smtp-sink",
      "-u",
      "postfix",
      "-c",
      `127.0.0.1:${RECEIVER_PORTS.sink}`,
      "1000",
    ]);
    this.#sink = sink;
    const { stderr } = await sink.ended;
    throw new Error(`The sink ended: ${stderr.trim()}`);
  }

  async #stopPostfix(): Promise<void> {
    if (this.#mode === "stopped") return;
    const { queue } = POSTFIX[this.#mode];
    // Its first process ends the others.
    await this.#host.check(["sh", "-c", `kill -TERM $(cat ${queue}/pid/master.pid)`]);
    await this.#postfix?.ended;
    this.#mode = "stopped";
  }

  /** The number of messages, from its last count: `sess=7 quit=7 mesg=120`. */
  async #stopSink(): Promise<number> {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.kill("SIGTERM");
    const counts = [...((await sink?.ended)?.stdout ?? "").matchAll(/mesg=(\d+)/g)];
    return Number(counts.at(-1)?.[1] ?? 0);
  }

  /** Waits for a file that a daemon makes when it is ready. */
  async #appearance(path: string): Promise<void> {
    const failure = Promise.race(this.#daemons.map(({ ended }) => ended));
    let end: string | undefined;
    failure.then(
      ({ stderr }) => (end = stderr.trim()),
      (error: unknown) => (end = String(error)),
    );
    const deadline = performance.now() + START_PATIENCE;
    while (!existsSync(join(this.#host.root, path))) {
      if (end !== undefined) throw new Error(`A daemon of the receiver ended: ${end}`);
      if (performance.now() > deadline) throw new Error(`The receiver's ${path} does not appear`);
      await sleep(5);
    }
  }
}

async function timeout(what: string): Promise<never> {
  await sleep(START_PATIENCE, undefined, { ref: false });
  throw new Error(`${what} did not start within ${START_PATIENCE / 1000} s`);
}

function writeConfiguration(host: LabHost, options: LabReceiverOptions): void {
  const { folder, certificate, history, mail } = RECEIVER_PATHS;
  const { key, cert } = options.certificate ?? selfSigned(options.hostname);
  const inside = (path: string) => join(host.root, path);
  mkdirSync(inside(folder));
  for (const program of ["facts.py", "witness.py", "spf-server.py"])
    copyFileSync(join(import.meta.dirname, "receiver", program), inside(`${folder}/${program}`));
  const write = (path: string, content: string) => writeFileSync(inside(path), content);
  write("/etc/resolv.conf", `nameserver ${NAME_SERVER_ADDRESS}\noptions timeout:2 attempts:1\n`);
  write(`${folder}/policyd-spf.conf`, policydSpfConf(options));
  write(`${folder}/opendkim.conf`, opendkimConf(options));
  write(`${folder}/unbound.conf`, unboundConf(NAME_SERVER_ADDRESS));
  write(`${folder}/opendmarc.conf`, opendmarcConf(options));
  writeFileSync(inside(certificate), key + cert, { mode: 0o600 });

  for (const folders of Object.values(POSTFIX))
    for (const path of Object.values(folders)) mkdirSync(inside(path), { recursive: true });
  write(`${POSTFIX.strict.config}/main.cf`, strictMainCf(options));
  write(`${POSTFIX.strict.config}/master.cf`, strictMasterCf);
  write(`${POSTFIX.sink.config}/main.cf`, sinkMainCf(options));
  write(`${POSTFIX.sink.config}/master.cf`, sinkMasterCf);
  for (const { config } of Object.values(POSTFIX)) age(inside(`${config}/main.cf`));

  mkdirSync(inside(mail));
  chownSync(inside(mail), MAILBOX_USER, MAILBOX_USER);
  // OpenDMARC notes what it sees as its own user.
  mkdirSync(join(inside(history), ".."));
  chmodSync(join(inside(history), ".."), 0o777);
}

/** Postfix waits until a main.cf is two seconds old, in case that it is being written still. */
function age(path: string): void {
  const then = Date.now() / 1000 - 10;
  utimesSync(path, then, then);
}
