import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

export interface TlsKeyArgs {
  /** The domain whose mail the host takes. */
  readonly domain: string;
  /** The stable key that names the host's resources: a host that is renamed keeps its TLS keys. */
  readonly host: string;
  /** The key's own name, under which it stays whatever its part. */
  readonly key: string;
}

/**
 * A host's key for TLS that outlives its certificates and its instances, so that TLSA records can tell of it (RFC 6698). The
 * private half goes the way of a DKIM key: into an SSM SecureString parameter that this one host reads through its role.
 */
export class TlsKey extends pulumi.ComponentResource {
  readonly key: string;
  /** Name of the SSM parameter with the private key in PEM form (PKCS #8). */
  readonly parameterName: string;
  readonly parameterArn: pulumi.Output<string>;
  readonly publicKeyPem: pulumi.Output<string>;

  constructor(name: string, args: TlsKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:TlsKey", name, {}, opts);
    const { domain, host } = args;
    this.key = args.key;
    this.parameterName = `/okmail/${domain}/tls/${host}/${this.key}`;

    // What certbot and the hosts themselves make where no key is given: every sender with DANE has TLS 1.2 or newer and
    // knows P-256, and it signs a handshake many times faster than RSA.
    const key = new tls.PrivateKey(
      `${name}-key`,
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      { parent: this },
    );
    const parameter = new aws.ssm.Parameter(
      `${name}-parameter`,
      {
        name: this.parameterName,
        description: `TLS private key ${this.key} of the mail host ${host} of ${domain}`,
        type: "SecureString",
        value: key.privateKeyPemPkcs8,
      },
      { parent: this },
    );

    this.parameterArn = parameter.arn;
    this.publicKeyPem = key.publicKeyPem;
    this.registerOutputs({
      key: this.key,
      parameterName: this.parameterName,
      parameterArn: this.parameterArn,
      publicKeyPem: this.publicKeyPem,
    });
  }
}
