import { buffer } from "node:stream/consumers";
import DKIM from "nodemailer/lib/dkim";
import MailComposer from "nodemailer/lib/mail-composer";
import type { SigningKey } from "./guest.ts";

/** A message that a program on a host hands over. */
export interface Letter {
  /** The author's address; also MAIL FROM. */
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

/** Composes a letter (RFC 5322) with Date and Message-ID, the latter in the name of the host. CRLF line ends. */
export function compose({ from, to, subject, text }: Letter, hostname: string): Promise<Buffer> {
  const composer = new MailComposer({
    from,
    to: [...to],
    subject,
    text,
    messageId: `<${crypto.randomUUID()}@${hostname}>`,
    newline: "\r\n",
  });
  return composer.compile().build();
}

/** Adds a DKIM signature, relaxed/relaxed and rsa-sha256 as the host's OpenDKIM makes it. */
export function sign(message: Buffer, { domain, selector }: SigningKey, privateKey: string): Promise<Buffer> {
  const signer = new DKIM({ domainName: domain, keySelector: selector, privateKey });
  return buffer(signer.sign(message));
}
