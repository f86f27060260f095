import type { Finding, RuleId, Severity } from "./finding.ts";
import { inquiry, type InquiryOptions, type Sender } from "./judge/inquiry.ts";
import { undetermined, type Rule, type Statement } from "./judge/rule.ts";
import { aMatchesAddress } from "./judge/a-matches-address.ts";
import { addressNotListed } from "./judge/address-not-listed.ts";
import { dkimKeyPublished } from "./judge/dkim-key-published.ts";
import { dmarcPublished } from "./judge/dmarc-published.ts";
import { heloIsHostName } from "./judge/helo-is-host-name.ts";
import { mailNameNotProxied } from "./judge/mail-name-not-proxied.ts";
import { mxResolves } from "./judge/mx-resolves.ts";
import { ptrMatchesHelo } from "./judge/ptr-matches-helo.ts";
import { spfIsValid } from "./judge/spf-is-valid.ts";
import { spfNotTooWide } from "./judge/spf-not-too-wide.ts";
import { spfPermitsAddress } from "./judge/spf-permits-address.ts";
import { spfPermitsHelo } from "./judge/spf-permits-helo.ts";
import type { Resolver } from "./resolver.ts";

export type { DkimSelector, Listing, Sender } from "./judge/inquiry.ts";
export type { Rule } from "./judge/rule.ts";

/** All rules, in the order in which a strict receiver asks. */
export const rules: readonly Rule[] = [
  heloIsHostName,
  aMatchesAddress,
  mailNameNotProxied,
  ptrMatchesHelo,
  spfIsValid,
  spfPermitsAddress,
  spfPermitsHelo,
  spfNotTooWide,
  mxResolves,
  dkimKeyPublished,
  dmarcPublished,
  addressNotListed,
];

export interface JudgeOptions extends InquiryOptions {
  /** The rules to judge by. @default all */
  readonly only?: readonly RuleId[] | undefined;
  /** Severities that differ from the rules' own. Remarks stay advisory and +all stays mandatory. */
  readonly severities?: Partial<Readonly<Record<RuleId, Severity>>> | undefined;
}

/**
 * Whether a strict receiver would take mail from `sender`, by what `resolver` knows of the DNS: findings in the order of
 * the rules, agreements too. The same names are looked up once. Never rejects: what can't be found out is undetermined.
 */
export async function judge(
  sender: Sender,
  resolver: Resolver,
  options: JudgeOptions = {},
): Promise<Finding[]> {
  const { only, severities = {} } = options;
  const asked = inquiry(sender, resolver, options);
  const judged = rules.filter(({ id }) => only === undefined || only.includes(id));
  const findings = await Promise.all(
    judged.map(async (rule) => {
      const statements = await statementsOf(rule, asked);
      return statements.map((statement) => finding(statement, rule, sender, asked.helo, severities[rule.id]));
    }),
  );
  return findings.flat();
}

/** A rule that fails has not been judged, which is no reason for the others not to be. */
async function statementsOf(rule: Rule, asked: ReturnType<typeof inquiry>): Promise<readonly Statement[]> {
  try {
    return await rule.judge(asked);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [undetermined({ why: `the rule could not be judged: ${why}`, undetermined: false })];
  }
}

function finding(
  statement: Statement,
  rule: Rule,
  sender: Sender,
  helo: string,
  severity: Severity | undefined,
): Finding {
  return {
    rule: rule.id,
    outcome: statement.outcome,
    severity: statement.severity ?? severity ?? rule.severity,
    subject: { host: sender.name, helo, address: statement.address, about: statement.about },
    message: statement.message,
    expected: statement.expected,
    found: statement.found,
    fix: statement.fix,
    source: statement.source ?? sourceOf(rule),
  };
}

function sourceOf({ sources: [source], replies: [reply] }: Rule): string {
  return reply === undefined ? source : `${source}, ${reply}`;
}
