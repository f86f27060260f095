import { AWS_TYPES } from "../aws/types.ts";
import { asText, isJsonObject, type CloudReader, type CloudRecord } from "../store.ts";
import { asList } from "./json-list.ts";

/** What AWS's managed policies allow of that which hosts do here. AWS has hundreds; these are the ones for mail hosts. */
const MANAGED_POLICIES: Readonly<Record<string, readonly string[]>> = {
  AmazonSSMManagedInstanceCore: ["ssm:GetParameter", "ssm:GetParameters"],
  AmazonSSMReadOnlyAccess: ["ssm:Get*", "ssm:Describe*", "ssm:List*"],
};

/** The policies of an instance's role, as JSON texts; none where it has no instance profile or the profile no role. */
export function rolePolicies(cloud: CloudReader, instance: CloudRecord): readonly string[] {
  const profile = cloud.find(AWS_TYPES.instanceProfile, asText(instance.inputs.iamInstanceProfile));
  const role = profile && cloud.find(AWS_TYPES.role, asText(profile.inputs.role));
  if (role === undefined) return [];
  const ofRole = (type: string) => cloud.list(type).filter(({ inputs }) => inputs.role === role.id);
  const attached = ofRole(AWS_TYPES.rolePolicyAttachment).map(({ inputs }) => inputs.policyArn ?? "");
  return [
    ...ofRole(AWS_TYPES.rolePolicy).map(({ inputs }) => asText(inputs.policy)),
    ...asList(role.inputs.inlinePolicies).map((policy) =>
      asText(isJsonObject(policy) ? policy.policy : undefined),
    ),
    ...[...attached, ...asList(role.inputs.managedPolicyArns)].map((arn) => managedPolicy(asText(arn))),
  ].filter((policy) => policy !== "");
}

function managedPolicy(arn: string): string {
  const actions = MANAGED_POLICIES[arn.slice(arn.lastIndexOf("/") + 1)];
  if (actions === undefined) return "";
  return JSON.stringify({ Statement: { Effect: "Allow", Action: actions, Resource: "*" } });
}
