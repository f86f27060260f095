import { partitionOf } from "../aws/account.ts";
import { readParameter, type ParameterValue } from "../aws/parameter.ts";
import { AWS_TYPES } from "../aws/types.ts";
import type { HostAccount } from "../host/guest.ts";
import { isAllowed } from "../host/iam-policy.ts";
import { rolePolicies } from "../host/instance-role.ts";
import { isJsonObject, type CloudStore, type Json, type JsonObject } from "../store.ts";
import type { Principal } from "../aws/endpoint-credentials.ts";
import { AwsError } from "../aws/endpoint-error.ts";

/** What SSM is made of in the lab. */
export interface SsmOptions {
  readonly store: CloudStore;
  readonly account: HostAccount;
}

/** A call by a signer. */
export interface SsmCall {
  readonly operation: string;
  readonly input: JsonObject;
  readonly caller: Principal;
}

/** How many names GetParameters takes. */
const MAX_NAMES = 10;

/**
 * Answers GetParameter and GetParameters (AWS Systems Manager API Reference) for the account's own parameters, in so far as
 * the caller's role allows. Throws {@link AwsError} with SSM's codes.
 */
export function callSsm(options: SsmOptions, call: SsmCall): JsonObject {
  switch (call.operation) {
    case "GetParameter": {
      const name = readName(call.input.Name, "name");
      authorize(options, call, name);
      return { Parameter: getParameter(options, name, isDecrypted(call)) };
    }
    case "GetParameters": {
      const names = readNames(call.input.Names);
      for (const name of names) authorize(options, call, name);
      return getParameters(options, names, isDecrypted(call));
    }
    default:
      throw new AwsError("UnknownOperationException", "");
  }
}

function getParameters(options: SsmOptions, names: readonly string[], decrypted: boolean): JsonObject {
  const found = names.map((name) => {
    try {
      return { name, parameter: getParameter(options, name, decrypted) };
    } catch (error) {
      if (error instanceof AwsError) return { name, parameter: undefined };
      throw error;
    }
  });
  return {
    InvalidParameters: found.filter(({ parameter }) => parameter === undefined).map(({ name }) => name),
    Parameters: found.flatMap(({ parameter }) => (parameter === undefined ? [] : [parameter])),
  };
}

/** A parameter by its name, its name and version (`NAME:3`), or its ARN. */
function getParameter({ store, account }: SsmOptions, asked: string, decrypted: boolean): JsonObject {
  const { name, version } = parseName(asked);
  const found = readParameter(store, name);
  if (found === undefined) throw new AwsError("ParameterNotFound", "");
  // Earlier versions aren't kept.
  if (version !== undefined && version !== `${found.version}`)
    throw new AwsError(
      "ParameterVersionNotFound",
      `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
    );
  const record = store.find(AWS_TYPES.parameter, name);
  const dataType = record?.inputs.dataType;
  return {
    ARN: parameterArn(account, name),
    DataType: typeof dataType === "string" ? dataType : "text",
    Name: name,
    Type: found.type,
    Value: valueFor(store, found, decrypted),
    Version: found.version,
    ...(version !== undefined && { Selector: `:${version}` }),
  };
}

/** A SecureString is given out encrypted unless the caller asks for its decryption. */
function valueFor(store: CloudStore, { type, value }: ParameterValue, decrypted: boolean): string {
  return type === "SecureString" && !decrypted ? store.seal(value) : value;
}

function authorize({ store, account }: SsmOptions, { operation, caller }: SsmCall, asked: string): void {
  const arn = parameterArn(account, parseName(asked).name);
  const action = `ssm:${operation}`;
  const instance = store.find(AWS_TYPES.instance, caller.instanceId);
  if (instance !== undefined && isAllowed(rolePolicies(store, instance), action, arn)) return;
  const { region, accountId } = account;
  const user = `arn:${partitionOf(region)}:sts::${accountId}:assumed-role/${caller.role}/${caller.instanceId}`;
  throw new AwsError(
    "AccessDeniedException",
    `User: ${user} is not authorized to perform: ${action} on resource: ${arn} because no identity-based policy allows the ${action} action`,
  );
}

function parameterArn({ region, accountId }: HostAccount, name: string): string {
  const path = name.replace(/^\/?/, "/");
  return `arn:${partitionOf(region)}:ssm:${region}:${accountId}:parameter${path}`;
}

function parseName(asked: string): { name: string; version: string | undefined } {
  const ownName = /^arn:[^:]+:ssm:[^:]*:[^:]*:parameter(\/.+)$/.exec(asked)?.[1] ?? asked;
  const [name = "", version] = ownName.split(":");
  return { name, version };
}

function isDecrypted({ input }: SsmCall): boolean {
  return input.WithDecryption === true;
}

function readNames(value: Json | undefined): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_NAMES)
    throw invalid(
      `Value at 'names' failed to satisfy constraint: Member must have length between 1 and ${MAX_NAMES}`,
    );
  return (value as readonly Json[]).map((name) => readName(name, "names"));
}

function readName(value: Json | undefined, member: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(
    `Value ${JSON.stringify(value ?? null)} at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}

function invalid(detail: string): AwsError {
  return new AwsError("ValidationException", `1 validation error detected: ${detail}`);
}

/** The input of an operation, as JSON. */
export function readInput(body: Buffer): JsonObject {
  try {
    const input: unknown = JSON.parse(body.toString() || "{}");
    if (isJsonObject(input)) return input;
  } catch {
    // Falls through to the one answer for what is no JSON object.
  }
  throw new AwsError("SerializationException", "");
}
