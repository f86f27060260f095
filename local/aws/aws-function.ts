import type { JsonObject } from "../store.ts";
import type { FunctionDefinition } from "../provider/definition.ts";
import { functionSchema } from "../provider/schemas.ts";
import type { Account } from "./account.ts";
import { inRegion } from "./aws-resource.ts";

/** A function of AWS, but for what all of them have in common: schema, Region. */
export interface AwsFunction<Arguments> {
  readonly token: string;
  /** The result; it need not repeat the arguments. */
  call(args: Arguments): JsonObject;
}

/** Completes a function by the traits that all AWS functions share. */
export function awsFunction<Arguments>(
  account: Account,
  definition: AwsFunction<Arguments>,
): FunctionDefinition {
  const { token } = definition;
  const schema = functionSchema(token);
  const isRegional = "region?" in schema.inputs;
  return {
    token,
    schema,
    ...(isRegional && { formats: { region: inRegion(account.region) } }),
    call: (args) => ({
      ...args,
      ...(isRegional && { region: account.region }),
      ...definition.call(args as Arguments),
    }),
  };
}
