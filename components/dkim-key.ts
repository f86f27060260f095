import * as aws from "@pulumi/aws";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { dkimRecord } from "../mail/dkim.ts";
import { quoteTxt } from "../mail/txt.ts";

export interface DkimKeyArgs {
  /** The signing domain (RFC 6376 3.5, tag d=). */
  readonly domain: string;
  /** The selector (tag s=): the record stands at SELECTOR._domainkey.DOMAIN. */
  readonly selector: string;
  /** The kind of key (RFC 8301 3.2, RFC 8463): an RSA key with its length in bits, 2048 or more, or an Ed25519 key. */
  readonly key:
    { readonly algorithm: "RSA"; readonly rsaBits: pulumi.Input<number> } | { readonly algorithm: "ED25519" };
  /** The Cloudflare zone that holds the domain. */
  readonly zoneId: pulumi.Input<string>;
  /** Seconds that resolvers may keep the record; 1 means automatic. */
  readonly ttl: pulumi.Input<number>;
}

/**
 * A DKIM key pair. The public half is in the DNS before any host signs with the private one. That goes into an SSM
 * SecureString parameter, which a host reads through its role; it is in no user data, and in the stack's state only
 * encrypted. Everything is named by the selector, so that keys can change their parts without moving.
 */
export class DkimKey extends pulumi.ComponentResource {
  readonly selector: string;
  /** a= of its signatures. */
  readonly algorithm: "rsa-sha256" | "ed25519-sha256";
  /** Name of the SSM parameter with the private key in PEM form (PKCS #8). */
  readonly parameterName: string;
  readonly parameterArn: pulumi.Output<string>;
  /** The key record, `v=DKIM1; k=rsa; p=…`. */
  readonly record: cloudflare.DnsRecord;

  constructor(name: string, args: DkimKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:DkimKey", name, {}, opts);
    const { domain, selector, zoneId, ttl } = args;
    this.selector = selector;
    this.algorithm = args.key.algorithm === "RSA" ? "rsa-sha256" : "ed25519-sha256";
    this.parameterName = `/okmail/${domain}/dkim/${selector}`;

    const key = new tls.PrivateKey(`${name}-key`, args.key, { parent: this });
    const parameter = new aws.ssm.Parameter(
      `${name}-parameter`,
      {
        name: this.parameterName,
        description: `DKIM private key of ${domain}, selector ${selector}`,
        type: "SecureString",
        value: key.privateKeyPemPkcs8,
      },
      { parent: this },
    );

    this.parameterArn = parameter.arn;
    this.record = new cloudflare.DnsRecord(
      name,
      {
        zoneId,
        name: `${selector}._domainkey.${domain}`,
        type: "TXT",
        content: key.publicKeyPem.apply((pem) => quoteTxt(dkimRecord(pem))),
        ttl,
      },
      { parent: this },
    );
    this.registerOutputs({
      selector: this.selector,
      algorithm: this.algorithm,
      parameterName: this.parameterName,
      parameterArn: this.parameterArn,
      record: this.record.content,
    });
  }
}
