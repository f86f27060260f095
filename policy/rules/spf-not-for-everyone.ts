import type { MailRule } from "./mail-rule.ts";

/** The part of spf-not-too-wide that is mandatory: a policy has one level. */
export const spfNotForEveryone: MailRule = {
  name: "spf-not-for-everyone",
  title: "SPF does not authorize everybody",
  description:
    "No SPF record of the MAIL FROM domain or of a HELO name authorizes the whole world (+all, a /0 network, networks " +
    "that make up all addresses), be it by way of an include. [RFC 7208 11.4]",
  level: "mandatory",
  remediationSteps: "End the SPF record with -all, and take out what permits every address.",
};
