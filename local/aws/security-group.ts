import type { CloudReader, CloudTransaction } from "../store.ts";
import { faultOf } from "../provider/check-shape.ts";
import type { Fault, Formats } from "../provider/check-shape.ts";
import { sameElements } from "../provider/compare.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import { isArray, isObject } from "../provider/values.ts";
import type { Properties } from "../provider/values.ts";
import { arn } from "./account.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { awsResource } from "./aws-resource.ts";
import { all, between, ipv4Network, ipv6Network, length, matches } from "./formats.ts";
import { newId } from "./id.ts";
import { defaultNetwork } from "./network.ts";
import { isReferenced } from "./permission.ts";
import { generatedName } from "./generated-name.ts";
import { AWS_TYPES } from "./types.ts";

const CREATE = { service: "EC2", operation: "CreateSecurityGroup" } as const;
const DELETE = { service: "EC2", operation: "DeleteSecurityGroup" } as const;

interface Inputs {
  readonly name?: string;
  readonly namePrefix?: string;
  readonly revokeRulesOnDelete?: boolean;
  readonly vpcId?: string;
}

/** What EC2 takes in names and descriptions of security groups. */
const PLAIN_TEXT = matches(
  /^[0-9A-Za-z_ .:/()#,@[\]+=&;{}!$*-]*$/,
  "may contain letters, digits, spaces and ._-:/()#,@[]+=&;{}!$* only",
);

const FORMATS: Formats = {
  name: all(
    length(1, 255),
    matches(/^(?!sg-)/, "invalid value for name (cannot begin with sg-)"),
    PLAIN_TEXT,
  ),
  namePrefix: all(
    length(1, 100),
    matches(/^(?!sg-)/, "invalid value for namePrefix (cannot begin with sg-)"),
    PLAIN_TEXT,
  ),
  description: all(length(0, 255), PLAIN_TEXT),
  ...ruleFormats("ingress[]"),
  ...ruleFormats("egress[]"),
};

/** aws:ec2/securityGroup:SecurityGroup, the packet filter of an instance. Without rules nothing passes, either way. */
export function securityGroup(account: Account): ResourceDefinition {
  const { vpcId: defaultVpc } = defaultNetwork(account.region);
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.securityGroup,
    label: "Security Group",
    isNamed: true,
    formats: FORMATS,
    defaults: { description: "Managed by Pulumi", revokeRulesOnDelete: false },
    autoname: { property: "name", unless: "namePrefix", maxLength: 255 },
    forcesNew: ["description", "name", "namePrefix", "vpcId"],
    equivalences: { ingress: sameElements, egress: sameElements },
    check: (inputs) => [...checkRules(inputs, "ingress"), ...checkRules(inputs, "egress")],

    create: (cloud, inputs) => {
      const { vpcId = defaultVpc } = inputs;
      if (vpcId !== defaultVpc) {
        throw new ApiError(CREATE, "InvalidVpcID.NotFound", `The vpc ID '${vpcId}' does not exist`);
      }
      const name = inputs.name ?? generatedName(inputs.namePrefix ?? "");
      assertFree(cloud, name, vpcId);
      return { id: newId("sg"), name, outputs: { name, vpcId } };
    },

    view: (_, { id, inputs, outputs }) => ({
      namePrefix: "",
      ingress: [],
      egress: [],
      ...inputs,
      ...outputs,
      arn: arn(account, "ec2", `security-group/${id}`),
      ownerId: account.accountId,
    }),

    delete: (cloud, { id }, { revokeRulesOnDelete }) => {
      if (isInUse(cloud, id) || isReferenced(cloud, id)) {
        throw new ApiError(DELETE, "DependencyViolation", `resource ${id} has a dependent object`);
      }
      if (revokeRulesOnDelete === true) revokeRules(cloud, id);
    },
  });
}

function assertFree(cloud: CloudReader, name: string, vpcId: string): void {
  const taken =
    name === "default" || cloud.list(AWS_TYPES.securityGroup).some(({ outputs }) => outputs.name === name);
  if (!taken) return;
  const message = `The security group '${name}' already exists for VPC '${vpcId}'`;
  throw new ApiError(CREATE, "InvalidGroup.Duplicate", message);
}

function isInUse(cloud: CloudReader, id: string): boolean {
  const name = cloud.find(AWS_TYPES.securityGroup, id)?.outputs.name;
  return cloud.list(AWS_TYPES.instance).some(({ inputs: { vpcSecurityGroupIds, securityGroups } }) => {
    const ids = Array.isArray(vpcSecurityGroupIds) ? vpcSecurityGroupIds : [];
    const names = Array.isArray(securityGroups) ? securityGroups : [];
    return ids.includes(id) || (name !== undefined && names.includes(name));
  });
}

/** Rules of their own go with their group in any case; the engine then finds them gone. */
function revokeRules(cloud: CloudTransaction, id: string): void {
  for (const type of [AWS_TYPES.securityGroupIngressRule, AWS_TYPES.securityGroupEgressRule]) {
    for (const rule of cloud.list(type)) if (rule.inputs.securityGroupId === id) cloud.remove(type, rule.id);
  }
}

function ruleFormats(place: string): Formats {
  return {
    [`${place}.cidrBlocks[]`]: ipv4Network,
    [`${place}.ipv6CidrBlocks[]`]: ipv6Network,
    [`${place}.fromPort`]: between(-1, 65535),
    [`${place}.toPort`]: between(-1, 65535),
    [`${place}.description`]: all(length(0, 255), PLAIN_TEXT),
  };
}

function checkRules(inputs: Properties, direction: "ingress" | "egress"): readonly Fault[] {
  const rules = inputs[direction];
  if (!isArray(rules)) return [];
  return rules
    .filter((rule) => isObject(rule) && rule.protocol === "-1" && (rule.fromPort !== 0 || rule.toPort !== 0))
    .map(() => faultOf(direction, `fromPort and toPort must both be 0 to use the 'ALL' "-1" protocol`));
}
