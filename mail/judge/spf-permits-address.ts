import { isIPv6 } from "node:net";
import { clipped } from "../clipped.ts";
import { hostNameFault } from "../host-name.ts";
import { unknownIn, type SpfCheck } from "../spf.ts";
import { agrees, disagrees, undetermined, type Rule, type Statement } from "./rule.ts";

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
  judge: async ({ addresses, mailFrom, heloFault, spf }) => {
    if (mailFrom === "" && heloFault !== undefined) return [];
    const statements = addresses.map(async (address) =>
      permission(address, await spf(address, "mailfrom"), addresses),
    );
    return (await Promise.all(statements)).flat();
  },
};

function permission(address: string, check: SpfCheck, addresses: readonly string[]): Statement[] {
  const { result, domain, record, mechanism, problem } = check;
  const common = { address, expected: "pass", found: result };
  switch (result) {
    case "pass":
      return [agrees(`SPF of ${domain} permits ${address}${by(mechanism)}.`, common)];
    case "permerror":
      return [];
    case "temperror":
      return [undetermined(unknownIn(check), { address, expected: "pass" })];
    case "none":
      return [
        disagrees(`SPF does not permit ${address}: ${problem ?? ""}.`, {
          ...common,
          fix:
            hostNameFault(domain) === undefined
              ? `Publish the TXT record "${permitting("v=spf1 -all", addresses)}" at ${domain}.`
              : `Use a fully qualified domain in MAIL FROM, in place of "${domain}".`,
        }),
      ];
    default:
      return [
        disagrees(
          `SPF of ${domain} gives ${address} ${result}${by(mechanism)}; the record is "${clipped(record ?? "")}".`,
          {
            ...common,
            fix: `Set the SPF record of ${domain} to "${clipped(permitting(record ?? "v=spf1 -all", [address]))}".`,
          },
        ),
      ];
  }
}

/** ` by "ip4:192.0.2.10"` */
export function by(mechanism: string | undefined): string {
  return mechanism === undefined ? "" : ` by "${mechanism}"`;
}

/**
 * The record with `addresses` permitted first, before any term can decide otherwise.
 * `v=spf1 mx -all`, 192.0.2.10 -> `v=spf1 ip4:192.0.2.10 mx -all`
 */
export function permitting(record: string, addresses: readonly string[]): string {
  const own = addresses.map((address) => `${isIPv6(address) ? "ip6" : "ip4"}:${address}`);
  const [version = "v=spf1", ...terms] = record.split(" ").filter((term) => term !== "");
  const others = terms.filter((term) => !own.includes(term.toLowerCase().replace(/^[-+~?]/, "")));
  return [version, ...own, ...others].join(" ");
}
