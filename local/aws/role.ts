import { asText, omit } from "../store.ts";
import type { CloudReader, Json } from "../store.ts";
import type { Formats } from "../provider/check-shape.ts";
import { sameElements, sameJsonText } from "../provider/compare.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import { arn } from "./account.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import type { ApiCall } from "./api-error.ts";
import { awsResource } from "./aws-resource.ts";
import { all, between, isArn, jsonObject, length, matches } from "./formats.ts";
import { generatedName } from "./generated-name.ts";
import { newIamId } from "./id.ts";
import { assertPolicy, policiesAsText } from "./policy-document.ts";
import { AWS_TYPES } from "./types.ts";

const CREATE = { service: "IAM", operation: "CreateRole" } as const;
const UPDATE = { service: "IAM", operation: "UpdateAssumeRolePolicy" } as const;
const DELETE = { service: "IAM", operation: "DeleteRole" } as const;

interface Inputs {
  readonly assumeRolePolicy: string;
  readonly forceDetachPolicies?: boolean;
  readonly inlinePolicies?: readonly Json[];
  readonly managedPolicyArns?: readonly string[];
  readonly name?: string;
  readonly namePrefix?: string;
  readonly path?: string;
}

/** What names and paths of IAM may hold. */
export const IAM_NAME = matches(/^[\w+=,.@-]*$/, "must match [\\w+=,.@-]");
export const IAM_PATH = matches(/^\/(?:[!-~]*\/)?$/, "must begin and end with a slash");

const FORMATS: Formats = {
  assumeRolePolicy: jsonObject,
  description: length(0, 1000),
  maxSessionDuration: between(3600, 43200),
  name: all(length(1, 64), IAM_NAME),
  namePrefix: all(length(1, 38), IAM_NAME),
  path: all(length(1, 512), IAM_PATH),
  permissionsBoundary: isArn,
  "managedPolicyArns[]": isArn,
  "inlinePolicies[].policy": jsonObject,
};

/** aws:iam/role:Role, what an instance may do. */
export function role(account: Account): ResourceDefinition {
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.role,
    label: "IAM Role",
    isNamed: true,
    formats: FORMATS,
    defaults: { forceDetachPolicies: false, maxSessionDuration: 3600, path: "/" },
    autoname: { property: "name", unless: "namePrefix", maxLength: 64 },
    forcesNew: ["name", "namePrefix", "path"],
    equivalences: {
      assumeRolePolicy: sameJsonText,
      managedPolicyArns: sameElements,
      inlinePolicies: sameElements,
    },
    normalize: (inputs) => policiesAsText(inputs, "assumeRolePolicy"),

    create: (cloud, inputs) => {
      const name = inputs.name ?? generatedName(inputs.namePrefix ?? "");
      assertPolicy(CREATE, inputs.assumeRolePolicy, "trust");
      // Names are told apart without regard to case.
      if (cloud.list(AWS_TYPES.role).some(({ id }) => id.toLowerCase() === name.toLowerCase())) {
        throw new ApiError(CREATE, "EntityAlreadyExists", `Role with name ${name} already exists.`, 409);
      }
      const createDate = new Date().toISOString();
      const path = inputs.path ?? "/";
      return {
        id: name,
        outputs: {
          name,
          arn: arn(account, "iam", `role${path}${name}`),
          createDate,
          uniqueId: newIamId("AROA"),
        },
      };
    },

    update: (_, __, { assumeRolePolicy }) => {
      assertPolicy(UPDATE, assumeRolePolicy, "trust");
      return {};
    },

    view: (cloud, { id, inputs, outputs }) => ({
      namePrefix: "",
      ...inputs,
      ...outputs,
      inlinePolicies: inlinePolicies(cloud, id, (inputs.inlinePolicies ?? []) as readonly Json[]),
      managedPolicyArns: attachedPolicies(cloud, id, (inputs.managedPolicyArns ?? []) as readonly string[]),
    }),

    delete: (cloud, { id }, { forceDetachPolicies }) => {
      const attached = cloud.list(AWS_TYPES.rolePolicyAttachment).filter(({ inputs }) => inputs.role === id);
      const written = cloud.list(AWS_TYPES.rolePolicy).filter(({ inputs }) => inputs.role === id);
      if (forceDetachPolicies === true)
        for (const { type, id: other } of [...attached, ...written]) cloud.remove(type, other);
      else if (attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
      else if (written.length > 0) throw conflict("Cannot delete entity, must delete policies first.");
      // The real provider takes the role out of instance profiles first.
      for (const profile of cloud.list(AWS_TYPES.instanceProfile)) {
        if (profile.inputs.role !== id) continue;
        cloud.change(AWS_TYPES.instanceProfile, profile.id, { inputs: omit(profile.inputs, "role") });
      }
    },
  });
}

/** Refuses the name of a role that doesn't exist. */
export function assertRole(cloud: CloudReader, call: ApiCall, name: string): void {
  if (cloud.find(AWS_TYPES.role, name) !== undefined) return;
  throw new ApiError(call, "NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
}

function attachedPolicies(cloud: CloudReader, name: string, own: readonly string[]): readonly string[] {
  const attached = cloud
    .list(AWS_TYPES.rolePolicyAttachment)
    .filter(({ inputs }) => inputs.role === name)
    .map(({ inputs }) => asText(inputs.policyArn));
  return [...new Set([...own, ...attached])].sort();
}

function inlinePolicies(cloud: CloudReader, name: string, own: readonly Json[]): readonly Json[] {
  const written = cloud
    .list(AWS_TYPES.rolePolicy)
    .filter(({ inputs }) => inputs.role === name)
    .map(({ inputs, outputs }) => ({ name: outputs.name ?? "", policy: inputs.policy ?? "" }));
  return [...own, ...written];
}

function conflict(message: string): ApiError {
  return new ApiError(DELETE, "DeleteConflict", message, 409);
}
