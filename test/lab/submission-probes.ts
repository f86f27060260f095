import { SmtpDialogue, type Reply, type SmtpPort } from "./smtp-dialogue.ts";

/** A message that a logged-in application hands over, and what should become of it. */
export interface SubmissionProbe {
  readonly title: string;
  /** Without brackets; "" for the null sender. */
  readonly mailFrom: string;
  /** Header fields besides To and Subject. */
  readonly header: readonly string[];
  readonly verdict: "accepted" | "refused";
}

/** How a server took it: the command that it refused, or END for the end of the message. */
export interface SubmissionOutcome {
  readonly accepted: boolean;
  readonly stage: "AUTH" | "MAIL" | "RCPT" | "DATA" | "END";
  readonly reply: Reply;
}

/**
 * Whom an application may send as: MAIL FROM and every author in From are of the domain, whatever name, comment, quotes or
 * second field makes it look otherwise.
 */
export function submissionProbes(domain: string, helo: string): SubmissionProbe[] {
  const own = `app@${domain}`;
  const foreign = "ceo@example.org";
  const senders: [verdict: SubmissionProbe["verdict"], title: string, mailFrom: string][] = [
    ["accepted", "as an address of the domain", own],
    ["accepted", "as another address of the domain, in capitals", own.toUpperCase()],
    ["accepted", "as nobody, for an automatic answer", ""],
    ["refused", "as a foreign address", foreign],
    ["refused", "as an address of the host", `app@${helo}`],
    ["refused", "as an address of a subdomain", `app@sub.${domain}`],
    ["refused", "as an address of a domain that ends like the domain", `app@not${domain}`],
  ];
  const authors: [verdict: SubmissionProbe["verdict"], title: string, ...header: string[]][] = [
    ["accepted", "a name", `From: The App <${own}>`],
    ["accepted", "no name", `From: ${own}`],
    ["accepted", "the domain in capitals", `From: app@${domain.toUpperCase()}`],
    ["accepted", "the field in two lines", `From: The App\r\n <${own}>`],
    ["accepted", "the address as name", `From: ${own} <${own}>`],
    ["accepted", "an at sign in a quoted name", `From: "Doe, J. @ Acme" <${own}>`],
    ["accepted", "a quoted quote and a foreign address as name", `From: "\\"${foreign}\\"" <${own}>`],
    ["accepted", "a comment", `From: ${own} (via (the) ${foreign} ")`],
    ["accepted", "no From, which is then the sender", "X-Test: yes"],
    ["accepted", "two authors of the domain", `From: ${own}, other@${domain}`],
    ["refused", "a foreign address", `From: ${foreign}`],
    ["refused", "a foreign address under our name", `From: "${own}" <${foreign}>`],
    ["refused", "a foreign address under our name, encoded", `From: =?utf-8?q?${own}?= <${foreign}>`],
    ["refused", "a subdomain", `From: app@sub.${domain}`],
    ["refused", "a foreign author first", `From: ${foreign}, ${own}`],
    ["refused", "a foreign author second", `From: ${own}, ${foreign}`],
    ["refused", "a foreign author second, after a space", `From: ${own}, ceo@ example.org`],
    ["refused", "a foreign author second, at an address", `From: ${own}, ceo@[198.51.100.1]`],
    ["refused", "a foreign author between quotes", `From: "a\\"" <${own}>, ${foreign}, "b\\"" <${own}>`],
    ["refused", "a foreign author between comments with quotes", `From: ${own} ("), ${foreign} (")`],
    ["refused", "a foreign address as name, unquoted", `From: ${foreign} <${own}>`],
    ["refused", "two fields, the foreign one first", `From: ${foreign}`, `From: ${own}`],
    ["refused", "two fields, the foreign one second", `From: ${own}`, `From: ${foreign}`],
    ["refused", "an empty address", "From: <>"],
    ["refused", "nothing", "From:"],
    ["refused", "a group without members", "From: undisclosed:;"],
  ];
  return [
    ...senders.map(([verdict, title, mailFrom]) => ({
      title: `sends ${title}`,
      mailFrom,
      header: [`From: ${own}`],
      verdict,
    })),
    ...authors.map(([verdict, title, ...header]) => ({
      title: `sends with ${title} in From`,
      mailFrom: own,
      header,
      verdict,
    })),
  ];
}

/** Logs in and hands the message over, on a connection of its own. */
export async function submit(
  server: SmtpPort,
  login: { readonly user: string; readonly password: string },
  probe: SubmissionProbe,
  recipient: string,
): Promise<SubmissionOutcome> {
  const { dialogue } = await SmtpDialogue.open(server);
  try {
    await dialogue.command("EHLO app.example.org");
    if (server.tls === "starttls") {
      await dialogue.startTls();
      await dialogue.command("EHLO app.example.org");
    }
    const steps = [
      ["AUTH", 235, () => dialogue.logIn(login.user, login.password)],
      ["MAIL", 250, () => dialogue.command(`MAIL FROM:<${probe.mailFrom}>`)],
      ["RCPT", 250, () => dialogue.command(`RCPT TO:<${recipient}>`)],
      ["DATA", 354, () => dialogue.command("DATA")],
    ] as const;
    for (const [stage, expected, step] of steps) {
      const reply = await step();
      if (reply.code !== expected) return { accepted: false, stage, reply };
    }
    const header = [...probe.header, `To: <${recipient}>`, `Subject: ${probe.title}`];
    const reply = await dialogue.message([...header, "", probe.title]);
    return { accepted: reply.code === 250, stage: "END", reply };
  } finally {
    dialogue.close();
  }
}
