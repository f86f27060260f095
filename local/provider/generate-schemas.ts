/**
 * Writes `schemas/*.json` from the SDKs that are installed: `node local/provider/generate-schemas.ts`. Run it after an SDK was
 * upgraded or a type was added here; a test fails as long as that is due.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { extractSchema } from "./extract-schema.ts";
import type { Selection } from "./extract-schema.ts";

/** What the local cloud knows of each package. */
export const SELECTIONS: readonly Selection[] = [
  {
    name: "aws",
    resources: [
      "aws:ebs/volume:Volume",
      "aws:ec2/eip:Eip",
      "aws:ec2/eipAssociation:EipAssociation",
      "aws:ec2/eipDomainName:EipDomainName",
      "aws:ec2/instance:Instance",
      "aws:ec2/networkInterface:NetworkInterface",
      "aws:ec2/securityGroup:SecurityGroup",
      "aws:ec2/volumeAttachment:VolumeAttachment",
      "aws:iam/instanceProfile:InstanceProfile",
      "aws:iam/role:Role",
      "aws:iam/rolePolicy:RolePolicy",
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      "aws:ssm/parameter:Parameter",
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ],
    functions: [
      "aws:ec2/getAmi:getAmi",
      "aws:ec2/getElasticIp:getElasticIp",
      "aws:ec2/getInstanceType:getInstanceType",
      "aws:ec2/getSubnet:getSubnet",
      "aws:ec2/getSubnets:getSubnets",
      "aws:index/getCallerIdentity:getCallerIdentity",
      "aws:index/getPartition:getPartition",
      "aws:index/getRegion:getRegion",
      "aws:ssm/getParameter:getParameter",
    ],
  },
  {
    name: "cloudflare",
    resources: ["cloudflare:index/dnsRecord:DnsRecord", "cloudflare:index/zoneDnssec:ZoneDnssec"],
    functions: [],
  },
  { name: "random", resources: ["random:index/randomPassword:RandomPassword"], functions: [] },
  { name: "tls", resources: ["tls:index/privateKey:PrivateKey"], functions: [] },
];

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Path of the file that holds a package's schema. */
export function schemaPath(name: string): string {
  return fileURLToPath(new URL(`schemas/${name}.json`, import.meta.url));
}

/** What the file should hold. */
export async function renderSchema(selection: Selection): Promise<string> {
  return format(JSON.stringify(extractSchema(ROOT, selection)), { parser: "json", printWidth: 110 });
}

if (import.meta.main) {
  for (const selection of SELECTIONS) {
    const path = schemaPath(selection.name);
    const text = await renderSchema(selection);
    if (text !== readSchema(path)) writeFileSync(path, text);
    console.log(`${path} describes ${selection.resources.length + selection.functions.length} types`);
  }
}

function readSchema(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
