import { containsUnknown, isObject, UNKNOWN } from "../provider/values.ts";
import type { Properties, Value } from "../provider/values.ts";
import { ApiError } from "./api-error.ts";
import type { ApiCall } from "./api-error.ts";

/** A policy as IAM keeps it. */
interface Statement {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
}

/** Which statements a policy needs: a trust policy says who, an access policy says to what. */
export type PolicyKind = "trust" | "access";

/** The inputs with policies given as objects turned into JSON text, the form the real provider keeps. */
export function policiesAsText(inputs: Properties, ...names: readonly string[]): Properties {
  const texts = names.flatMap((name): [string, Value][] => {
    const value = inputs[name];
    if (!isObject(value)) return [];
    return [[name, containsUnknown(value) ? UNKNOWN : JSON.stringify(value)]];
  });
  return { ...inputs, ...Object.fromEntries(texts) };
}

/** Refuses a policy whose grammar IAM refuses (IAM User Guide, "Grammar of the IAM JSON policy language"). */
export function assertPolicy(call: ApiCall, text: string, kind: PolicyKind): void {
  const fault = policyFault(JSON.parse(text) as { Version?: unknown; Statement?: unknown }, kind);
  if (fault !== undefined) throw new ApiError(call, "MalformedPolicyDocument", fault);
}

function policyFault(
  policy: { Version?: unknown; Statement?: unknown },
  kind: PolicyKind,
): string | undefined {
  const { Version: version, Statement: statement } = policy;
  if (version !== undefined && version !== "2012-10-17" && version !== "2008-10-17") {
    return "The policy must contain a valid version string";
  }
  if (statement === undefined) return "Syntax errors in policy: no Statement";
  const statements = (Array.isArray(statement) ? statement : [statement]) as Statement[];
  return statements.map((one) => statementFault(one, kind)).find((fault) => fault !== undefined);
}

function statementFault(statement: Statement, kind: PolicyKind): string | undefined {
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") {
    return "Syntax errors in policy: Effect must be Allow or Deny";
  }
  if ((statement.Action ?? statement.NotAction) === undefined)
    return "Policy statement must contain actions.";
  const principal = statement.Principal ?? statement.NotPrincipal;
  const resource = statement.Resource ?? statement.NotResource;
  if (kind === "trust") {
    if (resource !== undefined) return "Has prohibited field Resource";
    return principal === undefined ? "Missing required field Principal" : undefined;
  }
  if (principal !== undefined) return "Policy document should not specify a principal.";
  return resource === undefined ? "Policy statement must contain resources." : undefined;
}
