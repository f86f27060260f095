import { createTransport } from "nodemailer";
import type { Notice } from "./notice.ts";

/** Who gets mail, from whom, by which server. */
export interface MailOptions {
  readonly to: string;
  readonly from: string;
  readonly server: MailServer;
}

/** A server that takes mail for others. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** Whether the connection is encrypted from its beginning. Otherwise STARTTLS is used where it is offered. */
  readonly tls: boolean;
  /** With a password, encryption is a must. */
  readonly login?: { readonly user: string; readonly password: string } | undefined;
}

/** Milliseconds for each step of the session. */
const patience = 30_000;

/**
 * Hands a message over to a mail server.
 * @throws Error that says what the server said
 */
export async function sendMail({ to, from, server }: MailOptions, { subject, text }: Notice): Promise<void> {
  const { host, port, tls, login } = server;
  const transport = createTransport({
    host,
    port,
    secure: tls,
    requireTLS: login !== undefined,
    ...(login !== undefined && { auth: { user: login.user, pass: login.password } }),
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
  });
  try {
    await transport.sendMail({
      from,
      to,
      subject,
      text,
      // No answers of machines to a machine (RFC 3834 5).
      headers: { "Auto-Submitted": "auto-generated" },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`mail to ${to} by ${host}:${port} failed: ${why}`, { cause: error });
  } finally {
    transport.close();
  }
}
