import type { Finding, RuleId, Severity, Subject } from "../mail/finding.ts";
import type { Statement } from "../mail/judge/rule.ts";
import type { Facts } from "./facts.ts";

/** What is checked beyond the rules of the judge, in the order of reports. */
export const checkIds = [
  "helo-sent",
  "banner-names-host",
  "relay-is-closed",
  "spf-within-limits",
  "records-as-declared",
  "dns-is-consistent",
  "ipv6-agrees",
  "mx-answers",
  "starttls-works",
  "dane-matches",
  "mta-sts-agrees",
  "tls-rpt-published",
  "dmarc-reports-authorized",
  "domain-not-listed",
  "dnssec-validates",
  "caa-published",
] as const;

export type CheckId = (typeof checkIds)[number];

/** A rule of the judge or a check of the live sender. */
export type ReportRuleId = RuleId | CheckId;

/** A finding of a rule or of a check. */
export interface ReportFinding extends Omit<Finding, "rule" | "subject"> {
  readonly rule: ReportRuleId;
  /** A host of the domain, or the domain with all of its hosts. */
  readonly subject: Subject | (Pick<Subject, "address" | "about"> & { readonly domain: string });
}

/** One agreement that shows only on a live sender. In form as the judge's rules. */
export interface Check {
  readonly id: CheckId;
  /** What holds when the check agrees. */
  readonly title: string;
  /** How much a disagreement weighs by default. */
  readonly severity: Severity;
  /** What is asked and why. */
  readonly description: string;
  /** Where it is said. The first is the source of findings that give none of their own. */
  readonly sources: readonly [string, ...string[]];
  /** What it says of one host that sends. */
  readonly ofSender?: (facts: Facts) => Promise<readonly Statement[]>;
  /** What it says of the domain, once for all of its hosts. At least one of the two is there. */
  readonly ofDomain?: (facts: Facts) => Promise<readonly Statement[]>;
}
