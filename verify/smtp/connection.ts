import { connect as connectTcp, isIPv6, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { clipped } from "../../mail/clipped.ts";
import type { Endpoint } from "../endpoint.ts";

/** Where a session stands: the command that was sent last. */
export type Stage = "connect" | "banner" | "EHLO" | "STARTTLS" | "TLS" | "MAIL" | "RCPT" | "RSET";

/** What can go wrong with a session. "refused" and "unreachable": nobody listens, no way there. */
export type FaultKind =
  "refused" | "unreachable" | "timed out" | "closed" | "too long" | "not SMTP" | "TLS failed";

/** Why a session ended before it was over. */
export class SmtpFault extends Error {
  override readonly name = "SmtpFault";
  readonly stage: Stage;
  readonly kind: FaultKind;

  constructor(stage: Stage, kind: FaultKind, message: string) {
    super(message);
    this.stage = stage;
    this.kind = kind;
  }
}

/** A reply (RFC 5321 4.2): its code, and its lines without it. */
export interface SmtpReply {
  readonly code: number;
  readonly lines: readonly string[];
}

/** For messages, not longer than is worth reading: `550 5.7.1 Relay access denied`. */
export function replyText({ code, lines }: SmtpReply): string {
  return clipped([String(code), ...lines].join(" "), 200);
}

export interface SmtpLimits {
  /** Milliseconds for each step, however busy the server is in between. @default 10_000 */
  readonly step?: number | undefined;
}

/** RFC 5321 4.5.3.1.5 has 512 octets for a line; some servers say more. */
const longestLine = 2048;
/** No honest reply has as many. */
const mostLines = 100;

/** An SMTP session as a client, one command at a time. Each step ends within its limit, with a reply or an `SmtpFault`. */
export class SmtpConnection {
  #socket: Socket | TLSSocket;
  #pending = "";
  #lines: string[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly kind: FaultKind; readonly message: string } | undefined;
  readonly #step: number;

  private constructor(socket: Socket, step: number) {
    this.#socket = socket;
    this.#step = step;
    this.#listen(socket);
  }

  /** Connects, without waiting for the banner. @throws SmtpFault */
  static async open(
    { address, port }: Endpoint,
    { step = 10_000 }: SmtpLimits = {},
  ): Promise<SmtpConnection> {
    const socket = connectTcp({ host: address, port });
    await settled(socket, "connect", step, "connect");
    return new SmtpConnection(socket, step);
  }

  /** Our own address as a client without a name says it (RFC 5321 4.1.3): `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
  get addressLiteral(): string {
    const { localAddress = "127.0.0.1" } = this.#socket;
    return `[${isIPv6(localAddress) ? "IPv6:" : ""}${localAddress}]`;
  }

  /** Sends a command and waits for its reply. @throws SmtpFault */
  command(line: string, stage: Stage): Promise<SmtpReply> {
    this.#socket.write(`${line}\r\n`);
    return this.reply(stage);
  }

  /** The next reply of the server. @throws SmtpFault */
  async reply(stage: Stage): Promise<SmtpReply> {
    const deadline = performance.now() + this.#step;
    for (;;) {
      const reply = takeReply(this.#lines, stage);
      if (reply !== undefined) return reply;
      if (this.#end !== undefined) throw new SmtpFault(stage, this.#end.kind, this.#end.message);
      await this.#more(deadline - performance.now(), stage);
    }
  }

  /**
   * Encrypts, whatever the certificate: that is for others to judge. What the server had sent in clear before is forgotten
   * (CVE-2011-0411). @throws SmtpFault
   */
  async encrypt(serverName: string, authorities?: readonly string[]): Promise<TLSSocket> {
    const plain = this.#socket;
    this.#ignore(plain);
    [this.#pending, this.#lines] = ["", []];
    const socket = connectTls({
      socket: plain,
      servername: serverName,
      rejectUnauthorized: false,
      // Also what nobody ought to use any more, to be told of.
      minVersion: "TLSv1",
      ciphers: "DEFAULT:@SECLEVEL=0",
      ...(authorities !== undefined && { ca: [...authorities] }),
    });
    await settled(socket, "secureConnect", this.#step, "TLS");
    this.#socket = socket;
    this.#listen(socket);
    return socket;
  }

  /** Says good-bye without waiting for an answer. */
  close(): void {
    const socket = this.#socket;
    this.#ignore(socket);
    socket.on("error", () => undefined);
    if (socket.writable) socket.end("QUIT\r\n");
    setTimeout(() => socket.destroy(), 500).unref();
  }

  readonly #onData = (chunk: Buffer) => this.#take(chunk.toString("latin1"));
  readonly #onError = ({ code, message }: NodeJS.ErrnoException) =>
    this.#finish("closed", `was lost (${code ?? message})`);
  readonly #onClose = () => this.#finish("closed", "was closed by the server");

  #listen(socket: Socket): void {
    socket.on("data", this.#onData).on("error", this.#onError).on("close", this.#onClose);
  }

  /** Only what is ours: the socket has listeners of its own. */
  #ignore(socket: Socket): void {
    socket.off("data", this.#onData).off("error", this.#onError).off("close", this.#onClose);
  }

  #take(chunk: string): void {
    const lines = (this.#pending + chunk).split(/\r?\n/);
    this.#pending = lines.pop() ?? "";
    this.#lines.push(...lines);
    if (this.#pending.length > longestLine || lines.some((line) => line.length > longestLine))
      this.#finish("too long", `has a line of more than ${longestLine} octets`);
    else if (this.#lines.length > mostLines)
      this.#finish("too long", `has a reply of more than ${mostLines} lines`);
    this.#wake?.();
  }

  #finish(kind: FaultKind, message: string): void {
    this.#end ??= { kind, message };
    if (kind === "too long") {
      [this.#pending, this.#lines] = ["", []];
      this.#socket.destroy();
    }
    this.#wake?.();
  }

  #more(milliseconds: number, stage: Stage): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new SmtpFault(stage, "timed out", `gave no whole reply within ${this.#step / 1000} s`)),
        Math.max(0, milliseconds),
      );
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** Takes a whole reply off the lines, if there is one. @throws SmtpFault for lines that are none */
function takeReply(lines: string[], stage: Stage): SmtpReply | undefined {
  const texts: string[] = [];
  for (const [index, line] of lines.entries()) {
    const [, code, separator, text = ""] = /^([2-5]\d\d)(?:([ -])(.*))?$/.exec(line) ?? [];
    if (code === undefined)
      throw new SmtpFault(
        stage,
        "not SMTP",
        `said ${JSON.stringify(line.slice(0, 80))}, which is no SMTP reply`,
      );
    texts.push(text);
    if (separator === "-") continue;
    lines.splice(0, index + 1);
    return { code: Number(code), lines: texts };
  }
  return undefined;
}

const noWay: ReadonlySet<string> = new Set(["EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL", "EACCES"]);

/** Waits for an event that says the socket is ready. */
function settled(socket: Socket, event: string, step: number, stage: Stage): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      socket.off("error", onError).off("close", onClose).off(event, onReady);
    };
    const fail = (kind: FaultKind, message: string) => {
      done();
      socket.on("error", () => undefined);
      socket.destroy();
      reject(new SmtpFault(stage, kind, message));
    };
    const onError = (error: NodeJS.ErrnoException) => fail(...failureOf(error, stage));
    const onClose = () => fail("closed", "was closed by the server");
    const onReady = () => {
      done();
      resolve();
    };
    const timer = setTimeout(() => fail("timed out", `did not answer within ${step / 1000} s`), step);
    socket.on("error", onError).on("close", onClose).on(event, onReady);
  });
}

function failureOf({ code, message }: NodeJS.ErrnoException, stage: Stage): [FaultKind, string] {
  if (stage === "TLS") return ["TLS failed", `failed (${message})`];
  if (code === "ECONNREFUSED") return ["refused", "was refused"];
  if (code !== undefined && noWay.has(code)) return ["unreachable", `has no way there (${code})`];
  return ["closed", `failed (${code ?? message})`];
}
