import type { JsonObject } from "../store.ts";
import type { FunctionDefinition } from "../provider/definition.ts";
import { functionSchema } from "../provider/schemas.ts";
import type { Account } from "./account.ts";
import { inRegion } from "./aws-resource.ts";

/** A function of AWS, but for what all of them have in common: schema, Region. */
export function awsFunction<Arguments>(
  account: Account,
  token: string,
  call: (args: Arguments) => JsonObject,
  secretOutputs: readonly string[] = [],
): FunctionDefinition {
  const schema = functionSchema(token);
  const isRegional = "region?" in schema.inputs;
  return {
    token,
    schema,
    secretOutputs,
    ...(isRegional && { formats: { region: inRegion(account.region) } }),
    call: (args) => ({ ...args, ...(isRegional && { region: account.region }), ...call(args as Arguments) }),
  };
}
