import { faultOf } from "../provider/check-shape.ts";
import type { Fault } from "../provider/check-shape.ts";
import type { Difference } from "../provider/compare.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import type { Properties, Value } from "../provider/values.ts";
import { arn } from "./account.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { awsResource } from "./aws-resource.ts";
import { assertSecurityGroupIds } from "./existing.ts";
import { between, ipv4Network, ipv6Network, length } from "./formats.ts";
import { newId } from "./id.ts";
import { describePermission, isPermitted, permissionOf, protocolName } from "./permission.ts";
import type { Direction, RuleInputs } from "./permission.ts";
import { AWS_TYPES } from "./types.ts";

/** The inputs that name the other side; a rule has exactly one. */
const PEERS = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"];

const TRAITS = {
  ingress: {
    type: AWS_TYPES.securityGroupIngressRule,
    title: "Ingress",
    operation: "AuthorizeSecurityGroupIngress",
  },
  egress: {
    type: AWS_TYPES.securityGroupEgressRule,
    title: "Egress",
    operation: "AuthorizeSecurityGroupEgress",
  },
} as const;

/** aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule and its sister for traffic that goes out. */
export function securityGroupRule(account: Account, direction: Direction): ResourceDefinition {
  const { type, title, operation } = TRAITS[direction];
  const call = { service: "EC2", operation } as const;
  return awsResource<RuleInputs>(account, {
    type,
    label: `VPC Security Group ${title} Rule`,
    formats: {
      cidrIpv4: ipv4Network,
      cidrIpv6: ipv6Network,
      description: length(0, 255),
      fromPort: between(-1, 65535),
      toPort: between(-1, 65535),
    },
    forcesNew: ["securityGroupId"],
    replacedBy: changesPeerKind,
    equivalences: { ipProtocol: sameProtocol },
    check: (inputs) => [...checkPeer(inputs), ...checkPorts(inputs)],

    create: (cloud, inputs) => {
      const { securityGroupId, referencedSecurityGroupId: peer } = inputs;
      assertSecurityGroupIds(account, cloud, call, [securityGroupId, ...(peer === undefined ? [] : [peer])]);
      const permission = permissionOf(inputs);
      if (isPermitted(cloud, inputs.securityGroupId, direction, permission))
        throw duplicate(describePermission(permission));
      return { id: newId("sgr"), outputs: {} };
    },

    update: (cloud, { id }, inputs) => {
      const permission = permissionOf(inputs);
      if (isPermitted(cloud, inputs.securityGroupId, direction, permission, id))
        throw duplicate(describePermission(permission));
      return {};
    },

    view: (_, { id, inputs }) => ({
      ...inputs,
      arn: arn(account, "ec2", `security-group-rule/${id}`),
      securityGroupRuleId: id,
    }),
  });

  function duplicate(description: string): ApiError {
    return new ApiError(
      call,
      "InvalidPermission.Duplicate",
      `the specified rule "${description}" already exists`,
    );
  }
}

/** A rule can change its peer in place, but not the kind of it. */
function changesPeerKind(differences: readonly Difference[]): readonly Difference[] {
  return differences.filter(({ place, kind }) => PEERS.includes(place.pattern) && kind !== "update");
}

function sameProtocol(before: Value, after: Value): boolean {
  return (
    typeof before === "string" && typeof after === "string" && protocolName(before) === protocolName(after)
  );
}

function checkPeer(inputs: Properties): readonly Fault[] {
  const given = PEERS.filter((name) => inputs[name] !== undefined);
  if (given.length === 1) return [];
  return [
    faultOf(
      given[0] ?? "cidrIpv4",
      `Exactly one of these attributes must be configured: ${PEERS.join(", ")}`,
    ),
  ];
}

function checkPorts({ ipProtocol, fromPort, toPort }: Properties): readonly Fault[] {
  if (typeof ipProtocol !== "string") return [];
  const protocol = protocolName(ipProtocol);
  const hasPorts = fromPort !== undefined || toPort !== undefined;
  if (protocol === "-1") {
    return hasPorts
      ? [faultOf("fromPort", 'fromPort and toPort must not be set when ipProtocol is "-1"')]
      : [];
  }
  if (protocol !== "tcp" && protocol !== "udp") return [];
  if (fromPort === undefined || toPort === undefined) {
    const missing = fromPort === undefined ? "fromPort" : "toPort";
    return [faultOf(missing, `fromPort and toPort must be set when ipProtocol is "${protocol}"`)];
  }
  if (typeof fromPort !== "number" || typeof toPort !== "number" || fromPort <= toPort) return [];
  return [faultOf("fromPort", `Invalid TCP/UDP port range (${fromPort}:${toPort})`)];
}
