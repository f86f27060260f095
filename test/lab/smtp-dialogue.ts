import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface, type Interface } from "node:readline";
import { connect as connectTls } from "node:tls";

/** Where an SMTP server listens, and how its connections are encrypted. */
export interface SmtpPort {
  readonly address: string;
  readonly port: number;
  /** `starttls`: on the client's request (RFC 3207); `implicit`: from the first octet (RFC 8314). */
  readonly tls: "none" | "starttls" | "implicit";
}

/** A server's reply (RFC 5321 4.2). */
export interface Reply {
  /** 0 if the server closed the connection instead. */
  readonly code: number;
  /** All lines with their codes. */
  readonly text: string;
}

/** Milliseconds until a silent server counts as gone. */
const patience = 30_000;

/**
 * A client that says exactly what it is told: mail libraries mend or refuse the addresses by which relays are tried.
 * Any certificate will do.
 */
export class SmtpDialogue {
  #socket: Socket;
  #lines: Interface;
  #incoming: AsyncIterator<string, undefined>;

  /** Why the connection ended, if not by the server's will. */
  #failure = "the server closed the connection";

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = this.#linesOf(socket);
    this.#incoming = this.#lines[Symbol.asyncIterator]();
  }

  /** Connects and takes the greeting. A server that refuses the connection at TCP is an error. */
  static async open({ address, port, tls }: SmtpPort): Promise<{ dialogue: SmtpDialogue; greeting: Reply }> {
    const socket =
      tls === "implicit"
        ? connectTls({ host: address, port, rejectUnauthorized: false })
        : connect({ host: address, port });
    socket.setTimeout(patience, () => socket.destroy(new Error(`${address}:${port} says nothing`)));
    await once(socket, tls === "implicit" ? "secureConnect" : "connect");
    const dialogue = new SmtpDialogue(socket);
    return { dialogue, greeting: await dialogue.#reply() };
  }

  /** Says a line as it stands, and takes the reply. */
  command(line: string): Promise<Reply> {
    this.#socket.write(`${line}\r\n`);
    return this.#reply();
  }

  /** Gives a message over, after DATA was answered with 354: lines without their ends, without leading dots. */
  message(lines: readonly string[]): Promise<Reply> {
    return this.command([...lines, "."].join("\r\n"));
  }

  /** Encrypts the connection from here on. EHLO has to be said again (RFC 3207 4.2). */
  async startTls(): Promise<Reply> {
    const reply = await this.command("STARTTLS");
    if (reply.code !== 220) return reply;
    this.#lines.close();
    this.#socket.removeAllListeners("data");
    const encrypted = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await once(encrypted, "secureConnect");
    this.#socket = encrypted;
    this.#lines = this.#linesOf(encrypted);
    this.#incoming = this.#lines[Symbol.asyncIterator]();
    return reply;
  }

  /** AUTH PLAIN (RFC 4616). */
  logIn(user: string, password: string): Promise<Reply> {
    const response = Buffer.from(`\0${user}\0${password}`).toString("base64");
    return this.command(`AUTH PLAIN ${response}`);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** An error ends the lines, and so the next reply tells it. */
  #linesOf(socket: Socket): Interface {
    socket.on("error", (error) => {
      this.#failure = error.message;
    });
    return createInterface({ input: socket, crlfDelay: Infinity });
  }

  async #reply(): Promise<Reply> {
    const lines: string[] = [];
    for (;;) {
      const { value, done } = await this.#incoming.next();
      if (done === true) return { code: 0, text: this.#failure };
      lines.push(value);
      if (/^\d{3}(?!-)/.test(value)) return { code: Number(value.slice(0, 3)), text: lines.join("\n") };
    }
  }
}
