import { normalizeName } from "../../mail/host-name.ts";
import { agrees, disagrees, undetermined, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";
import { replyText } from "../smtp/connection.ts";
import { serverText, type MailServer } from "../facts.ts";

export const relayIsClosed: Check = {
  id: "relay-is-closed",
  title: "The hosts relay for nobody",
  severity: "mandatory",
  description:
    "A host of ours refuses a stranger's recipient at port 25, whoever the sender. Each envelope ends before DATA, so nothing " +
    "is ever sent. An open relay is abused within hours, and listed.",
  sources: ["RFC 5321 7.1", "RFC 2505 2.1"],
  ofSender: async ({ servers }) => (await servers()).flatMap(openness),
  // The exchangers that are ours and send nothing. Whether those of others relay is not for us to find out.
  ofDomain: async ({ servers, senders, asked: { ownAddresses } }) => {
    const helos = new Set(senders.map(({ helo }) => normalizeName(helo)));
    return (await servers())
      .filter(({ name, address }) => ownAddresses.has(address) && !helos.has(name))
      .flatMap(openness);
  },
};

function openness({ name, address, visit: { relay, ehlo, fault } }: MailServer): Statement[] {
  const host = serverText({ name, address });
  const open = relay.filter(({ reply }) => reply.code >= 200 && reply.code < 300);
  // It was there and talked, but not to the end; what a sender sees of that is for other checks.
  if (open.length === 0 && fault !== undefined && ehlo?.code === 250)
    return [
      undetermined(
        {
          why: `Whether ${host} relays was not found out: the session ${fault.message}, at ${fault.stage}`,
          undetermined: false,
        },
        { address, fix: `Look at the mail log of ${name} for this connection.` },
      ),
    ];
  if (relay.length === 0) return [];
  if (open.length === 0)
    return [agrees(`${host} relays for nobody: ${relay.length} probes refused.`, { address })];
  return open.map(({ from, to, reply }) =>
    disagrees(`${host} takes mail from <${from}> for <${to}>: it is an open relay.`, {
      address,
      expected: "550",
      found: replyText(reply),
      fix: `Set smtpd_relay_restrictions of ${name} to "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination", and look at mynetworks.`,
    }),
  );
}
