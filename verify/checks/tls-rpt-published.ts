import { exchangersOf } from "../../mail/judge/exchangers.ts";
import { agrees, disagrees, remarks, undetermined } from "../../mail/judge/rule.ts";
import { tlsRptRecord } from "../../mail/tls-rpt.ts";
import type { Check } from "../check.ts";

export const tlsRptPublished: Check = {
  id: "tls-rpt-published",
  title: "Somebody hears how encryption went",
  severity: "advisory",
  description:
    "A domain that takes mail has one TLSRPT record with an address that daily reports on TLS go to.",
  sources: ["RFC 8460 3"],
  ofDomain: async ({ asked }) => {
    const { mailFrom, lookUp } = asked;
    if (mailFrom === "") return [];
    const owner = `_smtp._tls.${mailFrom}`;
    const [exchangers, lookup] = await Promise.all([exchangersOf(asked), lookUp(owner, "TXT")]);
    if (exchangers.length === 0) return [];
    if (lookup.kind === "unknown") return [undetermined(lookup)];
    const texts = lookup.kind === "found" ? lookup.answers.map((strings) => strings.join("")) : [];
    const records = texts.filter((text) => /^v=TLSRPTv1[ \t]*(?:;|$)/.test(text));
    const [record] = records;
    const wanted = tlsRptRecord({ rua: [`postmaster@${mailFrom}`] });
    const fix = `Publish the TXT record "${wanted}" at ${owner}.`;
    if (record === undefined)
      return [
        remarks(`${mailFrom} asks for no reports on TLS, so nobody hears of failures.`, {
          expected: wanted,
          fix,
        }),
      ];
    if (records.length > 1)
      return [
        disagrees(`${owner} has ${records.length} TLSRPT records, so none counts.`, {
          found: records.join(", "),
          fix: `Keep one TXT record at ${owner}.`,
        }),
      ];
    const [, rua = ""] = /;[ \t]*rua=[ \t]*([^;]*)/.exec(record) ?? [];
    const uris = rua.split(",").map((uri) => uri.trim());
    const strange = uris.find((uri) => !/^(?:mailto:[^@\s]+@[^@\s]+|https:\/\/\S+)$/i.test(uri));
    if (strange !== undefined)
      return [
        disagrees(
          `The TLSRPT record at ${owner} has "${strange}" in rua, which is neither mailto: nor https:.`,
          {
            expected: wanted,
            found: record,
            fix,
          },
        ),
      ];
    return [agrees(`Reports on TLS for ${mailFrom} go to ${uris.join(", ")}.`, { found: record })];
  },
};
