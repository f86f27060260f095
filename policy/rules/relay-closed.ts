import type { Outcome } from "../../mail/finding.ts";
import { openRelays } from "../open-relay.ts";
import type { PostfixHost } from "../senders.ts";
import type { MailRule } from "./mail-rule.ts";

export const relayClosed: MailRule = {
  name: "relay-closed",
  title: "No setting makes a mail host an open relay",
  description:
    "No Postfix setting in user data, of main.cf or of a listener in master.cf, lets strangers send mail to strangers: " +
    "neither restrictions that permit them, nor a mynetworks that trusts the world, nor a destination that is every " +
    "domain. An open relay is on all blocklists within hours. [RFC 5321 7.8, Postfix SMTPD_ACCESS_README]",
  level: "mandatory",
  remediationSteps:
    "Set smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination and " +
    "mynetworks = 127.0.0.0/8.",
};

/** What is wrong with a host's relay settings, or can't be known of them. */
export function relayFaults({ name, configuration }: PostfixHost): {
  readonly outcome: Outcome;
  readonly message: string;
}[] {
  return openRelays(configuration.smtpServers).map(({ outcome, setting, value, fault, fix }) => ({
    outcome,
    message: `host ${name}: ${setting}${value === undefined ? "" : ` = ${value}`} ${fault}. ${fix} [RFC 5321 7.8]`,
  }));
}
