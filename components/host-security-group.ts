import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface HostSecurityGroupArgs {
  readonly helo: pulumi.Input<string>;
  /** The subnet of the host; the group belongs to its VPC. */
  readonly subnetId: pulumi.Input<string>;
  /** Whether TCP 25 is open from outside. Nothing else ever is: no SSH, administration goes through Session Manager. */
  readonly receivesMail: boolean;
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
    for (const [protocol, port] of outbound)
      new aws.vpc.SecurityGroupEgressRule(
        `${name}-out-${protocol}`,
        { securityGroupId: group.id, description: protocol, cidrIpv4: "0.0.0.0/0", ...tcp(port) },
        { parent: this },
      );
    if (args.receivesMail)
      new aws.vpc.SecurityGroupIngressRule(
        `${name}-in-smtp`,
        {
          securityGroupId: group.id,
          description: "smtp: bounces and replies",
          cidrIpv4: "0.0.0.0/0",
          ...tcp(25),
        },
        { parent: this },
      );

    this.securityGroupId = group.id;
    this.registerOutputs({ securityGroupId: this.securityGroupId });
  }
}

// DNS and time come from addresses of the VPC itself, which no security group filters.
const outbound = [
  ["smtp", 25],
  ["http", 80],
  ["https", 443],
] as const;

const tcp = (port: number) => ({ ipProtocol: "tcp", fromPort: port, toPort: port });
