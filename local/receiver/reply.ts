/** An SMTP reply with its enhanced status code (RFC 5321 section 4.2, RFC 3463). */
export interface Reply {
  readonly code: number;
  /** Such as `5.7.25`. */
  readonly status: string;
  readonly text: string;
}

/** A refusal as the SMTP server wants it: an error whose message is status and text. */
export class SmtpRefusal extends Error {
  override name = "SmtpRefusal";
  readonly responseCode: number;
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`${reply.status} ${reply.text}`);
    this.responseCode = reply.code;
    this.reply = reply;
  }
}

/** `550 5.7.25 Client host rejected: …` from its parts; 4yz is for now, 5yz for good. */
export function reply(code: number, status: string, text: string): Reply {
  return { code, status, text: printable(text) };
}

/** One line of printable ASCII, whatever the client or the DNS put into it, short enough for a reply of 512 octets. */
function printable(text: string): string {
  return text.replace(/[^ -~]+/g, "?").slice(0, 480);
}
