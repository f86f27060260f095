import type { CloudStore } from "../store.ts";
import type { ConfigFault, ProviderDefinition } from "../provider/definition.ts";
import { SCHEMAS } from "../provider/schemas.ts";
import type { Account } from "./account.ts";
import { accountFunctions } from "./account-functions.ts";
import { eipAssociation } from "./eip-association.ts";
import { eipDomainName } from "./eip-domain-name.ts";
import { eip } from "./eip.ts";
import { getAmi } from "./get-ami.ts";
import { getElasticIp } from "./get-elastic-ip.ts";
import { getInstanceType } from "./get-instance-type.ts";
import { getParameter } from "./get-parameter.ts";
import { getSubnet } from "./get-subnet.ts";
import { getSubnets } from "./get-subnets.ts";
import { instanceProfile } from "./instance-profile.ts";
import { instance } from "./instance.ts";
import { networkInterface } from "./network-interface.ts";
import { parameter } from "./parameter.ts";
import { rolePolicyAttachment } from "./role-policy-attachment.ts";
import { rolePolicy } from "./role-policy.ts";
import { role } from "./role.ts";
import { securityGroupRule } from "./security-group-rule.ts";
import { securityGroup } from "./security-group.ts";
import { volumeAttachment } from "./volume-attachment.ts";
import { volume } from "./volume.ts";

/** What the local AWS account is like. */
export interface AwsOptions {
  readonly store: CloudStore;
  /** The addresses of a name as receivers see it, asked before a PTR record is set; as Node's `dns.promises.resolve4`. */
  readonly resolve4: (name: string) => Promise<readonly string[]>;
  /** @default "eu-central-1" */
  readonly region?: string | undefined;
  /** Twelve digits. @default "123456789012" */
  readonly accountId?: string | undefined;
  /** How many Elastic IPs may be allocated at a time. @default 5, as in every new account */
  readonly elasticIpQuota?: number | undefined;
  /** How long each change takes, in milliseconds. @default 0 */
  readonly latency?: number | undefined;
}

/** The Region of the local cloud unless it is told another. */
export const DEFAULT_REGION = "eu-central-1";

/** The local AWS account. @throws Error if there can be none with this Region or id */
export function awsAccount(options: AwsOptions): Account {
  const {
    store,
    resolve4,
    region = DEFAULT_REGION,
    accountId = "123456789012",
    elasticIpQuota = 5,
  } = options;
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region)) throw new Error(`"${region}" is no AWS Region`);
  if (!/^\d{12}$/.test(accountId)) throw new Error(`The account id "${accountId}" isn't twelve digits`);
  return { store, resolve4, region, accountId, elasticIpQuota };
}

/** The stand-in for AWS, to be served by `serveProvider`. */
export function awsProvider(options: AwsOptions): ProviderDefinition {
  const account = awsAccount(options);
  const { region } = account;
  return {
    name: "aws",
    version: SCHEMAS.aws.version,
    latency: options.latency ?? 0,
    config: SCHEMAS.aws.config,
    checkConfig: (settings) => checkRegion(settings.region, region),
    resources: [
      eip(account),
      eipAssociation(account),
      eipDomainName(account),
      instance(account),
      instanceProfile(account),
      networkInterface(account),
      parameter(account),
      role(account),
      rolePolicy(account),
      rolePolicyAttachment(account),
      securityGroup(account),
      securityGroupRule(account, "egress"),
      securityGroupRule(account, "ingress"),
      volume(account),
      volumeAttachment(account),
    ],
    functions: [
      ...accountFunctions(account),
      getAmi(account),
      getElasticIp(account),
      getInstanceType(account),
      getParameter(account),
      getSubnet(account),
      getSubnets(account),
    ],
  };
}

function checkRegion(wanted: unknown, region: string): readonly ConfigFault[] {
  if (wanted === undefined || wanted === region) return [];
  const reason = `The local cloud has the Region ${region} only. Set aws:region to ${region}, or leave it out`;
  return [{ property: "region", reason }];
}
