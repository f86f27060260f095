import { wildcard } from "./wildcard.ts";

/** A statement of an IAM policy, as JSON has it. */
interface Statement {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: unknown;
}

/**
 * Whether the policies, JSON texts, allow an action on a resource: a Deny that matches wins, else an Allow must match (IAM
 * User Guide, "Policy evaluation logic"). Conditions aren't evaluated: a conditional Allow counts as none, a conditional
 * Deny as one, so that what is allowed here is allowed for sure.
 */
export function isAllowed(policies: readonly string[], action: string, resource: string): boolean {
  const matching = policies.flatMap(statements).filter((statement) => applies(statement, action, resource));
  if (matching.some(({ Effect }) => Effect === "Deny")) return false;
  return matching.some(({ Effect, Condition }) => Effect === "Allow" && Condition === undefined);
}

function statements(policy: string): Statement[] {
  const { Statement: found } = JSON.parse(policy) as { Statement?: Statement | Statement[] };
  return found === undefined ? [] : [found].flat();
}

function applies(
  { Action, NotAction, Resource, NotResource }: Statement,
  action: string,
  resource: string,
): boolean {
  const isActionMeant =
    Action === undefined ? !matchesOne(NotAction, action, true) : matchesOne(Action, action, true);
  const isResourceMeant =
    Resource === undefined ? !matchesOne(NotResource, resource) : matchesOne(Resource, resource);
  return isActionMeant && isResourceMeant;
}

/** Whether one of the patterns, with `*` and `?`, is the text. Actions are told apart without regard to case. */
function matchesOne(patterns: unknown, text: string, ignoreCase = false): boolean {
  return [patterns]
    .flat()
    .some(
      (pattern) => typeof pattern === "string" && wildcard(pattern, { anyOne: true, ignoreCase }).test(text),
    );
}
