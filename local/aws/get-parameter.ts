import type { FunctionDefinition } from "../provider/definition.ts";
import { arn } from "./account.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { awsFunction } from "./aws-function.ts";
import { images } from "./images.ts";
import { readParameter } from "./parameter.ts";
import type { ParameterValue } from "./parameter.ts";

const GET = { service: "SSM", operation: "GetParameter" } as const;

interface Arguments {
  readonly name: string;
  readonly withDecryption?: boolean;
}

/**
 * aws:ssm/getParameter:getParameter, for the account's own parameters and for the public ones that name Debian's images.
 * As in the real provider no value is a secret of the engine, and `insecureValue` is there unless it is a SecureString.
 */
export function getParameter(account: Account): FunctionDefinition {
  const call = ({ name, withDecryption = true }: Arguments): Record<string, string | number> => {
    const found = publicParameter(account, name) ?? readParameter(account.store, name);
    if (found === undefined) {
      throw new Error(
        `reading SSM Parameter (${name}): ${new ApiError(GET, "ParameterNotFound", "").message}`,
      );
    }
    const isSecret = found.type === "SecureString";
    return {
      ...found,
      arn: arn(account, "ssm", `parameter${name.startsWith("/") ? "" : "/"}${name}`),
      id: name,
      insecureValue: isSecret ? "" : found.value,
      name,
      value: isSecret && !withDecryption ? account.store.seal(found.value) : found.value,
    };
  };
  return awsFunction<Arguments>(account, {
    token: "aws:ssm/getParameter:getParameter",
    call,
  });
}

function publicParameter({ region }: Account, name: string): ParameterValue | undefined {
  const image = images(region).find(({ parameter }) => parameter === name);
  return image && { value: image.id, type: "String", version: 1 };
}
