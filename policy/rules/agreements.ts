import type { RuleId } from "../../mail/finding.ts";
import { rules } from "../../mail/judge.ts";
import type { MailRule } from "./mail-rule.ts";

const remediationSteps: Readonly<Record<RuleId, string>> = {
  "helo-is-host-name":
    "Let Postfix say a fully qualified name of a domain of yours: smtp_helo_name, or myhostname.",
  "a-matches-address": "Let the A record of the HELO name hold the address that the host sends from.",
  "mail-name-not-proxied":
    "Set proxied to false for HELO names and mail exchangers. The enforcement level remediate does it for you.",
  "ptr-matches-helo": "Request the HELO name as the PTR of the Elastic IP, by an EipDomainName.",
  "spf-is-valid": "Keep one SPF record a name, without faults, with at most 10 look-ups.",
  "spf-permits-address": "Permit the sending address by ip4 in the SPF record of the MAIL FROM domain.",
  "spf-permits-helo": "Permit the sending address by ip4 in the SPF record of the HELO name.",
  "spf-not-too-wide": "Take terms that authorize other people's addresses out of the SPF record.",
  "mx-resolves": "Let MX records name hosts with an A record: no alias, no address, no proxied name.",
  "dkim-key-published": "Publish the host's DKIM public key at SELECTOR._domainkey.DOMAIN.",
  "dmarc-published": "Publish a DMARC record at _dmarc.DOMAIN.",
  "address-not-listed": "Ask the blocklist to remove the address, or send from another.",
};

/** The rules of the judge as policies, in the order in which a strict receiver asks. */
export const agreements: readonly MailRule[] = rules.map(({ id, title, description, severity, sources }) => ({
  name: id,
  title,
  description: `${description} [${sources.join(", ")}]`,
  level: severity,
  remediationSteps: remediationSteps[id],
}));
