import { generateKeyPairSync } from "node:crypto";
import { gzipSync } from "node:zlib";
import { images } from "../local/aws/images.ts";
import { cloudConfig } from "../mail/cloud-config.ts";
import { dkimRecord } from "../mail/dkim.ts";
import { dmarcRecord } from "../mail/dmarc.ts";
import { spfRecord } from "../mail/spf-record.ts";
import { quoteTxt } from "../mail/txt.ts";

/** A mail host with a domain of its own. Nothing is ever sent to its address. */
export interface StackSender {
  readonly name: string;
  readonly domain: string;
  readonly helo: string;
  readonly address: string;
}

/** A resource as a program declares it. */
export interface Declared {
  /** Type token, such as `aws:ec2/eip:Eip`. */
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, Input>>;
  /** Outputs that other resources take, and the id. */
  readonly outputs: Readonly<Record<string, string>> & { readonly id: string };
  readonly protect?: boolean;
  /** Further resources that have to be there first. */
  readonly dependsOn?: readonly Declared[];
}

export type Input = string | number | boolean | Derived;

/** An input made of an output of another resource. */
export class Derived {
  readonly resource: Declared;
  readonly output: string;
  readonly text: (value: string) => string;

  constructor(resource: Declared, output: string, text: (value: string) => string = String) {
    this.resource = resource;
    this.output = output;
    this.text = text;
  }

  /** What it is once the resource exists. */
  get value(): string {
    return this.text(this.resource.outputs[this.output] ?? "");
  }
}

/** Resources that a sender takes: a stack of so many times its senders. */
export const resourcesPerSender = 10;

export const region = "eu-central-1";
export const zone = { id: "023e105f4ecef8ad9ca31a8372d0c353", name: "example.com" };
export const selector = "okmail";

/** One for all, as a pack sees it that judges the hosts of one domain: reading a key anew takes longer than judging. */
export const publicKey = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .publicKey.export({ type: "spki", format: "pem" })
  .toString();
const key = quoteTxt(dkimRecord(publicKey));

/** Senders 0, 1, 2 … each with an address of its own; 65,536 at most. */
export function stackSenders(count: number): StackSender[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `host-${index}`,
    domain: `d${index}.${zone.name}`,
    helo: `mail.d${index}.${zone.name}`,
    address: `3.120.${index >>> 8}.${index & 0xff}`,
  }));
}

/** A stack in which everything agrees, each resource after those that it refers to. */
export function agreeingStack(senders: readonly StackSender[]): Declared[] {
  return senders.flatMap(declareSender);
}

/** The SPF record that permits `addresses` and nobody else. */
export function onlyFrom(addresses: readonly string[]): string {
  return spfRecord(addresses, { all: "fail", a: false, mx: false, includes: [], ip4: [] });
}

function declareSender({ name, domain, helo, address }: StackSender): Declared[] {
  const eip: Declared = {
    type: "aws:ec2/eip:Eip",
    name: `${name}-address`,
    inputs: { domain: "vpc" },
    outputs: { id: `eipalloc-${name}`, allocationId: `eipalloc-${name}`, publicIp: address },
    protect: true,
  };
  const record = (label: string, owner: string, type: string, content: Input, more = {}): Declared => ({
    type: "cloudflare:index/dnsRecord:DnsRecord",
    name: `${name}-${label}`,
    inputs: { zoneId: zone.id, name: owner, type, content, ttl: 300, proxied: false, ...more },
    outputs: { id: `record-${name}-${label}` },
  });
  const forward = record("a", helo, "A", new Derived(eip, "publicIp"));
  const instance: Declared = {
    type: "aws:ec2/instance:Instance",
    name: `${name}-host`,
    inputs: { ami, instanceType: "t4g.small", userDataBase64: userDataOf(domain) },
    outputs: { id: `i-${name}` },
  };
  const allocationId = new Derived(eip, "allocationId");
  const permitted = new Derived(eip, "publicIp", (publicIp) => quoteTxt(onlyFrom([publicIp])));
  return [
    eip,
    forward,
    {
      type: "aws:ec2/eipDomainName:EipDomainName",
      name: `${name}-ptr`,
      inputs: { allocationId, domainName: helo },
      outputs: { id: `eipalloc-${name}` },
      dependsOn: [forward],
    },
    instance,
    {
      type: "aws:ec2/eipAssociation:EipAssociation",
      name: `${name}-association`,
      inputs: { allocationId, instanceId: new Derived(instance, "id") },
      outputs: { id: `eipassoc-${name}` },
    },
    record("helo-spf", helo, "TXT", permitted),
    record("spf", domain, "TXT", permitted),
    record("mx", domain, "MX", helo, { priority: 10 }),
    record("dkim", `${selector}._domainkey.${domain}`, "TXT", key),
    record("dmarc", `_dmarc.${domain}`, "TXT", quoteTxt(dmarcRecord({ policy: "reject", rua: [] }))),
  ];
}

const ami = images(region).findLast(({ architecture }) => architecture === "arm64")?.id ?? "";

/** As our own hosts have it. Rendered once and packed by zlib, for thousands of hosts take their time otherwise. */
function userDataOf(domain: string): string {
  return gzipSync(userData.replaceAll(sample.domain, domain)).toString("base64");
}

const sample = { domain: "domain.example.org", helo: "mail.domain.example.org" };
const userData = cloudConfig({
  ...sample,
  region,
  receivesMail: true,
  dkim: [{ selector, parameterName: `/okmail/${sample.domain}/dkim/${selector}`, algorithm: "rsa-sha256" }],
  tls: {},
});
