import { clipped } from "../../mail/clipped.ts";
import { exchangersOf } from "../../mail/judge/exchangers.ts";
import { agrees, disagrees, list, remarks, undetermined, type Statement } from "../../mail/judge/rule.ts";
import { mtaStsPolicyUrl, type MtaStsPolicy } from "../../mail/mta-sts.ts";
import type { Check } from "../check.ts";
import type { Facts, MailServer } from "../facts.ts";
import { covers, readMtaStsPolicy } from "../mta-sts-policy.ts";

export const mtaStsAgrees: Check = {
  id: "mta-sts-agrees",
  title: "The MTA-STS policy names the mail exchangers",
  severity: "advisory",
  description:
    "Where the domain has an MTA-STS record, the policy can be fetched, is one, and covers every mail exchanger, whose " +
    "certificates are valid: in mode enforce senders deliver to no other.",
  sources: ["RFC 8461 3", "RFC 8461 4.1"],
  ofDomain: async (facts) => {
    const { mailFrom, lookUp } = facts.asked;
    if (mailFrom === "") return [];
    const owner = `_mta-sts.${mailFrom}`;
    const [exchangers, lookup] = await Promise.all([exchangersOf(facts.asked), lookUp(owner, "TXT")]);
    if (exchangers.length === 0) return [];
    if (lookup.kind === "unknown") return [undetermined(lookup)];
    const texts = lookup.kind === "found" ? lookup.answers.map((strings) => strings.join("")) : [];
    const records = texts.filter((text) => /^v=STSv1[ \t]*;/.test(text));
    const [record] = records;
    if (record === undefined) return [missing(mailFrom)];
    if (records.length > 1)
      return [
        disagrees(`${owner} has ${records.length} MTA-STS records, so none counts.`, {
          found: records.join(", "),
          fix: `Keep one TXT record at ${owner}.`,
          source: "RFC 8461 3.1",
        }),
      ];
    if (!/;[ \t]*id=[A-Za-z0-9]{1,32}[ \t]*(?:;|$)/.test(record))
      return [
        disagrees(`The MTA-STS record at ${owner} has no id of 1 to 32 letters and digits.`, {
          found: record,
          fix: `Set the TXT record at ${owner} to "v=STSv1; id=${new Date().toISOString().slice(0, 10).replaceAll("-", "")};".`,
          source: "RFC 8461 3.1",
        }),
      ];
    return policyStatements(facts);
  },
};

function missing(domain: string): Statement {
  return remarks(
    `${domain} has no MTA-STS policy, so senders can be made to deliver in clear, or elsewhere.`,
    {
      fix: `Set okmail:mtaSts, serve the policy at ${mtaStsPolicyUrl(domain)}, and publish its record at _mta-sts.${domain}.`,
    },
  );
}

async function policyStatements(facts: Facts): Promise<Statement[]> {
  const { mailFrom } = facts.asked;
  const url = mtaStsPolicyUrl(mailFrom);
  const { hostname, pathname } = new URL(url);
  const answer = await facts.fetch(hostname, pathname);
  const fix = `Serve the policy as text/plain at ${url}, with a certificate for ${hostname} and without redirection.`;
  if (answer.kind === "failed")
    return [
      disagrees(`The MTA-STS policy can't be fetched: ${url} ${answer.why}.`, {
        fix,
        source: "RFC 8461 3.3",
      }),
    ];
  if (answer.status !== 200)
    return [
      disagrees(`The MTA-STS policy can't be fetched: ${url} answers ${answer.status}.`, {
        expected: "200",
        found: String(answer.status),
        fix,
        source: "RFC 8461 3.3",
      }),
    ];
  const policy = readMtaStsPolicy(answer.text);
  if ("fault" in policy)
    return [
      disagrees(`The MTA-STS policy at ${url} ${policy.fault}.`, { fix: `Correct the policy at ${url}.` }),
    ];
  return [
    ...(await coverage(policy, facts)),
    ...(/^text\/plain\b/i.test(answer.contentType)
      ? []
      : [
          remarks(`The MTA-STS policy at ${url} is served as "${clipped(answer.contentType, 100)}".`, {
            fix,
            source: "RFC 8461 3.2",
          }),
        ]),
  ];
}

const day = 86_400;

async function coverage(policy: MtaStsPolicy, facts: Facts): Promise<Statement[]> {
  const { mailFrom } = facts.asked;
  const exchangers = await exchangersOf(facts.asked);
  if (policy.mode === "none") return [agrees(`${mailFrom} says that it has no MTA-STS policy any more.`)];
  const url = mtaStsPolicyUrl(mailFrom);
  const outside = exchangers.filter((name) => !policy.mx.some((pattern) => covers(pattern, name)));
  const idle = policy.mx.filter((pattern) => !exchangers.some((name) => covers(pattern, name)));
  const enforced = policy.mode === "enforce";
  const weight = enforced ? ({ severity: "mandatory" } as const) : {};
  const unverified = enforced ? (await facts.servers()).filter(isUnverified) : [];
  const statements = [
    ...outside.map((name) =>
      disagrees(
        `The MTA-STS policy does not name the mail exchanger ${name}, so senders deliver nothing to it.`,
        {
          expected: name,
          found: policy.mx.join(", "),
          fix: `Add "mx: ${name}" to the policy at ${url}, and change the id at _mta-sts.${mailFrom}.`,
          ...weight,
        },
      ),
    ),
    ...unverified.map(({ name, address, visit: { encryption } }) =>
      disagrees(
        `The MTA-STS policy is enforced, but ${name} ${encryption === undefined ? "does not encrypt" : `has a certificate that ${encryption.fault ?? ""}`}.`,
        {
          address,
          fix: `Give ${name} a valid certificate of its name, or set the mode to testing until it has one.`,
          severity: "mandatory",
        },
      ),
    ),
    ...idle.map((pattern) =>
      remarks(`The MTA-STS policy names ${pattern}, which is no mail exchanger of ${mailFrom}.`, {
        found: pattern,
        fix: `Take "mx: ${pattern}" out of the policy at ${url}.`,
      }),
    ),
    ...(policy.maxAge < day
      ? [
          remarks(`The MTA-STS policy lives ${policy.maxAge} seconds, too short to protect.`, {
            found: String(policy.maxAge),
            fix: `Set max_age of the policy at ${url} to at least ${day}; some weeks are usual.`,
            source: "RFC 8461 3.2",
          }),
        ]
      : []),
  ];
  if (statements.length > 0) return statements;
  return [agrees(`The MTA-STS policy of ${mailFrom} (${policy.mode}) names ${list(exchangers)}.`)];
}

/** A server that was met and doesn't pass. */
function isUnverified({ visit: { ehlo, encryption } }: MailServer): boolean {
  return ehlo?.code === 250 && (encryption === undefined || encryption.fault !== undefined);
}
