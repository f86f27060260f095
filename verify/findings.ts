import type { Statement } from "../mail/judge/rule.ts";
import type { Check, ReportFinding } from "./check.ts";
import type { Facts, Scope } from "./facts.ts";
import type { ReportedFinding } from "./report.ts";

/** What a check says in one of its scopes. One that fails has not been made, which is no reason for the others not to be. */
export async function findingsOf(check: Check, scope: Scope, facts: Facts): Promise<ReportFinding[]> {
  let statements: readonly Statement[];
  try {
    const run = scope === "domain" ? check.ofDomain : check.ofSender;
    statements = (await run?.(facts)) ?? [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    statements = [
      {
        outcome: "undetermined",
        message: `The check could not be made: ${why}.`,
        fix: "Tell the makers of okmail of it.",
      },
    ];
  }
  const { asked, senders } = facts;
  return statements.map(({ address, about, ...statement }) => ({
    rule: check.id,
    outcome: statement.outcome,
    severity: statement.severity ?? check.severity,
    subject:
      scope === "domain"
        ? { domain: asked.mailFrom, address, about }
        : { host: senders[0]?.name, helo: asked.helo, address, about },
    message: statement.message,
    expected: statement.expected,
    found: statement.found,
    fix: statement.fix,
    source: statement.source ?? check.sources[0],
  }));
}

/** Without what is not there: a report is JSON. */
export function reported({ subject, expected, found, fix, ...finding }: ReportFinding): ReportedFinding {
  const present = Object.entries(subject).filter(([, value]) => value !== undefined);
  return {
    ...finding,
    subject: Object.fromEntries(present),
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
    ...(fix !== undefined && { fix }),
  };
}
