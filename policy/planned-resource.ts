import type { Link, Unknown, Value } from "./property.ts";

/** Where a thing of the plan comes from. */
export interface Origin {
  readonly urn: string;
  /** The resource's logical name. */
  readonly name: string;
  /** URNs of the parent, its parent and so on, as far as they are seen. */
  readonly ancestors: readonly string[];
}

/** An Elastic IP that the plan manages. */
export interface Eip extends Origin {
  /** The allocation id. */
  readonly id: Value<string>;
  /** The address; unknown until it is allocated, never absent. */
  readonly publicIp: string | Unknown;
  /** Whether the address comes from a pool of the account's own (BYOIP, IPAM), whose networks its owner knows. */
  readonly fromOwnPool: boolean;
  readonly instance: Link;
  readonly networkInterface: Link;
  /** AWS's own name for the address, which is its PTR until another is asked for. */
  readonly publicDns: Value<string>;
  /** The PTR as AWS had it when the resource was last refreshed. */
  readonly ptrRecord: Value<string>;
  /** Whether Pulumi refuses to delete it. (`retainOnDelete` is not shown to policies.) */
  readonly protect: boolean;
}

/** An Elastic IP, of the plan or adopted, attached to an instance or a network interface. */
export interface EipAssociation extends Origin {
  readonly allocation: Link;
  readonly instance: Link;
  readonly networkInterface: Link;
  /** The interface's private address that it stands for; unknown or absent: the primary one. */
  readonly privateIp: Value<string>;
  readonly publicIp: Value<string>;
}

/** A request for a PTR record. */
export interface EipDomainName extends Origin {
  readonly allocation: Link;
  readonly domainName: Value<string>;
}

/** What a SendingAddress component says of its address, which may be an adopted Elastic IP. */
export interface DeclaredAddress extends Origin {
  readonly allocation: Link;
  readonly publicIp: Value<string>;
}

export interface Instance extends Origin {
  readonly id: Value<string>;
  readonly userData: Value<string>;
  readonly userDataBase64: Value<string>;
  readonly subnet: Link;
  /** Interfaces that the instance is given, or its own primary one. */
  readonly networkInterfaces: readonly Link[];
  /** The tag of this name. */
  readonly tag: (name: string) => Value<string>;
}

export interface NetworkInterface extends Origin {
  readonly id: Value<string>;
  readonly subnet: Link;
  /** Instances that the interface is attached to by its own `attachments`. */
  readonly instances: readonly Link[];
}

/** A network interface attached to an instance by a resource of its own. */
export interface InterfaceAttachment extends Origin {
  readonly instance: Link;
  readonly networkInterface: Link;
}

export interface NatGateway extends Origin {
  readonly id: Value<string>;
  readonly allocations: readonly Link[];
  readonly publicIp: Value<string>;
}

/** An Elastic IP added to a NAT gateway by a resource of its own. */
export interface NatGatewayAddress extends Origin {
  readonly natGateway: Link;
  readonly allocation: Link;
}

export interface Subnet extends Origin {
  readonly id: Value<string>;
  readonly vpc: Link;
}

export interface RouteTable extends Origin {
  readonly id: Value<string>;
  readonly vpc: Link;
  /** Whether it is its VPC's default table. */
  readonly main: boolean;
}

export interface Route extends Origin {
  readonly table: Link;
  /** The IPv4 network that the route is for. */
  readonly destination: Value<string>;
  readonly natGateway: Link;
  readonly instance: Link;
  readonly networkInterface: Link;
}

/** Which route table a subnet uses, or by default all subnets of a VPC. */
export interface RouteTableAssociation extends Origin {
  readonly table: Link;
  readonly subnet: Link;
  readonly vpc: Link;
}

export interface Vpc extends Origin {
  readonly id: Value<string>;
}

/** A DNS zone that the plan manages. */
export interface Zone extends Origin {
  readonly id: Value<string>;
  /** The name that the zone is for, lower case, no final dot. */
  readonly apex: Value<string>;
  /** Whether only hosts in certain VPCs see it, so that no receiver does. */
  readonly hidden: boolean;
}

/** A DNS record set of one name and type, as it was written down. */
export interface DnsRecord extends Origin {
  readonly provider: "cloudflare" | "route53";
  readonly zone: Link;
  /** As written: absolute, relative to the zone, or `@`. Lower case, no final dot. */
  readonly recordName: Value<string>;
  /** Whether its name is given by a certificate or by SES, so that it is no host's and no domain's own name. */
  readonly namedByAws: boolean;
  /** The absolute name as the provider gave it back. */
  readonly fqdn: Value<string>;
  /** In capitals. */
  readonly type: Value<string>;
  /** The records' values in the provider's own notation. */
  readonly contents: Value<readonly Value<string>[]>;
  /** Of an MX record at Cloudflare, which keeps it beside the content. */
  readonly priority: Value<number>;
  readonly proxied: Value<boolean>;
  /** The name that a Route 53 alias stands for. */
  readonly alias: Value<string>;
  /** Whether Route 53 answers with only one of several record sets of this name and type. */
  readonly oneOfSeveral: boolean;
}

/** SPF texts with Elastic IPs' logical names in braces in place of addresses, as a MailRecords component registers them. */
export interface SpfTemplates extends Origin {
  readonly domain: Value<string>;
  readonly heloName: (name: string) => Value<string>;
}
