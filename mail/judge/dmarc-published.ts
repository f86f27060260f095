import { clipped } from "../clipped.ts";
import {
  discoverDmarc,
  discoverDmarcBySuffixList,
  ownDmarcRecord,
  type DmarcDiscovery,
  type FoundDmarcRecord,
} from "../dmarc-discovery.ts";
import { parseDmarcRecord, type DmarcPolicy } from "../dmarc.ts";
import type { Inquiry } from "./inquiry.ts";
import { agrees, disagrees, list, remarks, undetermined, type Rule, type Statement } from "./rule.ts";

export const dmarcPublished: Rule = {
  id: "dmarc-published",
  title: "A DMARC policy applies and the mail aligns with it",
  severity: "advisory",
  description:
    "The From domain has a DMARC policy, its own or inherited by the tree walk, which parses, and the MAIL FROM domain " +
    "or a DKIM domain aligns with it. Several records at one name count as none. A remark tells where a receiver that " +
    "still reads by RFC 7489 finds another record, and what receivers ignore in it.",
  sources: ["RFC 9989 4.10.1", "RFC 9989 4.4"],
  replies: ["Gmail 550 5.7.26", "Outlook.com 550 5.7.515"],
  judge: async (inquiry) => {
    const { from } = inquiry;
    if (from === "") return [];
    const discovery = await discoveryFor(inquiry);
    const { record, unknown } = discovery;
    if (record === undefined)
      return [unknown === undefined ? missing(from, discovery) : undetermined(unknown)];
    const policy = parseDmarcRecord(record.text);
    if ("fault" in policy) return [faulty(record, policy.fault)];
    return [
      await alignment(record, policy, discovery, inquiry),
      ...policy.notes.map((note) =>
        remarks(`The DMARC record at _dmarc.${record.domain} ${clipped(note)}.`, {
          found: record.text,
          fix: `Correct the TXT record at _dmarc.${record.domain}, which is "${clipped(record.text)}".`,
          source: "RFC 9989 4.7",
        }),
      ),
      ...(await olderReading(record, inquiry)),
    ];
  },
};

/** A domain with a record of its own that is also the MAIL FROM domain aligns whatever stands above it. */
async function discoveryFor(inquiry: Inquiry): Promise<DmarcDiscovery> {
  const { from, resolver } = inquiry;
  const record = envelopeDomain(inquiry) === from ? await ownDmarcRecord(from, resolver) : undefined;
  if (record === undefined) return discoverDmarc(from, resolver);
  return { record, organizationalDomain: undefined, ambiguous: [], unknown: undefined };
}

/** For a bounce the HELO name takes the place of the MAIL FROM domain (RFC 7208 2.4). */
function envelopeDomain({ mailFrom, helo }: Inquiry): string {
  return mailFrom === "" ? helo : mailFrom;
}

function missing(from: string, { ambiguous }: DmarcDiscovery): Statement {
  const [several] = ambiguous;
  if (several !== undefined) {
    return disagrees(`There are several DMARC records at _dmarc.${several}, so none of them counts.`, {
      fix: `Keep one TXT record at _dmarc.${several}.`,
      source: "RFC 9989 4.10",
    });
  }
  const record = `v=DMARC1; p=none; rua=mailto:postmaster@${from}`;
  return disagrees(`No DMARC policy applies to ${from}.`, {
    fix: `Publish the TXT record "${record}" at _dmarc.${from}, and a stricter policy once the reports are clean.`,
  });
}

function faulty({ domain, text }: FoundDmarcRecord, fault: string): Statement {
  return disagrees(`The DMARC record at _dmarc.${domain} ${clipped(fault)}.`, {
    found: text,
    fix: `Correct the TXT record at _dmarc.${domain}, which is "${clipped(text)}".`,
    source: "RFC 9989 4.7",
  });
}

async function alignment(
  record: FoundDmarcRecord,
  policy: DmarcPolicy,
  { organizationalDomain, unknown }: DmarcDiscovery,
  inquiry: Inquiry,
): Promise<Statement> {
  const { from, selectors, resolver } = inquiry;
  const identities = [
    { domain: envelopeDomain(inquiry), mode: policy.aspf, what: "MAIL FROM" },
    ...selectors.map(({ domain = from }) => ({ domain, mode: policy.adkim, what: "DKIM" })),
  ];
  const applied = `p=${record.domain === from ? policy.policy : policy.subdomainPolicy}`;
  for (const { domain, mode, what } of identities) {
    if (domain === from) return aligned(record, `${what} domain ${domain}`, from, applied);
    if (mode === "strict" || !sharesParent(domain, from)) continue;
    if (organizationalDomain === undefined)
      return undetermined(
        unknown ?? { why: `the Organizational Domain of ${from} is not known`, undetermined: false },
      );
    const other = await discoverDmarc(domain, resolver);
    if (other.unknown !== undefined) return undetermined(other.unknown);
    if (other.organizationalDomain === organizationalDomain)
      return aligned(record, `${what} domain ${domain}`, from, applied);
  }
  const domains = [...new Set(identities.map(({ what, domain, mode }) => `${what} ${domain} (${mode})`))];
  return disagrees(`Nothing aligns with the From domain ${from}: ${list(domains)}.`, {
    expected: from,
    found: domains.join(", "),
    fix: `Sign with DKIM as ${from}, or use ${from} in MAIL FROM.`,
    source: "RFC 9989 4.4, Gmail 550 5.7.26",
  });
}

function aligned(record: FoundDmarcRecord, identity: string, from: string, applied: string): Statement {
  return agrees(
    `The DMARC policy of ${record.domain} (${applied}) applies to ${from}, and the ${identity} aligns.`,
    {
      found: record.text,
    },
  );
}

/** Domains without a common parent never align, so nothing needs to be asked. */
function sharesParent(one: string, other: string): boolean {
  return one.slice(one.lastIndexOf(".")) === other.slice(other.lastIndexOf("."));
}

/** What receivers by RFC 7489 find instead. */
async function olderReading(record: FoundDmarcRecord, { from, resolver }: Inquiry): Promise<Statement[]> {
  if (record.domain === from) return []; // Everybody looks there first.
  const older = await discoverDmarcBySuffixList(from, resolver);
  if (older.unknown !== undefined || older.record?.domain === record.domain) return [];
  const instead = older.record === undefined ? "none" : `the one at _dmarc.${older.record.domain}`;
  return [
    remarks(
      `Receivers that still read by RFC 7489 find another DMARC record for ${from} than _dmarc.${record.domain}: ${instead}.`,
      {
        found: older.record?.text,
        fix: `Publish the DMARC record at _dmarc.${from} too: "${clipped(record.text)}".`,
        source: "RFC 7489 6.6.3",
      },
    ),
  ];
}
