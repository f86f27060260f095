import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

export interface SubmissionUserArgs {
  /** The domain whose mail the user sends. */
  readonly domain: string;
  /** The name that the user authenticates by (RFC 4954). */
  readonly name: string;
}

/**
 * Letters and digits alone: no client, URL or configuration file has to escape them. 32 of them are 190 bits, which
 * nobody guesses at the pace of a mail server.
 */
const passwordFormat = { length: 32, special: false } as const;

/**
 * An application that sends through the hosts, with a password of its own. It is in an SSM SecureString parameter, which
 * a host reads through its role, and in the stack's state only encrypted.
 */
export class SubmissionUser extends pulumi.ComponentResource {
  readonly name: string;
  /** Name of the SSM parameter with the password. */
  readonly parameterName: string;
  readonly parameterArn: pulumi.Output<string>;
  /** Secret. */
  readonly password: pulumi.Output<string>;

  constructor(name: string, args: SubmissionUserArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:SubmissionUser", name, {}, opts);
    const { domain } = args;
    this.name = args.name;
    this.parameterName = `/okmail/${domain}/submission/${this.name}`;

    const password = new random.RandomPassword(`${name}-password`, passwordFormat, { parent: this });
    const parameter = new aws.ssm.Parameter(
      `${name}-parameter`,
      {
        name: this.parameterName,
        description: `Password of ${this.name}, who sends mail of ${domain}`,
        type: "SecureString",
        value: password.result,
      },
      { parent: this },
    );

    this.parameterArn = parameter.arn;
    this.password = pulumi.secret(password.result);
    this.registerOutputs({
      name: this.name,
      parameterName: this.parameterName,
      parameterArn: this.parameterArn,
      password: this.password,
    });
  }
}
