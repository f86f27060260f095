import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { dkimRecord } from "../mail/dkim.ts";

export interface DkimKeyArgs {
  /** The signing domain (RFC 6376 3.5, tag d=). */
  readonly domain: string;
  /** The selector (tag s=): the record stands at SELECTOR._domainkey.DOMAIN. */
  readonly selector: string;
  /** Length of the RSA key in bits; receivers ask for 2048 or more (RFC 8301 3.2). */
  readonly bits: pulumi.Input<number>;
}

/**
 * A DKIM key pair. The private half goes into an SSM SecureString parameter, which a host reads through its role; it
 * is in no user data, and in the stack's state only encrypted.
 */
export class DkimKey extends pulumi.ComponentResource {
  readonly selector: string;
  /** Name of the SSM parameter with the private key in PEM form. */
  readonly parameterName: string;
  readonly parameterArn: pulumi.Output<string>;
  /** Text of the key record, `v=DKIM1; k=rsa; p=…`. */
  readonly record: pulumi.Output<string>;

  constructor(name: string, args: DkimKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:DkimKey", name, {}, opts);
    this.selector = args.selector;
    this.parameterName = `/okmail/${args.domain}/dkim/${args.selector}`;

    const key = new tls.PrivateKey(`${name}-key`, { algorithm: "RSA", rsaBits: args.bits }, { parent: this });
    const parameter = new aws.ssm.Parameter(
      `${name}-parameter`,
      {
        name: this.parameterName,
        description: `DKIM private key of ${args.domain}, selector ${args.selector}`,
        type: "SecureString",
        value: key.privateKeyPemPkcs8,
      },
      { parent: this },
    );

    this.parameterArn = parameter.arn;
    this.record = key.publicKeyPem.apply(dkimRecord);
    this.registerOutputs({
      selector: this.selector,
      parameterName: this.parameterName,
      parameterArn: this.parameterArn,
      record: this.record,
    });
  }
}
