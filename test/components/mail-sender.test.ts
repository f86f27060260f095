import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { MailSender, type MailSenderArgs } from "../../components/mail-sender.ts";
import { outputOf, unknown } from "../helpers/output-of.ts";
import { record } from "../helpers/recorded-resources.ts";

const eip = "aws:ec2/eip:Eip";
const instance = "aws:ec2/instance:Instance";
const dnsRecord = "cloudflare:index/dnsRecord:DnsRecord";
const zoneId = "023e105f4ecef8ad9ca31a8372d0c353";
const args: MailSenderArgs = { domain: "example.com", zoneId };
const twoHosts: MailSenderArgs = { ...args, hosts: [{ key: "okmail" }, { key: "okmail2", name: "mx2" }] };

async function declare(changes: Partial<MailSenderArgs> = {}, { preview = false } = {}) {
  let sender: MailSender | undefined;
  const recording = await record(
    (options) => {
      sender = new MailSender("mail", { ...args, ...changes }, options);
    },
    { preview },
  );
  if (sender === undefined) throw new Error("nothing was declared");
  return { sender, ...recording };
}

describe("an address", () => {
  test("is a VPC Elastic IP, protected and retained, tied to no instance", async () => {
    const { find } = await declare();
    const { inputs, options } = find(eip, "mail-okmail-address");
    expect(inputs).toEqual({ domain: "vpc", tags: { Name: "okmail.example.com" } });
    expect(options).toMatchObject({ protect: true, retainOnDelete: true });
  });

  test("is let go with the stack only where the configuration says so", async () => {
    const { find } = await declare({ keepAddresses: false });
    expect(find(eip, "mail-okmail-address").options).toMatchObject({ protect: false, retainOnDelete: false });
  });

  test("keeps its A record and PTR as long as itself", async () => {
    const { find } = await declare();
    expect(find(dnsRecord, "mail-okmail-a").options.retainOnDelete).toBe(true);
    expect(find("aws:ec2/eipDomainName:EipDomainName", "mail-okmail-ptr").options.retainOnDelete).toBe(true);
  });

  test("has an A record of the HELO name that is never proxied", async () => {
    const { find } = await declare(twoHosts);
    expect(find(dnsRecord, "mail-okmail2-a").inputs).toEqual({
      zoneId,
      name: "mx2.example.com",
      type: "A",
      content: "192.0.2.22",
      ttl: 300,
      proxied: false,
    });
  });

  test("has the HELO name for PTR, asked for after the A record", async () => {
    const { find } = await declare(twoHosts);
    const ptr = find("aws:ec2/eipDomainName:EipDomainName", "mail-okmail2-ptr");
    expect(ptr.inputs).toMatchObject({
      allocationId: "eipalloc-of-mail-okmail2-address",
      domainName: "mx2.example.com",
    });
    expect(await dependencies(ptr.options)).toContain("mail-okmail2-a");
  });

  test("that is adopted is used and not managed, and is known in the first preview", async () => {
    const adopted = { hosts: [{ key: "okmail", allocationId: "eipalloc-0a1b2c3d" }] };
    const { find, ofType, sender } = await declare(adopted, { preview: true });
    expect(ofType(eip)).toEqual([]);
    expect(find(dnsRecord, "mail-okmail-a").inputs.content).toBe("198.51.100.7");
    expect(find("aws:ec2/eipAssociation:EipAssociation", "mail-okmail-association").inputs.allocationId).toBe(
      "eipalloc-0a1b2c3d",
    );
    expect(find(dnsRecord, "mail-spf").inputs.content).toBe('"v=spf1 ip4:198.51.100.7 -all"');
    expect(await outputOf(sender.hosts)).toBe(unknown);
  });
});

describe("a host", () => {
  test("boots Debian 13 of its instance type's architecture, and keeps that image", async () => {
    const { find } = await declare({
      hosts: [{ key: "okmail" }, { key: "okmail2", instanceType: "t3.small" }],
    });
    const arm = find(instance, "mail-okmail-host");
    expect(arm.inputs).toMatchObject({
      instanceType: "t4g.small",
      ami: "image of /aws/service/debian/release/13/latest/arm64",
    });
    expect(arm.options.ignoreChanges).toEqual(["ami"]);
    expect(find(instance, "mail-okmail2-host").inputs).toMatchObject({
      instanceType: "t3.small",
      ami: "image of /aws/service/debian/release/13/latest/amd64",
    });
  });

  test("follows the image that the configuration names", async () => {
    const { find } = await declare({ imageId: "ami-0a1b2c3d" });
    const { inputs, options } = find(instance, "mail-okmail-host");
    expect(inputs.ami).toBe("ami-0a1b2c3d");
    expect(options.ignoreChanges).toEqual([]);
  });

  test("takes metadata by IMDSv2 only, has an encrypted gp3 disk, no key pair and the sender's tags", async () => {
    const { find } = await declare();
    const { inputs } = find(instance, "mail-okmail-host");
    expect(inputs).toMatchObject({
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { encrypted: true, volumeType: "gp3" },
      userDataReplaceOnChange: true,
      tags: { Name: "okmail.example.com", "mail:helo": "okmail.example.com", "mail:domain": "example.com" },
    });
    expect(inputs).not.toHaveProperty("keyName");
  });

  test("has its address on its own interface before it boots, and takes it from nobody", async () => {
    const { find } = await declare();
    const association = find("aws:ec2/eipAssociation:EipAssociation", "mail-okmail-association");
    expect(association.inputs).toEqual({
      allocationId: "eipalloc-of-mail-okmail-address",
      networkInterfaceId: "mail-okmail-interface-id",
      allowReassociation: false,
    });
    const { inputs, options } = find(instance, "mail-okmail-host");
    expect(inputs.primaryNetworkInterface).toEqual({ networkInterfaceId: "mail-okmail-interface-id" });
    expect(await dependencies(options)).toContain("mail-okmail-association");
    expect(options.deleteBeforeReplace).toBe(true);
  });

  test("stands in the first default subnet and stays there, or in the one it is given", async () => {
    const { find } = await declare({
      hosts: [{ key: "okmail" }, { key: "okmail2", subnetId: "subnet-0cccccccc" }],
    });
    const byDefault = find("aws:ec2/networkInterface:NetworkInterface", "mail-okmail-interface");
    expect(byDefault.inputs.subnetId).toBe("subnet-0aaaaaaa");
    expect(byDefault.options.ignoreChanges).toEqual(["subnetId"]);
    const given = find("aws:ec2/networkInterface:NetworkInterface", "mail-okmail2-interface");
    expect(given.inputs.subnetId).toBe("subnet-0cccccccc");
    expect(given.options.ignoreChanges).toEqual([]);
  });

  test("is open from outside on port 25 alone, and not at all where others take the mail", async () => {
    const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    expect((await declare()).ofType(ingress).map(({ inputs }) => inputs)).toEqual([
      expect.objectContaining({ ipProtocol: "tcp", fromPort: 25, toPort: 25 }),
    ]);
    expect((await declare({ mailExchangers: ["mx.example.net"] })).ofType(ingress)).toEqual([]);
  });

  test("reaches out on ports 25, 80 and 443", async () => {
    const { ofType } = await declare();
    const ports = ofType("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").map(
      ({ inputs }) => inputs.fromPort,
    );
    expect(ports).toEqual([25, 80, 443]);
  });

  test("may read its own key and be reached by Session Manager, no more", async () => {
    const { ofType } = await declare();
    const statements = ofType("aws:iam/rolePolicy:RolePolicy").flatMap(
      ({ inputs }) => (JSON.parse(inputs.policy as string) as { Statement: unknown[] }).Statement,
    );
    expect(statements).toContainEqual({
      Effect: "Allow",
      Action: "ssm:GetParameter",
      Resource: ["arn:aws:ssm:eu-central-1:123456789012:parameter/okmail/example.com/dkim/okmail1"],
    });
    expect(JSON.stringify(statements)).not.toMatch(/"(?:\*|ssm:\*|ssm:GetParameters?)","Resource":"\*"/);
  });

  test("gets user data without a secret, known in the first preview", async () => {
    const { find } = await declare({}, { preview: true });
    const userData = find(instance, "mail-okmail-host").inputs.userData as string;
    expect(userData).toMatch(/^#cloud-config\n/);
    expect(parse(userData)).toMatchObject({ fqdn: "okmail.example.com" });
    expect(userData).toContain("/okmail/example.com/dkim/okmail1");
    expect(userData).not.toMatch(/PRIVATE KEY-----\n[A-Za-z0-9+/]/);
  });
});

test("a host takes the DMARC reports that it asks for", async () => {
  const dmarc = { rua: ["own-reports@example.com", "other-reports@example.net"] };
  const userData = async (changes: Partial<MailSenderArgs>) =>
    (await declare({ dmarc, ...changes })).find(instance, "mail-okmail-host").inputs.userData as string;
  expect(await userData({})).toContain("own-reports");
  expect(await userData({})).not.toContain("other-reports");
  expect(await userData({ mailExchangers: ["mx.example.net"] })).not.toContain("own-reports");
});

describe("the records", () => {
  test("SPF permits every allocated address and what the configuration adds", async () => {
    const { find } = await declare({
      ...twoHosts,
      spf: { all: "softfail", includes: ["_spf.example.net"], ip4: ["203.0.113.0/28"], mx: true },
    });
    expect(find(dnsRecord, "mail-spf").inputs).toMatchObject({
      name: "example.com",
      type: "TXT",
      content: '"v=spf1 ip4:192.0.2.10 ip4:192.0.2.22 ip4:203.0.113.0/28 mx include:_spf.example.net ~all"',
    });
  });

  test("SPF of each HELO name permits its own address only", async () => {
    const { find } = await declare(twoHosts);
    expect(find(dnsRecord, "mail-okmail2-spf").inputs).toMatchObject({
      name: "mx2.example.com",
      content: '"v=spf1 ip4:192.0.2.22 -all"',
    });
  });

  test("the DKIM record is the public half, in strings of at most 255 octets", async () => {
    const { find } = await declare();
    const { inputs } = find(dnsRecord, "mail-dkim-okmail1");
    expect(inputs.name).toBe("okmail1._domainkey.example.com");
    const strings = [...(inputs.content as string).matchAll(/"([^"]*)"/g)].map(([, text]) => text ?? "");
    expect(strings.length).toBeGreaterThan(1);
    expect(Math.max(...strings.map((text) => text.length))).toBeLessThanOrEqual(255);
    expect(strings.join("")).toMatch(/^v=DKIM1; k=rsa; p=MIIBIjANBgkq/);
  });

  test("the private half goes to a SecureString parameter and nowhere else", async () => {
    const { find, resources } = await declare();
    expect(find("aws:ssm/parameter:Parameter", "mail-dkim-okmail1-parameter").inputs).toMatchObject({
      name: "/okmail/example.com/dkim/okmail1",
      type: "SecureString",
      value: secret("-----the private half-----"),
    });
    const holders = resources.filter(({ inputs }) =>
      JSON.stringify(inputs).includes("-----the private half-----"),
    );
    expect(holders.map(({ name }) => name)).toEqual(["mail-dkim-okmail1-parameter"]);
  });

  test("DMARC says what the configuration says, in the words of RFC 9989", async () => {
    const { find } = await declare({ dmarc: { policy: "quarantine", rua: ["dmarc@example.com"] } });
    const content = find(dnsRecord, "mail-dmarc").inputs.content as string;
    expect(content).toMatch(/^"v=DMARC1; p=quarantine;.*rua=mailto:dmarc@example\.com/);
    expect(content).not.toMatch(/pct=|rf=|ri=/);
  });

  test("MX names each host, after SPF", async () => {
    const { find } = await declare(twoHosts);
    const mx = find(dnsRecord, "mail-mx-okmail2");
    expect(mx.inputs).toMatchObject({
      name: "example.com",
      type: "MX",
      content: "mx2.example.com",
      priority: 10,
    });
    expect(await dependencies(mx.options)).toContain("mail-spf");
  });

  test("MX names the exchangers of the configuration instead, in their order", async () => {
    const { ofType } = await declare({ mailExchangers: ["mx1.example.net", "mx2.example.net"] });
    const mx = ofType(dnsRecord).filter(({ inputs }) => inputs.type === "MX");
    expect(mx.map(({ inputs }) => [inputs.priority, inputs.content])).toEqual([
      [10, "mx1.example.net"],
      [20, "mx2.example.net"],
    ]);
  });
});

describe("a first preview", () => {
  test("leaves contents that hang on an address unknown, never wrong", async () => {
    const { find } = await declare({}, { preview: true });
    for (const name of ["mail-okmail-a", "mail-spf", "mail-okmail-spf", "mail-dkim-okmail1"])
      expect(pulumi.isUnknown(find(dnsRecord, name).inputs.content), name).toBe(true);
  });

  test("knows every name", async () => {
    const { ofType } = await declare(twoHosts, { preview: true });
    expect(
      ofType(dnsRecord)
        .map(({ inputs }) => `${String(inputs.type)} ${String(inputs.name)}`)
        .toSorted(),
    ).toEqual([
      "A mx2.example.com",
      "A okmail.example.com",
      "MX example.com",
      "MX example.com",
      "TXT _dmarc.example.com",
      "TXT example.com",
      "TXT mx2.example.com",
      "TXT okmail.example.com",
      "TXT okmail1._domainkey.example.com",
    ]);
  });
});

/** A secret as it is sent to a provider: marked, so that the engine encrypts it wherever it keeps it. */
const secret = (value: unknown) => ({
  [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig,
  value,
});

/** The logical names of what a resource waits for. */
async function dependencies(options: pulumi.CustomResourceOptions): Promise<string[]> {
  const resources = [options.dependsOn ?? []].flat() as pulumi.Resource[];
  const urns = await Promise.all(resources.map(({ urn }) => outputOf(urn)));
  return urns.map((urn) => String(urn).split("::").at(-1) ?? "");
}
