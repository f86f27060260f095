import { clipped } from "../clipped.ts";
import { disagrees, remarks, type Rule } from "./rule.ts";
import { by, permitting, spfPermissions } from "./spf-permission.ts";

export const spfPermitsHelo: Rule = {
  id: "spf-permits-helo",
  title: "SPF permits the sending address for HELO",
  severity: "mandatory",
  description:
    "The SPF evaluation of each sending address for the HELO name does not give fail: receivers check it first, and for " +
    "bounces it is the only check. A HELO name without a record, softfail and neutral get a remark. A permanent error " +
    "is reported by spf-is-valid. Where HELO name and MAIL FROM domain are the same, spf-permits-address says it all.",
  sources: ["RFC 7208 2.3", "RFC 7208 10.1.3"],
  replies: ["policyd-spf 550 5.7.23"],
  judge: async (inquiry) => {
    const { addresses, helo, heloFault, mailFrom } = inquiry;
    if (heloFault !== undefined || mailFrom === "" || mailFrom === helo) return [];
    return spfPermissions(inquiry, "helo", "the HELO name ", (check, address) => {
      const { result, domain, record = "", mechanism, problem = "" } = check;
      const common = { address, expected: "pass", found: result };
      if (result === "none") {
        const fix = `Publish the TXT record "${permitting("v=spf1 -all", addresses)}" at ${domain}.`;
        return remarks(`The HELO name has no SPF of its own: ${problem}.`, { ...common, fix });
      }
      const message = `SPF of the HELO name ${domain} gives ${address} ${result}${by(mechanism)}; the record is "${clipped(record)}".`;
      const fix = `Set the SPF record of ${domain} to "${clipped(permitting(record, [address]))}".`;
      return result === "fail"
        ? disagrees(message, { ...common, fix })
        : remarks(message, { ...common, fix });
    });
  },
};
