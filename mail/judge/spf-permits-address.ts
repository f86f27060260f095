import { clipped } from "../clipped.ts";
import { hostNameFault } from "../host-name.ts";
import { disagrees, type Rule } from "./rule.ts";
import { by, permitting, spfPermissions } from "./spf-permission.ts";

export const spfPermitsAddress: Rule = {
  id: "spf-permits-address",
  title: "SPF permits the sending address for MAIL FROM",
  severity: "mandatory",
  description:
    "The SPF evaluation of each sending address for the MAIL FROM domain gives pass. No record, fail, softfail and " +
    "neutral for one's own address all disagree. A host that sends only with the null reverse-path is checked by its " +
    "HELO name, as receivers do. A permanent error is reported by spf-is-valid.",
  sources: ["RFC 7208 2.4", "RFC 7208 8"],
  replies: ["Gmail 550 5.7.27", "Outlook.com 550 5.7.515"],
  judge: async (inquiry) => {
    const { addresses, mailFrom, heloFault } = inquiry;
    if (mailFrom === "" && heloFault !== undefined) return [];
    return spfPermissions(inquiry, "mailfrom", "", (check, address) => {
      const { result, domain, record = "", mechanism, problem = "" } = check;
      const common = { address, expected: "pass", found: result };
      if (result === "none") {
        const fix =
          hostNameFault(domain) === undefined
            ? `Publish the TXT record "${permitting("v=spf1 -all", addresses)}" at ${domain}.`
            : `Use a fully qualified domain in MAIL FROM, in place of "${domain}".`;
        return disagrees(`SPF does not permit ${address}: ${problem}.`, { ...common, fix });
      }
      const message = `SPF of ${domain} gives ${address} ${result}${by(mechanism)}; the record is "${clipped(record)}".`;
      const fix = `Set the SPF record of ${domain} to "${clipped(permitting(record, [address]))}".`;
      return disagrees(message, { ...common, fix });
    });
  },
};
