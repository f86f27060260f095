import { clipped } from "../clipped.ts";
import { unknownIn, type SpfCheck } from "../spf.ts";
import { agrees, disagrees, remarks, undetermined, type Rule, type Statement } from "./rule.ts";
import { by, permitting } from "./spf-permits-address.ts";

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
  judge: async ({ addresses, helo, heloFault, mailFrom, spf }) => {
    if (heloFault !== undefined || mailFrom === "" || mailFrom === helo) return [];
    const statements = addresses.map(async (address) =>
      permission(address, await spf(address, "helo"), addresses),
    );
    return (await Promise.all(statements)).flat();
  },
};

function permission(address: string, check: SpfCheck, addresses: readonly string[]): Statement[] {
  const { result, domain, record, mechanism, problem } = check;
  const common = { address, expected: "pass", found: result };
  switch (result) {
    case "pass":
      return [agrees(`SPF of the HELO name ${domain} permits ${address}${by(mechanism)}.`, common)];
    case "permerror":
      return [];
    case "temperror":
      return [undetermined(unknownIn(check), { address, expected: "pass" })];
    case "none": {
      const fix = `Publish the TXT record "${permitting("v=spf1 -all", addresses)}" at ${domain}.`;
      return [remarks(`The HELO name has no SPF of its own: ${problem ?? ""}.`, { ...common, fix })];
    }
    default: {
      const message = `SPF of the HELO name ${domain} gives ${address} ${result}${by(mechanism)}; the record is "${clipped(record ?? "")}".`;
      const fix = `Set the SPF record of ${domain} to "${clipped(permitting(record ?? "v=spf1 -all", [address]))}".`;
      return [
        result === "fail" ? disagrees(message, { ...common, fix }) : remarks(message, { ...common, fix }),
      ];
    }
  }
}
