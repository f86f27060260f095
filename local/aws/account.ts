import type { CloudStore } from "../store.ts";

/** The AWS account that the local cloud stands in for. */
export interface Account {
  readonly store: CloudStore;
  /** Such as `eu-central-1`. The local cloud has this one Region. */
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
  /** How many Elastic IPs may be allocated at a time. */
  readonly elasticIpQuota: number;
  /** The addresses of a name, as the world outside sees it; contract of Node's `dns.promises.resolve4`. */
  resolve4(name: string): Promise<readonly string[]>;
}

/** The ARN of a resource of the account: `arn:aws:ec2:eu-central-1:123456789012:elastic-ip/eipalloc-…`. */
export function arn(account: Account, service: string, resource: string): string {
  // IAM is global: its ARNs have no Region.
  const region = service === "iam" ? "" : account.region;
  return `arn:${partitionOf(account.region)}:${service}:${region}:${account.accountId}:${resource}`;
}

/** The partition of a Region: one for the world, separate ones for China and the US government. */
export function partitionOf(region: string): "aws" | "aws-cn" | "aws-us-gov" {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** The DNS suffix of a partition. */
export function dnsSuffix(region: string): string {
  return partitionOf(region) === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
}

/** The name that AWS gives a public address: `ec2-192-0-2-10.eu-central-1.compute.amazonaws.com`. */
export function publicDnsName(region: string, address: string): string {
  const zone = region === "us-east-1" ? "compute-1" : `${region}.compute`;
  return `ec2-${address.replaceAll(".", "-")}.${zone}.${dnsSuffix(region)}`;
}

/** The name that AWS gives a private address: `ip-172-31-0-4.eu-central-1.compute.internal`. */
export function privateDnsName(region: string, address: string): string {
  return `ip-${address.replaceAll(".", "-")}.${region === "us-east-1" ? "ec2" : `${region}.compute`}.internal`;
}
