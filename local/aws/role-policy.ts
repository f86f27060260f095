import { sameJsonText } from "../provider/compare.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { awsResource } from "./aws-resource.ts";
import { all, jsonObject, length } from "./formats.ts";
import { generatedName } from "./generated-name.ts";
import { assertPolicy, policiesAsText } from "./policy-document.ts";
import { IAM_NAME, assertRole } from "./role.ts";
import { AWS_TYPES } from "./types.ts";

const PUT = { service: "IAM", operation: "PutRolePolicy" } as const;

interface Inputs {
  readonly name?: string;
  readonly namePrefix?: string;
  readonly policy: string;
  readonly role: string;
}

/** aws:iam/rolePolicy:RolePolicy, a policy written into a role. */
export function rolePolicy(account: Account): ResourceDefinition {
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.rolePolicy,
    label: "IAM Role Policy",
    formats: {
      name: all(length(1, 128), IAM_NAME),
      namePrefix: all(length(1, 102), IAM_NAME),
      policy: jsonObject,
    },
    autoname: { property: "name", unless: "namePrefix", maxLength: 128 },
    forcesNew: ["name", "namePrefix", "role"],
    equivalences: { policy: sameJsonText },
    normalize: (inputs) => policiesAsText(inputs, "policy"),

    create: (cloud, inputs) => {
      assertRole(cloud, PUT, inputs.role);
      assertPolicy(PUT, inputs.policy, "access");
      const name = inputs.name ?? generatedName(inputs.namePrefix ?? "");
      const id = `${inputs.role}:${name}`;
      // PutRolePolicy overwrites, whoever wrote the policy before.
      cloud.remove(AWS_TYPES.rolePolicy, id);
      return { id, name, outputs: { name } };
    },

    update: (cloud, _, { role, policy }) => {
      assertRole(cloud, PUT, role);
      assertPolicy(PUT, policy, "access");
      return {};
    },

    view: (_, { inputs, outputs }) => ({ namePrefix: "", ...inputs, ...outputs }),
  });
}
