import { renderFinding, type Finding } from "../mail/finding.ts";
import { rules } from "../mail/judge.ts";
import type { SymbolTable } from "../mail/symbol.ts";
import type { MailRuleName, Report } from "./rules/mail-rule.ts";

const levels = new Map(rules.map(({ id, severity }) => [id, severity]));

/** A finding as the report of the policy that has the finding's weight; undefined where it agrees. */
export function reportOf(finding: Finding, urn: string, symbols: SymbolTable): Report | undefined {
  if (finding.outcome === "agrees") return undefined;
  const rule = policyOf(finding);
  const text = renderFinding(finding, symbols);
  // The engine names the policy already.
  const message = rule === finding.rule ? text.slice(`${rule}: `.length) : text;
  return { rule, message, urn };
}

/** A violation has the level of its policy and no other, so what weighs differently goes to another policy. */
function policyOf({ rule, outcome, severity }: Finding): MailRuleName {
  if (outcome === "undetermined") return "judged-completely";
  if (severity === levels.get(rule)) return rule;
  return severity === "mandatory" ? "spf-not-for-everyone" : "remarks";
}
