import type { Outcome, RuleId, Severity } from "../finding.ts";
import type { Unknown } from "../resolver.ts";
import type { Inquiry } from "./inquiry.ts";

/** One agreement that a strict receiver asks for. Documentation and the policy pack are made from it. */
export interface Rule {
  readonly id: RuleId;
  /** What holds when the rule agrees. */
  readonly title: string;
  /** How much a disagreement weighs by default. */
  readonly severity: Severity;
  /** What is asked and why, for the documentation. */
  readonly description: string;
  /** Where it is said, RFC sections mostly. The first is the source of findings that give none of their own. */
  readonly sources: readonly [string, ...string[]];
  /** What receivers answer to a disagreement: `Gmail 550 5.7.25`. The first is named with the source. */
  readonly replies: readonly string[];
  /**
   * What the rule says about a sender. Nothing where it doesn't apply, and where another rule has reported the fault
   * that makes the question idle: one fault is one disagreement.
   */
  readonly judge: (inquiry: Inquiry) => Promise<readonly Statement[]>;
}

/** A finding as a rule states it, before the judge adds rule, host and weight. */
export interface Statement {
  readonly outcome: Outcome;
  readonly message: string;
  readonly address?: string | undefined;
  /** What else it is about, where a rule says more than one thing: blocklists, a selector, a mail exchanger. */
  readonly about?: readonly string[] | undefined;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
  readonly fix?: string | undefined;
  readonly source?: string | undefined;
  /** The weight of this very statement, whatever the rule's is: a mere remark, or what no setting makes harmless. */
  readonly severity?: Severity | undefined;
}

type Details = Omit<Statement, "outcome" | "message">;

export function agrees(message: string, details: Details = {}): Statement {
  return { outcome: "agrees", message, ...details };
}

/** Every disagreement says how to end it. */
export function disagrees(message: string, details: Details & { readonly fix: string }): Statement {
  return { outcome: "disagrees", message, ...details };
}

/** A disagreement that is worth a word and never stops a deploy. */
export function remarks(message: string, details: Details & { readonly fix: string }): Statement {
  return { outcome: "disagrees", message, ...details, severity: "advisory" };
}

/** Neither agreement nor disagreement: nobody can say, or not yet. */
export function undetermined({ why, undetermined: notKnownYet }: Unknown, details: Details = {}): Statement {
  const fix = notKnownYet
    ? "It is judged as soon as the value is known."
    : "Ask again, and if it fails again look at the name servers of that zone.";
  return { outcome: "undetermined", message: sentence(why), fix, ...details };
}

/** A clause as a sentence. Its first letter stays as it is: it may begin with a name. */
export function sentence(clause: string): string {
  return clause.endsWith(".") ? clause : `${clause}.`;
}

/** `a`, `a and b`, `a, b and c`; of more than ten values the first ten and `7 more`. */
export function list(values: readonly string[]): string {
  const named = values.length > 10 ? [...values.slice(0, 10), `${values.length - 10} more`] : values;
  return named.length < 2 ? named.join("") : `${named.slice(0, -1).join(", ")} and ${named.at(-1) ?? ""}`;
}
