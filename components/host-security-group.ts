import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** What may come to a host from outside, by the names of IANA's port registry. */
export type InboundService = keyof typeof inbound;

export interface HostSecurityGroupArgs {
  readonly helo: pulumi.Input<string>;
  /** The subnet of the host; the group belongs to its VPC. */
  readonly subnetId: pulumi.Input<string>;
  /** What is open from outside. Never more than mail and its certificate need: administration goes through Session Manager. */
  readonly inbound: readonly InboundService[];
}

/** What a mail host may be reached by and may reach. IPv4 only: the host has no IPv6 address. */
export class HostSecurityGroup extends pulumi.ComponentResource {
  readonly securityGroupId: pulumi.Output<string>;

  constructor(name: string, args: HostSecurityGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:HostSecurityGroup", name, {}, opts);

    const group = new aws.ec2.SecurityGroup(
      `${name}-security-group`,
      {
        vpcId: aws.ec2.getSubnetOutput({ id: args.subnetId }, { parent: this }).vpcId,
        description: "Mail host: SMTP out, HTTP and HTTPS for packages and AWS",
        tags: { Name: args.helo },
      },
      { parent: this },
    );
    for (const [service, protocol, port] of outbound)
      new aws.vpc.SecurityGroupEgressRule(
        `${name}-out-${service}`,
        {
          securityGroupId: group.id,
          description: service,
          cidrIpv4: "0.0.0.0/0",
          ipProtocol: protocol,
          fromPort: port,
          toPort: port,
        },
        { parent: this },
      );
    for (const service of args.inbound) {
      const { port, purpose } = inbound[service];
      new aws.vpc.SecurityGroupIngressRule(
        `${name}-in-${service}`,
        {
          securityGroupId: group.id,
          description: `${service}: ${purpose}`,
          cidrIpv4: "0.0.0.0/0",
          ipProtocol: "tcp",
          fromPort: port,
          toPort: port,
        },
        { parent: this },
      );
    }

    this.securityGroupId = group.id;
    this.registerOutputs({ securityGroupId: this.securityGroupId });
  }
}

const inbound = {
  smtp: { port: 25, purpose: "bounces and replies" },
  http: { port: 80, purpose: "challenges of the certification authority" },
  submissions: { port: 465, purpose: "mail of applications, TLS from the start" },
  submission: { port: 587, purpose: "mail of applications, STARTTLS" },
} as const;

// Time comes from an address of the VPC itself, which no security group filters. The host's resolver asks the
// authoritative servers, see mail/postfix-resolver.ts.
const outbound = [
  ["smtp", "tcp", 25],
  ["dns", "udp", 53],
  ["dns-tcp", "tcp", 53],
  ["http", "tcp", 80],
  ["https", "tcp", 443],
] as const;
