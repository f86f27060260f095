import { providerDefaultName } from "../host-name.ts";
import { agrees, disagrees, list, remarks, type Rule, type Statement } from "./rule.ts";

/** Top labels that the public DNS never has: RFC 6761, 6762, 9476, ICANN's reservation of "internal", common habit. */
const privateTopLabels = new Set([
  "alt",
  "corp",
  "home",
  "internal",
  "invalid",
  "lan",
  "local",
  "localdomain",
  "localhost",
  "onion",
]);

export const heloIsHostName: Rule = {
  id: "helo-is-host-name",
  title: "HELO is the host's own fully qualified name",
  severity: "mandatory",
  description:
    "The name that a host says in HELO is a fully qualified host name: no single label, no address literal, no final " +
    "dot (Postfix says what smtp_helo_name has, dot and all, and receivers can't look that up), no name " +
    "that a cloud provider or operating system gives every machine, no name that only a private network knows. An " +
    "alias (CNAME) gets a remark: the name should be the host's primary one.",
  sources: ["RFC 5321 4.1.1.1", "RFC 5321 4.1.4", "RFC 5321 2.3.5"],
  replies: ["Postfix reject_non_fqdn_helo_hostname 504 5.5.2"],
  judge: async ({ helo, saidHelo, heloFault, mailFrom, lookUp }) => {
    const example = `mail.${mailFrom === "" ? "example.com" : mailFrom}`;
    const fault = heloFault ?? unfitFault(helo);
    if (fault !== undefined) {
      return [
        disagrees(`The HELO name "${saidHelo}" ${fault}.`, {
          expected: "a fully qualified host name",
          found: saidHelo,
          fix: `Let the host say a name of its own domain, such as ${example} (Postfix: smtp_helo_name).`,
        }),
      ];
    }
    const statements: Statement[] = [
      agrees(`The HELO name ${helo} is a fully qualified host name.`, { found: helo }),
    ];
    const alias = await lookUp(helo, "CNAME");
    if (alias.kind === "found") {
      const target = list(alias.answers);
      statements.push(
        remarks(`The HELO name ${helo} is an alias of ${target}, where receivers expect a primary name.`, {
          found: target,
          fix: `Give ${helo} an A record of its own in place of the CNAME record.`,
          source: "RFC 5321 2.3.5",
        }),
      );
    }
    return statements;
  },
};

/** Why a well-formed name is still no name for a mail sender, as a phrase that follows it. */
function unfitFault(helo: string): string | undefined {
  const provider = providerDefaultName(helo);
  if (provider !== undefined)
    return `is a default name (${provider}), which filters take for a machine nobody set up`;
  const top = helo.slice(helo.lastIndexOf(".") + 1);
  if (privateTopLabels.has(top) || helo.endsWith(".home.arpa"))
    return `ends in "${top}", which the public DNS doesn't have`;
  return undefined;
}
