import { compose, type Letter } from "../host/message.ts";
import type { Delivery } from "../host/send-message.ts";
import type { Receipt } from "../host/smtp-client.ts";
import type { Guest } from "./guest.ts";

/** Seconds that a letter may be on its way before it counts as held. */
const LIMIT = 90;

/**
 * Hands a letter to a guest's own mail system, as a program on it would, and waits for what becomes of it: the journal
 * says it under the queue id that the letter got.
 */
export async function deliverFrom(guest: Guest, letter: Letter): Promise<Delivery> {
  const content = await compose(letter, letter.from.replace(/.*@/, ""));
  const messageId = /^Message-ID: *<([^>]+)>/im.exec(content.toString("latin1"))?.[1] ?? "";
  const shown = await guest.check(["journalctl", "--quiet", "--lines=0", "--show-cursor"]);
  const cursor = /^-- cursor: (.*)$/m.exec(shown)?.[1];
  const watch = new LetterWatch(messageId, letter.to.length);
  const from = cursor === undefined ? ["--lines=all"] : [`--after-cursor=${cursor}`];
  const journal = guest.spawn(
    ["journalctl", "--quiet", "--follow", "--output=cat", "--facility=mail", ...from],
    {
      onLine: (line) => watch.read(line),
      keepOutput: false,
    },
  );
  const timer = setTimeout(() => watch.end(`no delivery status within ${LIMIT} s`), LIMIT * 1000);
  try {
    // A program on the host ends its lines as the host does.
    const input = content.toString("latin1").replaceAll("\r\n", "\n");
    const sendmail = ["/usr/sbin/sendmail", "-i", "-f", letter.from, "--", ...letter.to];
    const { code, stderr } = await guest.run(sendmail, { input });
    if (code !== 0) return { status: "held", reason: `sendmail on the host refuses it: ${stderr.trim()}` };
    return await watch.outcome;
  } finally {
    clearTimeout(timer);
    journal.kill("SIGKILL");
    await journal.ended;
  }
}

/** Follows one letter through Postfix's log until there is a word about each of its recipients. */
export class LetterWatch {
  /** What became of it: of several recipients, the worst. */
  readonly outcome: Promise<Delivery>;
  readonly #messageId: string;
  #missing: number;
  #queueId: string | undefined;
  #tls: string | undefined;
  #worst: Delivery | undefined;
  readonly #lines: string[] = [];
  #resolve: (delivery: Delivery) => void = () => undefined;

  constructor(messageId: string, recipients: number) {
    this.#messageId = messageId;
    this.#missing = recipients;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Takes the next line of the log, without what syslog puts before it. */
  read(line: string): void {
    const tls = /TLS connection established to \S+: (.*)$/.exec(line)?.[1];
    if (tls !== undefined) this.#tls = tls;
    const [, queueId, text = ""] = /^([0-9A-Za-z]{5,}): (.*)$/.exec(line) ?? [];
    if (queueId === undefined) return;
    if (text.includes(`message-id=<${this.#messageId}>`)) this.#queueId = queueId;
    if (queueId !== this.#queueId) return;
    this.#lines.push(line);
    if (text.startsWith("milter-reject:")) {
      this.end(`the host's milter holds it back: ${text.replace(/^milter-reject: /, "")}`);
      return;
    }
    const [, status, words] = / status=(\w+) \((.*)\)$/.exec(text) ?? [];
    if (status === undefined || words === undefined) return;
    const delivery = this.#delivery(status, words);
    if (this.#worst === undefined || isWorse(delivery, this.#worst)) this.#worst = delivery;
    this.#missing -= 1;
    if (this.#missing === 0) this.#resolve(this.#worst);
  }

  /** There is nothing more to wait for. */
  end(reason: string): void {
    const seen = this.#lines.length === 0 ? "" : `; the log says: ${this.#lines.slice(-5).join(" | ")}`;
    this.#resolve({ status: "held", reason: `${reason}${seen}` });
  }

  #delivery(status: string, words: string): Delivery {
    const dialogue = [...this.#lines];
    const seen = { dialogue, ...(this.#tls !== undefined && { tls: this.#tls }) };
    if (status === "sent" && /^\d{3} /.test(words))
      return { status: "sent", receipt: { accepted: true, stage: "DATA", ...replyOf(words), ...seen } };
    // (host mx.example.net[203.0.113.25] said: 550 5.7.25 … (in reply to RCPT TO command))
    const [, reply, stage] =
      /^host \S+ said: (\d{3}.*) \(in reply to (?:end of )?(.*?) command\)$/.exec(words) ?? [];
    if (reply !== undefined && stage !== undefined)
      return { status: "sent", receipt: { accepted: false, stage, ...replyOf(reply), ...seen } };
    const greeting = /^host \S+ refused to talk to me: (\d{3}.*)$/.exec(words)?.[1];
    if (greeting !== undefined)
      return { status: "sent", receipt: { accepted: false, stage: "CONN", ...replyOf(greeting), ...seen } };
    return { status: "held", reason: `${status}: ${words}` };
  }
}

/** The parts of a reply as Postfix logs it, in one line. */
function replyOf(reply: string): Pick<Receipt, "code" | "status" | "reply" | "queueId"> {
  const [, code = "0", , status] = /^(\d{3})([ -](\d\.\d+\.\d+))?/.exec(reply) ?? [];
  const queueId = /queued as (\S+)/.exec(reply)?.[1];
  return {
    code: Number(code),
    reply,
    ...(status !== undefined && { status }),
    ...(queueId !== undefined && { queueId }),
  };
}

function isWorse(one: Delivery, other: Delivery): boolean {
  const rank = (delivery: Delivery) => (delivery.status === "held" ? 2 : delivery.receipt.accepted ? 0 : 1);
  return rank(one) > rank(other);
}
