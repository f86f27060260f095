import { discoverDmarc, ownDmarcRecord } from "../../mail/dmarc-discovery.ts";
import { parseDmarcRecord } from "../../mail/dmarc.ts";
import { hostNameFault, normalizeName } from "../../mail/host-name.ts";
import type { Inquiry } from "../../mail/judge/inquiry.ts";
import { agrees, disagrees, remarks, undetermined, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";

export const dmarcReportsAuthorized: Check = {
  id: "dmarc-reports-authorized",
  title: "Where DMARC reports go wants them",
  severity: "advisory",
  description:
    "Each report address of the DMARC record is at a domain that takes mail, and one at somebody else's domain is authorized " +
    "by a record there: receivers send no report otherwise.",
  sources: ["RFC 9990", "RFC 7489 7.1"],
  ofDomain: async ({ asked }) => {
    const { from, resolver } = asked;
    if (from === "") return [];
    const record = (await ownDmarcRecord(from, resolver)) ?? (await discoverDmarc(from, resolver)).record;
    const policy = record === undefined ? undefined : parseDmarcRecord(record.text);
    if (record === undefined || policy === undefined || "fault" in policy) return []; // The judge's dmarc-published tells.
    if (policy.rua.length === 0)
      return [
        remarks(
          `The DMARC record of ${record.domain} asks for no reports, so nobody hears of forged or failing mail.`,
          {
            found: record.text,
            fix: `Add "; rua=mailto:postmaster@${record.domain}" to the TXT record at _dmarc.${record.domain}.`,
            source: "RFC 9989 4.7",
          },
        ),
      ];
    const domains = [...policy.rua, ...policy.ruf].flatMap(domainOf);
    const said = [...new Set(domains)].map(async (target) => ({
      ...(await authorization(target, record.domain, asked)),
      about: [target],
    }));
    return Promise.all(said);
  },
};

/** `mailto:a%21b@Example.com?subject=x` -> `example.com` */
function domainOf(uri: string): string[] {
  const [, domain = ""] = /^mailto:[^?]*@([^?@]+)/i.exec(uri) ?? [];
  const name = normalizeName(domain);
  return hostNameFault(name) === undefined ? [name] : [];
}

async function authorization(target: string, domain: string, asked: Inquiry): Promise<Statement> {
  const owner = `${domain}._report._dmarc.${target}`;
  const isWithin = target === domain || target.endsWith(`.${domain}`);
  const [unwilling, own, lookup] = await Promise.all([
    takesNoMail(target, asked),
    isWithin || sameOrganization(target, domain, asked),
    isWithin ? undefined : asked.lookUp(owner, "TXT"),
  ]);
  if (unwilling !== undefined) return unwilling;
  if (own || lookup === undefined) return agrees(`DMARC reports go to ${target}, which is the domain's own.`);
  if (lookup.kind === "unknown") return undetermined(lookup);
  const granted =
    lookup.kind === "found" &&
    lookup.answers.some((strings) => /^v=DMARC1[ \t]*(?:;|$)/.test(strings.join("")));
  return granted
    ? agrees(`DMARC reports go to ${target}, which agrees to get them.`, { found: owner })
    : disagrees(
        `DMARC reports of ${domain} go to ${target}, which has not agreed to get them: ${owner} has no such record.`,
        {
          expected: "v=DMARC1",
          fix: `Have the owner of ${target} publish the TXT record "v=DMARC1" at ${owner}, or send the reports elsewhere.`,
        },
      );
}

async function takesNoMail(target: string, { lookUp }: Inquiry): Promise<Statement | undefined> {
  const lookups = await Promise.all([lookUp(target, "MX"), lookUp(target, "A"), lookUp(target, "AAAA")]);
  const [mx] = lookups;
  const none = mx.kind === "found" && mx.answers.every(({ exchange }) => normalizeName(exchange) === "");
  if (!none && lookups.some(({ kind }) => kind !== "absent")) return undefined;
  return disagrees(`DMARC reports go to ${target}, which takes no mail.`, {
    found: target,
    fix: `Let rua name an address at a domain that takes mail, or create the MX record of ${target}.`,
  });
}

async function sameOrganization(target: string, domain: string, { resolver }: Inquiry): Promise<boolean> {
  const [one, other] = await Promise.all([discoverDmarc(target, resolver), discoverDmarc(domain, resolver)]);
  return one.organizationalDomain !== undefined && one.organizationalDomain === other.organizationalDomain;
}
