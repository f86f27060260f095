import * as aws from "@pulumi/aws";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { publicIp4Fault } from "../mail/address.ts";

export interface SendingAddressArgs {
  /** The name the host says in HELO, fully qualified. The A record and the PTR are made from it and nothing else. */
  readonly helo: pulumi.Input<string>;
  /** The Cloudflare zone that holds the A record. */
  readonly zoneId: pulumi.Input<string>;
  /** Seconds that resolvers may keep the A record; 1 means automatic. */
  readonly ttl: pulumi.Input<number>;
  /**
   * The allocation id of an Elastic IP that exists already. It is used, never managed: destroying the stack leaves it.
   *
   * @default - a new Elastic IP is allocated
   */
  readonly allocationId?: pulumi.Input<string> | undefined;
  /**
   * Whether a new Elastic IP is protected, and stays in the account with its A and PTR records when it leaves the
   * stack: the reputation of a warmed address takes weeks to earn again.
   *
   * @default true
   */
  readonly keep?: boolean | undefined;
}

/**
 * An address that mail may be sent from: a static Elastic IP whose forward name (A) and reverse name (PTR) are both
 * the HELO name. It is made before any host, so that a host never sends from an address that isn't ready.
 *
 * A new HELO name comes to the address first and to the host after it: until the host is replaced, which is as long as AWS
 * takes for the PTR, the old one still says the old name. The engine can't stop it earlier without taking address and
 * records away too. Stop Postfix on it before the deploy where that matters: what isn't sent waits on the host's volume.
 */
export class SendingAddress extends pulumi.ComponentResource {
  /** The HELO name, once A and PTR agree on it. */
  readonly helo: pulumi.Output<string>;
  /** The IPv4 address in dotted form. */
  readonly publicIp: pulumi.Output<string>;
  readonly allocationId: pulumi.Output<string>;
  /**
   * What stands for the address in templates: the Elastic IP's logical name in braces, as in `{mail-okmail-address}`,
   * or the address itself if it was adopted and so is known before the first deploy.
   */
  readonly symbol: pulumi.Output<string>;

  constructor(name: string, args: SendingAddressArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:SendingAddress", name, {}, opts);
    const keep = args.keep ?? true;

    const address =
      args.allocationId === undefined
        ? this.allocate(`${name}-address`, args, keep)
        : this.adopt(args.allocationId);
    const forward = this.publishForward(`${name}-a`, args, address.publicIp, keep);
    const reverse = this.requestReverse(`${name}-ptr`, args, address.allocationId, forward, keep);

    this.helo = reverse.domainName;
    this.publicIp = address.publicIp;
    this.allocationId = address.allocationId;
    this.symbol = address.symbol;
    this.registerOutputs({
      helo: this.helo,
      publicIp: this.publicIp,
      allocationId: this.allocationId,
      symbol: this.symbol,
    });
  }

  // No `instance` input: that would tie the address to the host's life. An association carries the link.
  private allocate(name: string, args: SendingAddressArgs, keep: boolean): Address {
    const eip = new aws.ec2.Eip(
      name,
      { domain: "vpc", tags: { Name: args.helo } },
      { parent: this, protect: keep, retainOnDelete: keep },
    );
    return {
      publicIp: eip.publicIp.apply(requirePublicIp4),
      allocationId: eip.allocationId,
      symbol: pulumi.output(`{${name}}`),
    };
  }

  private adopt(allocationId: pulumi.Input<string>): Address {
    const found = aws.ec2.getElasticIpOutput({ id: allocationId }, { parent: this });
    const publicIp = found.publicIp.apply(requirePublicIp4);
    return { publicIp, allocationId: found.id, symbol: publicIp };
  }

  // Never proxied: a proxied name resolves to Cloudflare's addresses, so neither PTR nor SPF could agree with it.
  private publishForward(
    name: string,
    args: SendingAddressArgs,
    publicIp: pulumi.Output<string>,
    keep: boolean,
  ): cloudflare.DnsRecord {
    return new cloudflare.DnsRecord(
      name,
      { zoneId: args.zoneId, name: args.helo, type: "A", content: publicIp, ttl: args.ttl, proxied: false },
      { parent: this, retainOnDelete: keep },
    );
  }

  // AWS sets a PTR only to a name that already resolves to the address, hence after the A record.
  private requestReverse(
    name: string,
    args: SendingAddressArgs,
    allocationId: pulumi.Output<string>,
    forward: cloudflare.DnsRecord,
    keep: boolean,
  ): aws.ec2.EipDomainName {
    return new aws.ec2.EipDomainName(
      name,
      {
        allocationId,
        domainName: args.helo,
        timeouts: { create: "30m", update: "30m", delete: "30m" },
      },
      { parent: this, dependsOn: [forward], retainOnDelete: keep },
    );
  }
}

interface Address {
  readonly publicIp: pulumi.Output<string>;
  readonly allocationId: pulumi.Output<string>;
  readonly symbol: pulumi.Output<string>;
}

// The last lock before a record: even where no policy pack is applied, no record carries an address that can't send.
function requirePublicIp4(address: string): string {
  const fault = publicIp4Fault(address);
  if (fault !== undefined)
    throw new pulumi.RunError(`The Elastic IP ${address} ${fault}; no record was made from it.`);
  return address;
}
