import type { Statement } from "../mail/judge/rule.ts";
import type { Check, ReportFinding } from "./check.ts";
import type { Facts } from "./facts.ts";
import type { ReportedFinding } from "./report.ts";

/** What a check says of a sender. One that fails has not been made, which is no reason for the others not to be. */
export async function findingsOf(check: Check, facts: Facts): Promise<ReportFinding[]> {
  let statements: readonly Statement[];
  try {
    statements = await check.run(facts);
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
  return statements.map((statement) => ({
    rule: check.id,
    outcome: statement.outcome,
    severity: statement.severity ?? check.severity,
    subject: { host: facts.sender.name, helo: facts.asked.helo, address: statement.address },
    message: statement.message,
    expected: statement.expected,
    found: statement.found,
    fix: statement.fix,
    source: statement.source ?? check.sources[0],
  }));
}

/** Without what is not there: a report is JSON. */
export function reported({ subject, expected, found, fix, ...finding }: ReportFinding): ReportedFinding {
  const { host, helo, address } = subject;
  return {
    ...finding,
    subject: { helo, ...(host !== undefined && { host }), ...(address !== undefined && { address }) },
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
    ...(fix !== undefined && { fix }),
  };
}
