import { isIPv6 } from "node:net";
import { agrees, disagrees, undetermined, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";
import { serverText, type Facts, type MailServer } from "../facts.ts";
import { replyText, type SmtpFault } from "../smtp/connection.ts";

export const mxAnswers: Check = {
  id: "mx-answers",
  title: "The mail exchangers take mail",
  severity: "mandatory",
  description:
    "Each address of each mail exchanger answers on port 25 with a banner and to EHLO, in time. Bounces and replies come " +
    "there. A time-out tells little: where this runs port 25 may be closed, as with most home and cloud networks.",
  sources: ["RFC 5321 5.1", "RFC 5321 4.3.2"],
  ofDomain: async ({ servers, asked }) => (await servers()).map((server) => answer(server, asked)),
};

function answer(server: MailServer, { mailFrom }: Facts["asked"]): Statement {
  const host = serverText(server);
  const { address } = server;
  const { banner, ehlo, fault } = server.visit;
  if (banner !== undefined && banner.code !== 220)
    return disagrees(`The mail exchanger ${host} turns visitors away: ${replyText(banner)}.`, {
      address,
      expected: "220",
      found: String(banner.code),
      fix: `Let ${server.name} take mail for ${mailFrom}, or let the MX record name a host that does.`,
    });
  if (ehlo?.code === 250)
    return fault === undefined
      ? agrees(`The mail exchanger ${host} answers on port 25.`, { address })
      : broken(host, server, fault);
  if (ehlo !== undefined)
    return disagrees(`The mail exchanger ${host} answers EHLO with ${replyText(ehlo)}.`, {
      address,
      expected: "250",
      found: String(ehlo.code),
      fix: `Look at the mail log of ${server.name} for this connection.`,
    });
  return fault === undefined
    ? undetermined({ why: `nobody visited ${host}`, undetermined: false })
    : broken(host, server, fault);
}

function broken(host: string, { address, name }: MailServer, { kind, stage, message }: SmtpFault): Statement {
  const connecting = stage === "connect";
  // Not everybody has IPv6; that says nothing about the server.
  if (connecting && kind === "unreachable" && isIPv6(address))
    return {
      ...undetermined(
        { why: `port 25 of the mail exchanger ${host} ${message}`, undetermined: false },
        { address, fix: "Ask from a network that has IPv6." },
      ),
      severity: "advisory",
    };
  if (connecting && (kind === "timed out" || kind === "unreachable"))
    return undetermined(
      { why: `port 25 of the mail exchanger ${host} ${message}`, undetermined: false },
      {
        address,
        fix: `Ask from a network where outbound port 25 is open, and if it still fails open port 25 of ${name} to all: its security group, and its own firewall.`,
      },
    );
  // After that the rest is about encryption, which has its own check.
  if (stage === "STARTTLS" || stage === "TLS")
    return agrees(`The mail exchanger ${host} answers on port 25.`, { address });
  return disagrees(`The session with the mail exchanger ${host} ${message}, at ${stage}.`, {
    address,
    found: kind,
    fix:
      kind === "refused"
        ? `Start the mail server of ${name}, or let the MX record name a host that takes mail.`
        : `Look at the mail log of ${name} for this connection: a sender waits no longer, and gives the message up.`,
  });
}
