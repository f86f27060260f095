import { isIPv6 } from "node:net";
import { unknownIn, type SpfCheck } from "../spf.ts";
import type { Inquiry } from "./inquiry.ts";
import { agrees, undetermined, type Statement } from "./rule.ts";

/**
 * What the SPF evaluation of each sending address for one identity says. A permanent error says nothing here: that is
 * for spf-is-valid. `otherwise` says what none, neutral, softfail and fail mean for the identity.
 * @param whose what messages put before the domain's name, such as "the HELO name "
 */
export async function spfPermissions(
  { addresses, spf }: Inquiry,
  identity: "mailfrom" | "helo",
  whose: string,
  otherwise: (check: SpfCheck, address: string) => Statement,
): Promise<Statement[]> {
  const permission = (address: string, check: SpfCheck): Statement[] => {
    const { result, domain, mechanism } = check;
    switch (result) {
      case "pass": {
        const message = `SPF of ${whose}${domain} permits ${address}${by(mechanism)}.`;
        return [agrees(message, { address, expected: "pass", found: result })];
      }
      case "permerror":
        return [];
      case "temperror":
        return [undetermined(unknownIn(check), { address, expected: "pass" })];
      default:
        return [otherwise(check, address)];
    }
  };
  const statements = addresses.map(async (address) => permission(address, await spf(address, identity)));
  return (await Promise.all(statements)).flat();
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
