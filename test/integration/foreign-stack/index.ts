import * as aws from "@pulumi/aws";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { ForeignVariant } from "../foreign-stack.ts";

// A mail host without any component of ours: an instance with Postfix behind an Elastic IP.

const config = new pulumi.Config();
const zoneId = config.require("zoneId");
const variant = config.requireObject<ForeignVariant>("variant");
const name = "out.example.com";

const address = new aws.ec2.Eip("out-address", { domain: "vpc" }, { protect: true });
const record = (
  logicalName: string,
  fields: Omit<cloudflare.DnsRecordArgs, "zoneId" | "ttl">,
  dependsOn: pulumi.Resource[] = [],
) => new cloudflare.DnsRecord(logicalName, { zoneId, ttl: 300, proxied: false, ...fields }, { dependsOn });
const forward = (dependsOn: pulumi.Resource[]) =>
  record(
    "out-a",
    { name, type: "A", content: variant.a ?? address.publicIp, proxied: variant.proxied ?? false },
    dependsOn,
  );

const first = variant.aLast === true ? [] : [forward([])];
const host = new aws.ec2.Instance(
  "out",
  {
    ami: aws.ssm.getParameterOutput({ name: "/aws/service/debian/release/13/latest/arm64" }).value,
    instanceType: "t4g.small",
    userData: `#cloud-config\nruncmd:\n- postconf -e 'myhostname = ${variant.helo ?? name}'\n`,
  },
  { dependsOn: first },
);
new aws.ec2.EipAssociation("out-association", {
  allocationId: address.allocationId,
  instanceId: host.id,
});
const spf = record(
  "spf",
  {
    name: "example.com",
    type: "TXT",
    content: variant.spf ?? pulumi.interpolate`"v=spf1 ip4:${address.publicIp} -all"`,
  },
  [host],
);
record("dmarc", { name: "_dmarc.example.com", type: "TXT", content: '"v=DMARC1; p=none"' });
const alias = record("alias", { name: "alias.example.com", type: "CNAME", content: name });
const last = variant.aLast === true ? [forward([host, spf])] : first;
new aws.ec2.EipDomainName(
  "out-ptr",
  { allocationId: address.allocationId, domainName: variant.ptr ?? name },
  { dependsOn: last },
);
record("mx", { name: "example.com", type: "MX", content: variant.mx ?? name, priority: 10 }, [
  spf,
  alias,
  ...last,
]);
