import type { ResourceDefinition } from "../provider/definition.ts";
import { arn } from "./account.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { awsResource } from "./aws-resource.ts";
import { all, length } from "./formats.ts";
import { generatedName } from "./generated-name.ts";
import { newIamId } from "./id.ts";
import { IAM_NAME, IAM_PATH, assertRole } from "./role.ts";
import { AWS_TYPES } from "./types.ts";

const CREATE = { service: "IAM", operation: "CreateInstanceProfile" } as const;
const ADD_ROLE = { service: "IAM", operation: "AddRoleToInstanceProfile" } as const;

interface Inputs {
  readonly name?: string;
  readonly namePrefix?: string;
  readonly path?: string;
  readonly role?: string;
}

/** aws:iam/instanceProfile:InstanceProfile, through which an instance gets its role. */
export function instanceProfile(account: Account): ResourceDefinition {
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.instanceProfile,
    label: "IAM Instance Profile",
    isNamed: true,
    formats: {
      name: all(length(1, 128), IAM_NAME),
      namePrefix: all(length(1, 102), IAM_NAME),
      path: all(length(1, 512), IAM_PATH),
    },
    defaults: { path: "/" },
    autoname: { property: "name", unless: "namePrefix", maxLength: 128 },
    forcesNew: ["name", "namePrefix", "path"],

    create: (cloud, inputs) => {
      const name = inputs.name ?? generatedName(inputs.namePrefix ?? "");
      if (cloud.list(AWS_TYPES.instanceProfile).some(({ id }) => id.toLowerCase() === name.toLowerCase())) {
        throw new ApiError(CREATE, "EntityAlreadyExists", `Instance Profile ${name} already exists.`, 409);
      }
      if (inputs.role !== undefined) assertRole(cloud, ADD_ROLE, inputs.role);
      const path = inputs.path ?? "/";
      return {
        id: name,
        outputs: {
          name,
          arn: arn(account, "iam", `instance-profile${path}${name}`),
          createDate: new Date().toISOString(),
          uniqueId: newIamId("AIPA"),
        },
      };
    },

    update: (cloud, _, { role }) => {
      if (role !== undefined) assertRole(cloud, ADD_ROLE, role);
      return {};
    },

    view: (_, { inputs, outputs }) => ({ namePrefix: "", ...inputs, ...outputs }),
  });
}
