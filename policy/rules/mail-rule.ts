import type { RuleId, Severity } from "../../mail/finding.ts";

/** Names of policies, beyond the judge's rules. */
export type MailRuleName =
  RuleId | "judged-completely" | "spf-not-for-everyone" | "relay-closed" | "address-protected" | "remarks";

/** A policy as users see and set it. What it says comes from the judgement (`judgeStack`). */
export interface MailRule {
  readonly name: MailRuleName;
  /** What holds when it has nothing to say. */
  readonly title: string;
  /** What is asked and why. */
  readonly description: string;
  /** The enforcement level where the user sets none. */
  readonly level: Severity;
  /** How to end a violation, in general; each violation says it with its own values. */
  readonly remediationSteps: string;
}

/** Something to tell the user, by the policy whose level decides how much it weighs. */
export interface Report {
  readonly rule: MailRuleName;
  /** What was found where, and the fix: for people, with symbols named. */
  readonly message: string;
  /** The resource that it is about. */
  readonly urn: string | undefined;
}
