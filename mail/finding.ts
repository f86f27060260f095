import type { SymbolTable } from "./symbol.ts";

/** Every rule, in the order in which a strict receiver asks. */
export const ruleIds = [
  "helo-is-host-name",
  "a-matches-address",
  "mail-name-not-proxied",
  "ptr-matches-helo",
  "spf-is-valid",
  "spf-permits-address",
  "spf-permits-helo",
  "spf-not-too-wide",
  "mx-resolves",
  "dkim-key-published",
  "dmarc-published",
  "address-not-listed",
] as const;

export type RuleId = (typeof ruleIds)[number];

/** What a rule says: "undetermined" when the facts can't be known, which is neither of the others. */
export type Outcome = "agrees" | "disagrees" | "undetermined";

/** Whether a disagreement stops a deploy or is only told. */
export type Severity = "mandatory" | "advisory";

/** What a finding is about. */
export interface Subject {
  /** The host's name in the plan, where it has one. */
  readonly host: string | undefined;
  /** The name it says in HELO. */
  readonly helo: string;
  /** The one address that is concerned, or a symbol. */
  readonly address: string | undefined;
  /** What else is concerned, where a rule says more than one thing: blocklists, a selector, a mail exchanger. */
  readonly about?: readonly string[] | undefined;
}

/** One answer of one rule: the same in a policy violation, in the verifier's report and on a pull request. */
export interface Finding {
  readonly rule: RuleId;
  readonly outcome: Outcome;
  /** How much a disagreement would weigh, or weighs. */
  readonly severity: Severity;
  readonly subject: Subject;
  /** What was found where, a sentence with its values. Symbols are in it as addresses. */
  readonly message: string;
  /** The value that would agree, where there is one. */
  readonly expected: string | undefined;
  /** The value found, where there is one. */
  readonly found: string | undefined;
  /** What to do about it, a sentence with its values; undefined when it agrees. */
  readonly fix: string | undefined;
  /** Why anybody cares: an RFC section, a receiver's reply code. */
  readonly source: string;
}

/** Whether a deploy with this finding is refused. */
export function blocks({ outcome, severity }: Finding): boolean {
  return outcome === "disagrees" && severity === "mandatory";
}

/**
 * A finding as text for people, in one line: rule, host and address, what was found, the fix, the source.
 * `ptr-matches-helo: host okmail (okmail.example.com, 192.0.2.10): The PTR record of 192.0.2.10 names … . Set … . [RFC 8601 2.7.3]`
 * @param symbols to name the Elastic IPs of addresses that are not allocated yet
 */
export function renderFinding(finding: Finding, symbols?: SymbolTable): string {
  const { rule, outcome, message, fix, source } = finding;
  const doubt = outcome === "undetermined" ? "Can't be told yet: " : "";
  const text = [`${rule}: ${subjectText(finding.subject)}:`, doubt + message, fix, `[${source}]`]
    .filter((part) => part !== undefined)
    .join(" ");
  return symbols === undefined ? text : symbols.describe(text);
}

function subjectText({ host, helo, address }: Subject): string {
  const names = address === undefined ? helo : `${helo}, ${address}`;
  return host === undefined ? names : `host ${host} (${names})`;
}
