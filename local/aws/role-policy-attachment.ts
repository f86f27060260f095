import type { ResourceDefinition } from "../provider/definition.ts";
import { partitionOf } from "./account.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { awsResource } from "./aws-resource.ts";
import { isArn } from "./formats.ts";
import { generatedName } from "./generated-name.ts";
import { assertRole } from "./role.ts";
import { AWS_TYPES } from "./types.ts";

const ATTACH = { service: "IAM", operation: "AttachRolePolicy" } as const;

interface Inputs {
  readonly policyArn: string;
  readonly role: string;
}

/** aws:iam/rolePolicyAttachment:RolePolicyAttachment, a policy of AWS's own that a role gets. */
export function rolePolicyAttachment(account: Account): ResourceDefinition {
  const managed = `arn:${partitionOf(account.region)}:iam::aws:policy/`;
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.rolePolicyAttachment,
    label: "IAM Role Policy Attachment",
    formats: { policyArn: isArn },
    forcesNew: ["policyArn", "role"],

    create: (cloud, { policyArn, role }) => {
      assertRole(cloud, ATTACH, role);
      // The account has no policies of its own, and which ones AWS offers changes by the week.
      if (!policyArn.startsWith(managed)) {
        const message = `Policy ${policyArn} does not exist or is not attachable.`;
        throw new ApiError(ATTACH, "NoSuchEntity", message, 404);
      }
      return { id: generatedName(`${role}-`), outputs: {} };
    },
  });
}
