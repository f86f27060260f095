import { images } from "../../local/aws/images.ts";
import { joinTxt } from "../../mail/txt.ts";
import { ip, output, text, Text, type Declared, type Input, type Stack } from "./declared.ts";

export const REGION = "eu-central-1";
export const ZONE = { id: "0123456789abcdef0123456789abcdef", name: "example.com" };
export const OTHER_ZONE = { id: "fedcba9876543210fedcba9876543210", name: "example.net" };
const AMI = images(REGION).findLast(({ architecture }) => architecture === "arm64")?.id ?? "";

/** Resources by short names. */
export const declare = {
  eip: typed("aws:ec2/eip:Eip"),
  association: typed("aws:ec2/eipAssociation:EipAssociation"),
  ptr: typed("aws:ec2/eipDomainName:EipDomainName"),
  networkInterface: typed("aws:ec2/networkInterface:NetworkInterface"),
  natGateway: typed("aws:ec2/natGateway:NatGateway"),
  vpc: typed("aws:ec2/vpc:Vpc"),
  subnet: typed("aws:ec2/subnet:Subnet"),
  routeTable: typed("aws:ec2/routeTable:RouteTable"),
  routeTableAssociation: typed("aws:ec2/routeTableAssociation:RouteTableAssociation"),
  mainRouteTable: typed("aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"),
  route: typed("aws:ec2/route:Route"),
  route53Record: typed("aws:route53/record:Record"),
  oldRecord: typed("cloudflare:index/record:Record"),
  cloudflareZone: typed("cloudflare:index/zone:Zone"),
  mailRecords: typed("okmail:index:MailRecords"),
  instance: (name: string, inputs: Declared["inputs"]) =>
    typed("aws:ec2/instance:Instance")(name, { ami: AMI, instanceType: "t4g.small", ...inputs }),
  record: (name: string, recordName: string, type: string, content: Input, more: Declared["inputs"] = {}) =>
    typed("cloudflare:index/dnsRecord:DnsRecord")(name, {
      zoneId: ZONE.id,
      name: recordName,
      type,
      content,
      ttl: 300,
      ...more,
    }),
} as const;

function typed(type: string) {
  return (
    name: string,
    inputs: Declared["inputs"] = {},
    options: Pick<Declared, "parent" | "protect" | "outside"> = {},
  ): Declared => ({ type, name, inputs, ...options });
}

/** main.cf of a plain Postfix that says `helo`, with further settings. */
export function mainCf(helo: string, ...settings: readonly string[]): string {
  return [`myhostname = ${helo}`, "smtp_helo_name = $myhostname", ...settings].join("\n");
}

/** The cloud-config that writes a main.cf. */
export function cloudConfig(main: string): string {
  const content = main
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
  return `#cloud-config\nwrite_files:\n- path: /etc/postfix/main.cf\n  content: |\n${content}\n`;
}

export function saying(helo: string, ...settings: readonly string[]): Record<"userData", string> {
  return { userData: cloudConfig(mainCf(helo, ...settings)) };
}

/** A TXT record's content as Cloudflare keeps it. */
export function quoted(input: string | Text): Input {
  return typeof input === "string" ? `"${input}"` : text`"${input}"`;
}

/** Resources of one host that belong together and agree. */
export function host(key: string, domain = "example.com"): Stack {
  const helo = `${key}.${domain}`;
  const allocationId = output(`${key}-address`, "allocationId");
  return [
    declare.eip(`${key}-address`, { domain: "vpc" }, { protect: true }),
    declare.record(`${key}-a`, helo, "A", ip(key)),
    declare.ptr(`${key}-ptr`, { allocationId, domainName: helo }),
    declare.instance(`${key}-host`, saying(helo)),
    declare.association(`${key}-association`, { allocationId, instanceId: output(`${key}-host`, "id") }),
  ];
}

/** The SPF text that permits the addresses of hosts. */
export function permitting(...hosts: readonly string[]): Text {
  return hosts.reduce((terms, key) => text`${terms} ip4:${ip(key)}`, new Text(["v=spf1"]));
}

/**
 * A stack in which everything agrees: hosts, and the domain's records in a component that registers SPF templates, as
 * okmail's own does.
 */
export function goodStack(...hosts: readonly [string, ...string[]]): Stack {
  const records = { parent: "records" };
  return [
    ...hosts.flatMap((key) => host(key)),
    declare.mailRecords("records", { domain: "example.com" }),
    ...hosts.map((key) => ({
      ...declare.record(`${key}-spf`, `${key}.example.com`, "TXT", quoted(text`v=spf1 ip4:${ip(key)} -all`)),
      ...records,
    })),
    {
      ...declare.record("spf", "example.com", "TXT", quoted(text`${permitting(...hosts)} -all`)),
      ...records,
    },
    { ...declare.record("dmarc", "_dmarc.example.com", "TXT", '"v=DMARC1; p=none"'), ...records },
    ...hosts.map((key) => ({
      ...declare.record(`mx-${key}`, "example.com", "MX", `${key}.example.com`, { priority: 10 }),
      ...records,
    })),
  ];
}

/** The same as a program without our components would declare it. */
export function rawStack(...hosts: readonly [string, ...string[]]): Stack {
  return goodStack(...hosts)
    .filter(({ name }) => name !== "records")
    .map(({ type, name, inputs, protect = false }) => ({ type, name, inputs, protect }));
}

/** Templates of the SPF records of a MailRecords component: the texts with `{address}` for addresses. */
export function spfTemplates(stack: Stack, component: Declared): Record<string, Input> {
  const texts = stack
    .filter(({ parent, inputs }) => parent === component.name && inputs.type === "TXT")
    .map(({ inputs }) => [written(inputs.name), joinTxt(written(inputs.content))] as const)
    .filter(([, template]) => template.startsWith("v=spf1"));
  const own = texts.find(([name]) => name === component.inputs.domain);
  return {
    ...(own !== undefined && { spfTemplate: own[1] }),
    heloSpfTemplates: Object.fromEntries(texts.filter((each) => each !== own)),
  };
}

function written(input: Input | undefined): string {
  if (input instanceof Text) return input.filled(({ resource }) => `{${resource}}`);
  if (typeof input !== "string") throw new Error("a TXT record has a name and a content");
  return input;
}
