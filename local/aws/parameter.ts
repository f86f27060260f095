import type { CloudReader, JsonObject } from "../store.ts";
import { faultOf } from "../provider/check-shape.ts";
import type { Fault, Formats } from "../provider/check-shape.ts";
import type { Difference } from "../provider/compare.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import type { Properties } from "../provider/values.ts";
import { arn } from "./account.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { awsResource } from "./aws-resource.ts";
import { length, oneOf } from "./formats.ts";
import { AWS_TYPES } from "./types.ts";

const PUT = { service: "SSM", operation: "PutParameter" } as const;

interface Inputs {
  readonly allowedPattern?: string;
  readonly insecureValue?: string;
  readonly keyId?: string;
  readonly name: string;
  readonly overwrite?: boolean;
  readonly tier?: string;
  readonly type: string;
  readonly value?: string;
  readonly valueWo?: string;
}

/** The inputs that hold the value; a parameter has exactly one. */
const VALUES = ["value", "insecureValue", "valueWo"] as const;

/** How many bytes a value may have (Systems Manager User Guide, "Managing parameter tiers"). */
const MAX_BYTES = { Standard: 4096, Advanced: 8192 } as const;

const FORMATS: Formats = {
  name: length(1, 2048),
  description: length(0, 1024),
  allowedPattern: length(0, 1024),
  dataType: oneOf("text", "aws:ec2:image", "aws:ssm:integration"),
  tier: oneOf("Standard", "Advanced", "Intelligent-Tiering"),
  type: oneOf("String", "StringList", "SecureString"),
};

/** aws:ssm/parameter:Parameter, a value that hosts look up; a SecureString is kept encrypted. */
export function parameter(account: Account): ResourceDefinition {
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.parameter,
    label: "SSM Parameter",
    isNamed: true,
    formats: FORMATS,
    autoname: { property: "name", maxLength: 2048 },
    forcesNew: ["dataType", "name"],
    replacedBy: downgrades,
    secretOutputs: ["value", "valueWo"],
    recomputes: (changed) =>
      ["value", "insecureValue", "description"].some((name) => changed.has(name)) ? ["version"] : [],
    check: checkValue,

    create: (cloud, inputs) => {
      assertName(inputs.name);
      const present = cloud.find(AWS_TYPES.parameter, inputs.name);
      if (present !== undefined && inputs.overwrite !== true) {
        const message =
          "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        throw new ApiError(PUT, "ParameterAlreadyExists", message);
      }
      cloud.remove(AWS_TYPES.parameter, inputs.name);
      return {
        id: inputs.name,
        outputs: { ...settle(inputs), version: Number(present?.outputs.version ?? 0) + 1 },
      };
    },

    update: (_, { outputs }, inputs) => ({ ...settle(inputs), version: Number(outputs.version) + 1 }),

    view: (_, { id, inputs, outputs }) => ({
      arn: arn(account, "ssm", `parameter${id.startsWith("/") ? "" : "/"}${id}`),
      dataType: "text",
      hasValueWo: inputs.valueWo !== undefined,
      insecureValue: "",
      keyId: inputs.type === "SecureString" ? "alias/aws/ssm" : "",
      value: "",
      ...inputs,
      ...outputs,
    }),
  });
}

/** What a parameter holds, decrypted. */
export interface ParameterValue {
  readonly value: string;
  readonly type: string;
  /** How many values it has had. */
  readonly version: number;
}

/** What the parameter of this name holds; undefined if there is none. */
export function readParameter(cloud: CloudReader, name: string): ParameterValue | undefined {
  const record = cloud.find(AWS_TYPES.parameter, name);
  if (record === undefined) return undefined;
  const inputs = record.inputs as unknown as Inputs;
  return { value: valueOf(inputs), type: inputs.type, version: Number(record.outputs.version) };
}

/** Refuses a value that SSM refuses; returns the tier that it ends up in. */
function settle(inputs: Inputs): JsonObject {
  const { type, tier = "Standard", allowedPattern } = inputs;
  const value = valueOf(inputs);
  if (allowedPattern !== undefined && allowedPattern !== "") assertPattern(allowedPattern, value);
  if (type === "SecureString" && inputs.insecureValue !== undefined) {
    throw new Error("invalid configuration, cannot set type = SecureString and insecure_value");
  }
  const size = Buffer.byteLength(value);
  if (tier === "Standard" && size > MAX_BYTES.Standard) {
    throw validation(
      `Standard tier parameters support a maximum parameter value of ${MAX_BYTES.Standard} characters. ` +
        "To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
    );
  }
  if (size > MAX_BYTES.Advanced) {
    throw validation(
      `Advanced tier parameters support a maximum parameter value of ${MAX_BYTES.Advanced} characters.`,
    );
  }
  if (tier !== "Intelligent-Tiering") return { tier };
  return { tier: size > MAX_BYTES.Standard ? "Advanced" : "Standard" };
}

function assertPattern(pattern: string, value: string): void {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch {
    const message = `The allowed pattern '${pattern}' is no regular expression`;
    throw new ApiError(PUT, "InvalidAllowedPatternException", message);
  }
  if (expression.test(value)) return;
  const message = `Parameter value, cannot be validated against allowedPattern: ${pattern}`;
  throw new ApiError(PUT, "ParameterPatternMismatchException", message);
}

/** The rules for names (Systems Manager API, PutParameter). */
function assertName(name: string): void {
  if (/^\/?(?:aws|ssm)/i.test(name)) {
    if (/^\/aws(?:\/|$)/i.test(name)) {
      throw new ApiError(PUT, "AccessDeniedException", `No access to reserved parameter name: ${name}.`);
    }
    throw validation('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).');
  }
  if (!/^[a-zA-Z0-9_.\-/]+$/.test(name)) {
    throw validation(
      "Parameter name: only a mix of letters, numbers and the following 4 symbols .-_/ is allowed.",
    );
  }
  if (name.includes("/") && !name.startsWith("/"))
    throw validation("Parameter name must be a fully qualified name.");
  if (name.endsWith("/")) throw validation("Parameter name must not end with a slash.");
  if (name.split("/").length > 16) throw validation("A parameter hierarchy can have a maximum of 15 levels.");
}

/** An advanced parameter can't become a standard one. */
function downgrades(differences: readonly Difference[], { tier }: Properties): readonly Difference[] {
  return tier === "Standard"
    ? differences.filter(({ place, kind }) => place.pattern === "tier" && kind === "update")
    : [];
}

function checkValue(inputs: Properties): readonly Fault[] {
  const given = VALUES.filter((name) => inputs[name] !== undefined);
  if (given.length !== 1) {
    return [faultOf(given[0] ?? "value", `Exactly one of ${VALUES.join(", ")} must be specified`)];
  }
  return inputs.valueWo !== undefined && inputs.valueWoVersion === undefined
    ? [faultOf("valueWo", "valueWo requires valueWoVersion to be specified")]
    : [];
}

function valueOf({ value, insecureValue, valueWo }: Inputs): string {
  return value ?? insecureValue ?? valueWo ?? "";
}

function validation(message: string): ApiError {
  return new ApiError(PUT, "ValidationException", message);
}
