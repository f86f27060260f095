import type { RecordType } from "dns-packet";
import { normalizeName } from "../../mail/host-name.ts";
import { agrees, disagrees, undetermined, type Statement } from "../../mail/judge/rule.ts";
import { joinTxt } from "../../mail/txt.ts";
import type { Check } from "../check.ts";
import { recordText } from "../dns/answers.ts";
import type { Facts } from "../facts.ts";
import type { DeclaredRecord } from "../subject.ts";

export const recordsAsDeclared: Check = {
  id: "records-as-declared",
  title: "The DNS has what the stack declares",
  severity: "advisory",
  description:
    "Each record that the stack's outputs tell of is in the DNS. Somebody may have changed it by hand, or the name may be " +
    "served from elsewhere than where the stack writes.",
  sources: ["RFC 1034 4.3.2"],
  ofDomain: async (facts) => {
    const known = facts.declared.filter(({ type }) => types.has(type));
    const found = await Promise.all(known.map((record) => presence(record, facts)));
    const missing = found.filter((statement) => statement !== undefined);
    if (known.length === 0 || missing.length > 0) return missing;
    return [agrees(`All ${known.length} records that the stack declares are in the DNS.`)];
  },
};

/** Types whose content is compared; that of others has several spellings. */
const types: ReadonlySet<string> = new Set(["A", "AAAA", "CNAME", "MX", "TXT"]);

async function presence(
  { name, type, content }: DeclaredRecord,
  { panel }: Facts,
): Promise<Statement | undefined> {
  const owner = normalizeName(name);
  const said = await panel.tell({ name: owner, type: type as RecordType });
  const wanted = wantedText(type, content);
  const about = [`${type} ${owner}`];
  if (said.kind === "failed" || said.kind === "referral" || said.kind === "alias")
    return undetermined(
      { why: `the DNS look-up of ${owner} ${type} failed`, undetermined: false },
      { about },
    );
  const texts = said.kind === "found" ? said.records.map(recordText) : [];
  if (texts.includes(wanted)) return undefined;
  return disagrees(
    `The stack declares ${type} ${owner} ${wanted}, and the DNS has ${texts.length === 0 ? "none" : texts.join(", ")}.`,
    {
      about,
      expected: wanted,
      found: texts.join(", "),
      fix: `Run pulumi up --refresh, and see that the name servers of ${owner} are those of the zone that the stack writes to.`,
    },
  );
}

/** The declared content as `recordText` writes what is found. */
function wantedText(type: string, content: string): string {
  switch (type) {
    case "TXT":
      return JSON.stringify(joinTxt(content));
    case "MX":
    case "CNAME":
      return normalizeName(content);
    default:
      return content.toLowerCase();
  }
}
