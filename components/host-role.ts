import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface HostRoleArgs {
  readonly helo: pulumi.Input<string>;
  /** ARNs of the SSM parameters that the host may read. */
  readonly parameterArns: readonly pulumi.Input<string>[];
  /**
   * ARN of the SNS topic that the host may publish to.
   *
   * @default - none
   */
  readonly topicArn?: pulumi.Input<string> | undefined;
}

/** What a mail host may do in AWS: be reached by Session Manager, read its own secrets, and tell of changes. */
export class HostRole extends pulumi.ComponentResource {
  readonly instanceProfileName: pulumi.Output<string>;

  constructor(name: string, args: HostRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:HostRole", name, {}, opts);

    const role = new aws.iam.Role(
      `${name}-role`,
      {
        description: pulumi.interpolate`Mail host ${args.helo}`,
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
          ],
        }),
      },
      { parent: this },
    );
    // The managed policy AmazonSSMManagedInstanceCore would let the host read every parameter of the account; these
    // are the actions that Session Manager itself needs (AWS Systems Manager guide, "minimal Session Manager permissions").
    const sessions = new aws.iam.RolePolicy(
      `${name}-session-manager`,
      {
        role: role.id,
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: [
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
              ],
              Resource: "*",
            },
          ],
        }),
      },
      { parent: this },
    );
    const secrets = new aws.iam.RolePolicy(
      `${name}-read-secrets`,
      {
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "ssm:GetParameter", Resource: args.parameterArns }],
        }),
      },
      { parent: this },
    );
    const news =
      args.topicArn &&
      new aws.iam.RolePolicy(
        `${name}-publish-news`,
        {
          role: role.id,
          policy: pulumi.jsonStringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Action: "sns:Publish", Resource: args.topicArn }],
          }),
        },
        { parent: this },
      );
    const profile = new aws.iam.InstanceProfile(
      `${name}-profile`,
      { role: role.name },
      { parent: this, dependsOn: [sessions, secrets, ...(news ? [news] : [])] },
    );

    this.instanceProfileName = profile.name;
    this.registerOutputs({ instanceProfileName: this.instanceProfileName });
  }
}
