import type { SMTPServerOptions } from "smtp-server";

/** One line of an SMTP session, a message's content left out. */
export interface DialogueLine {
  /** Id of the session. */
  readonly session: string;
  readonly from: "client" | "server";
  /** A reply of several lines is one entry, joined by line breaks. */
  readonly line: string;
}

/** What the SMTP server's log entries carry. */
interface LogEntry {
  readonly tnx?: string;
  readonly cid?: string;
}

type Log = (entry: LogEntry, message: string, ...values: readonly unknown[]) => void;

/**
 * A logger for the SMTP server that makes the dialogue of its log: the one place where every command and every reply
 * passes, those included that no handler of ours sees.
 */
export function dialogueLogger(tell: (line: DialogueLine) => void): NonNullable<SMTPServerOptions["logger"]> {
  const ignore: Log = () => undefined;
  const debug: Log = ({ tnx, cid }, _, line) => {
    if (cid === undefined || typeof line !== "string") return;
    if (tnx === "send") tell({ session: cid, from: "server", line });
    if (tnx === "command") tell({ session: cid, from: "client", line });
  };
  return {
    level: () => undefined,
    trace: ignore,
    debug,
    info: ignore,
    warn: ignore,
    error: ignore,
    fatal: ignore,
  };
}
