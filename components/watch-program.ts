import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { packed, watchProgram, type Watcher } from "../mail/host/watch.ts";

export interface WatchProgramArgs {
  /** The domain whose hosts run the program. */
  readonly domain: string;
  /** Whom it tells. */
  readonly watcher: Watcher;
}

/**
 * The program by which hosts tell of changes, in an SSM parameter: their user data has no room for it. They run it only if
 * it has the digest that their user data names.
 */
export class WatchProgram extends pulumi.ComponentResource {
  readonly parameterName: string;
  readonly parameterArn: pulumi.Output<string>;
  /** SHA-256 of the parameter's value. */
  readonly digest: string;

  constructor(name: string, { domain, watcher }: WatchProgramArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:WatchProgram", name, {}, opts);
    const { value, digest } = packed(watchProgram(watcher));
    this.parameterName = `/okmail/${domain}/watch`;
    this.digest = digest;

    const parameter = new aws.ssm.Parameter(
      `${name}-parameter`,
      {
        name: this.parameterName,
        description: `Program that hosts of ${domain} tell of changes by`,
        type: "String",
        value,
      },
      { parent: this },
    );

    this.parameterArn = parameter.arn;
    this.registerOutputs({
      parameterName: this.parameterName,
      parameterArn: this.parameterArn,
      digest: this.digest,
    });
  }
}
