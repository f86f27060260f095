import type { HostSender } from "../senders.ts";
import type { MailRule, Report } from "./mail-rule.ts";

export const addressProtected: MailRule = {
  name: "address-protected",
  title: "The Elastic IPs that mail is sent from are protected",
  description:
    "Each Elastic IP that a mail host sends from has the resource option protect, so that no deploy releases it in " +
    "passing: the reputation of an address takes weeks to earn, and a released address is hardly ever got back.",
  level: "advisory",
  remediationSteps: "Give the Elastic IP the resource option protect: true.",
};

/** One report for each Elastic IP that isn't protected, however many hosts send from it. */
export function unprotectedAddresses(senders: readonly HostSender[]): Report[] {
  const eips = new Map(
    senders.flatMap((sender) => sender.eips.map((eip) => [eip.urn, { eip, sender }] as const)),
  );
  return [...eips.values()]
    .filter(({ eip }) => !eip.protect)
    .map(({ eip, sender }) => ({
      rule: "address-protected" as const,
      message: `Elastic IP ${eip.name}, which ${sender.helo} sends from, is not protected. Give it the resource option protect: true.`,
      urn: eip.urn,
    }));
}
