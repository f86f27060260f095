import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { MailSender, type MailSenderArgs } from "../../components/mail-sender.ts";
import { outputOf, unknown } from "../helpers/output-of.ts";
import { ecdsaDigest, record, type RecordedResource, type Recording } from "../helpers/recorded-resources.ts";

const eip = "aws:ec2/eip:Eip";
const instance = "aws:ec2/instance:Instance";
const dnsRecord = "cloudflare:index/dnsRecord:DnsRecord";
const parameter = "aws:ssm/parameter:Parameter";
const volume = "aws:ebs/volume:Volume";
const attachment = "aws:ec2/volumeAttachment:VolumeAttachment";
const tlsKey = "tls:index/privateKey:PrivateKey";
const zoneDnssec = "cloudflare:index/zoneDnssec:ZoneDnssec";
const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const zoneId = "023e105f4ecef8ad9ca31a8372d0c353";
const args: MailSenderArgs = { domain: "example.com", zoneId };
const selfSigned: Partial<MailSenderArgs> = { tls: { certificate: "self-signed" } };
const elsewhere: Partial<MailSenderArgs> = { mailExchangers: ["mx.example.net"] };
const submission = { users: ["app", "shop"] };
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

  test.each<[string, Partial<MailSenderArgs>, number[]]>([
    ["for bounces and the certificate that they come under", {}, [25, 80]],
    ["for bounces alone where the certificate is its own", selfSigned, [25]],
    ["for applications too where they submit mail", { submission }, [25, 80, 465, 587]],
    ["for nothing where others take the mail", elsewhere, []],
    ["for applications alone where others take the mail", { ...elsewhere, submission }, [80, 465, 587]],
  ])("is open from outside %s", async (_, changes, ports) => {
    const rules = (await declare(changes)).ofType(ingress).map(({ inputs }) => inputs);
    expect(new Set(rules.map(({ fromPort }) => fromPort))).toEqual(new Set(ports));
    expect(rules).toHaveLength(ports.length);
    for (const rule of rules)
      expect(rule).toMatchObject({ ipProtocol: "tcp", toPort: rule.fromPort, cidrIpv4: "0.0.0.0/0" });
  });

  test("reaches out for mail, packages, AWS and the DNS, whose servers its resolver asks itself", async () => {
    const { ofType } = await declare();
    const ports = ofType("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").map(({ inputs }) => [
      inputs.ipProtocol,
      inputs.fromPort,
      inputs.toPort,
    ]);
    expect(ports).toEqual([
      ["tcp", 25, 25],
      ["udp", 53, 53],
      ["tcp", 53, 53],
      ["tcp", 80, 80],
      ["tcp", 443, 443],
    ]);
  });

  test("may read what it signs and checks passwords with and be reached by Session Manager, no more", async () => {
    const dkim = { ed25519Selector: "okmail1e", standbySelector: "okmail2" };
    const { ofType } = await declare({ submission, dkim });
    const statements = ofType("aws:iam/rolePolicy:RolePolicy").flatMap(
      ({ inputs }) => (JSON.parse(inputs.policy as string) as { Statement: unknown[] }).Statement,
    );
    const names = ["dkim/okmail1", "dkim/okmail1e", "submission/app", "submission/shop"];
    expect(statements).toContainEqual({
      Effect: "Allow",
      Action: "ssm:GetParameter",
      Resource: names.map(
        (name) => `arn:aws:ssm:eu-central-1:123456789012:parameter/okmail/example.com/${name}`,
      ),
    });
    expect(JSON.stringify(statements)).not.toMatch(/"(?:\*|ssm:\*|ssm:GetParameters?)","Resource":"\*"/);
  });

  test("gets user data without a secret, known in the first preview", async () => {
    const userData = userDataOf(await declare({}, { preview: true }));
    expect(userData).toMatch(/^#cloud-config\n/);
    expect(parse(userData)).toMatchObject({ fqdn: "okmail.example.com" });
    expect(userData).toContain("/okmail/example.com/dkim/okmail1");
    expect(userData).not.toMatch(/PRIVATE KEY-----\n[A-Za-z0-9+/]/);
  });
});

describe("a host's volume for mail", () => {
  test("is an encrypted gp3 disk in the zone of the host's own subnet, kept like an address", async () => {
    const { find } = await declare();
    const { inputs, options } = find(volume, "mail-okmail-queue");
    expect(inputs).toMatchObject({
      availabilityZone: "zone of subnet-0aaaaaaa",
      encrypted: true,
      type: "gp3",
      size: 20,
    });
    expect(options).toMatchObject({ protect: true, retainOnDelete: true });
  });

  test("has the size asked for, and goes with the stack only where the configuration says so", async () => {
    const { find } = await declare({ queueVolumeSize: 100, keepQueues: false });
    const { inputs, options } = find(volume, "mail-okmail-queue");
    expect(inputs.size).toBe(100);
    expect(options).toMatchObject({ protect: false, retainOnDelete: false });
  });

  test("is each host's own, in its own zone", async () => {
    const { ofType } = await declare({
      hosts: [{ key: "okmail" }, { key: "okmail2", subnetId: "subnet-0cccccccc" }],
    });
    expect(inOrder(ofType(volume)).map(({ name, inputs }) => [name, inputs.availabilityZone])).toEqual([
      ["mail-okmail-queue", "zone of subnet-0aaaaaaa"],
      ["mail-okmail2-queue", "zone of subnet-0cccccccc"],
    ]);
  });

  test("is named by a tag that the host reads, so user data doesn't hang on it", async () => {
    const { find } = await declare();
    expect(find(instance, "mail-okmail-host").inputs).toMatchObject({
      tags: { "okmail:queue-volume": "mail-okmail-queue-id" },
      metadataOptions: { instanceMetadataTags: "enabled" },
    });
    const planned = await declare({}, { preview: true });
    const tags = planned.find(instance, "mail-okmail-host").inputs.tags as Record<string, unknown>;
    expect(tags["okmail:queue-volume"]).toSatisfy(pulumi.isUnknown);
    expect(userDataOf(planned)).toMatch(/^#cloud-config\n/);
  });

  test("is attached to the host, which stops before it goes; another volume is another host's", async () => {
    const { find } = await declare();
    const { inputs, options } = find(attachment, "mail-okmail-queue-attachment");
    expect(inputs).toEqual({
      deviceName: "/dev/sdf",
      instanceId: "mail-okmail-host-id",
      volumeId: "mail-okmail-queue-id",
      stopInstanceBeforeDetaching: true,
    });
    expect(options.deleteBeforeReplace).toBe(true);
    const host = find(instance, "mail-okmail-host").options;
    expect(host.replaceWith?.map((each) => each.constructor.name)).toEqual(["Volume"]);
  });
});

describe("submission", () => {
  test("is closed by default, and nobody has a password", async () => {
    const { ofType, sender } = await declare();
    expect(ofType("random:index/randomPassword:RandomPassword")).toEqual([]);
    expect(sender.submission).toBeUndefined();
  });

  test("has a password for each user, of letters and digits, that nobody guesses", async () => {
    const { ofType } = await declare({ submission });
    const passwords = inOrder(ofType("random:index/randomPassword:RandomPassword"));
    expect(passwords.map(({ name, inputs }) => [name, inputs])).toEqual([
      ["mail-submission-app-password", { length: 32, special: false }],
      ["mail-submission-shop-password", { length: 32, special: false }],
    ]);
  });

  test("has passwords in SecureString parameters and nowhere else", async () => {
    const { find, resources } = await declare({ submission });
    expect(find(parameter, "mail-submission-app-parameter").inputs).toMatchObject({
      name: "/okmail/example.com/submission/app",
      type: "SecureString",
      value: secret("the password of mail-submission-app-password"),
    });
    const holders = resources.filter(({ inputs }) => JSON.stringify(inputs).includes("the password of"));
    expect(inOrder(holders).map(({ name }) => name)).toEqual([
      "mail-submission-app-parameter",
      "mail-submission-shop-parameter",
    ]);
  });

  test("is told with hosts and ports in clear, and passwords as a secret", async () => {
    const { sender } = await declare({ ...twoHosts, submission });
    const { hosts, ports, passwords } = sender.submission ?? expect.unreachable();
    expect(hosts).toEqual(["okmail.example.com", "mx2.example.com"]);
    expect(ports).toEqual([465, 587]);
    expect(await pulumi.isSecret(passwords)).toBe(true);
    expect(await outputOf(passwords)).toEqual({
      app: "the password of mail-submission-app-password",
      shop: "the password of mail-submission-shop-password",
    });
  });

  test("is known to the host by names and parameters, in a preview too", async () => {
    const userData = userDataOf(await declare({ submission }, { preview: true }));
    for (const name of ["app", "shop"]) expect(userData).toContain(`/okmail/example.com/submission/${name}`);
    expect(userData).not.toContain("the password of");
    expect(userDataOf(await declare({}, { preview: true }))).not.toContain("/submission/");
  });
});

describe("news of the hosts", () => {
  const topic = "arn:aws:sns:eu-central-1:123456789012:okmail";
  const watch = { mail: "ops@example.net" };
  const policiesOf = (recording: Recording) =>
    recording
      .ofType("aws:iam/rolePolicy:RolePolicy")
      .map(({ name, inputs }) => [name, JSON.parse(inputs.policy as string) as unknown] as const);

  test("are told to nobody by default", async () => {
    const { ofType } = await declare();
    expect(ofType(parameter).filter(({ name }) => name.includes("watch"))).toEqual([]);
  });

  test("come from a program in a parameter, of which each host may read it and knows the digest, in a preview too", async () => {
    const recording = await declare({ ...twoHosts, watch }, { preview: true });
    const { inputs } = recording.find(parameter, "mail-watch-parameter");
    expect(inputs).toMatchObject({ name: "/okmail/example.com/watch", type: "String" });
    // The provider takes each value for a secret.
    const { value } = inputs.value as { value: string };
    const program = gunzipSync(Buffer.from(value, "base64")).toString();
    expect(program).toContain('\nrun("ops@example.net", ');
    const digest = createHash("sha256").update(value).digest("hex");
    const { write_files: files } = parse(userDataOf(recording)) as {
      write_files: { path: string; content: string }[];
    };
    const facts = files.find(({ path }) => path === "/etc/okmail/host.json")?.content ?? "";
    expect(JSON.parse(facts)).toMatchObject({ watch: ["/okmail/example.com/watch", digest] });
    const known = policiesOf(await declare({ ...twoHosts, watch })).filter(([name]) =>
      name.endsWith("-read-secrets"),
    );
    expect(known).toHaveLength(2);
    for (const [, policy] of known)
      expect(JSON.stringify(policy)).toContain(":parameter/okmail/example.com/watch");
  });

  test("go to one topic, to which each host may publish, and to no other", async () => {
    const news = policiesOf(await declare({ watch: { topic } })).filter(([, policy]) =>
      JSON.stringify(policy).includes("sns:"),
    );
    expect(news).toEqual([
      [
        "mail-okmail-publish-news",
        { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "sns:Publish", Resource: topic }] },
      ],
    ]);
    expect(JSON.stringify(policiesOf(await declare({ watch })))).not.toContain("sns:");
  });
});

test("a host takes the reports that it asks for", async () => {
  const reports = {
    dmarc: { rua: ["own-reports@example.com", "other-reports@example.net"] },
    tlsRpt: { rua: ["own-tls@example.com", "other-tls@example.net"] },
  };
  const userData = async (changes: Partial<MailSenderArgs>) =>
    userDataOf(await declare({ ...reports, ...changes }));
  const own = await userData({});
  for (const name of ["own-reports", "own-tls"]) expect(own).toContain(name);
  for (const name of ["other-reports", "other-tls"]) expect(own).not.toContain(name);
  expect(await userData(elsewhere)).not.toMatch(/own-reports|own-tls/);
});

describe("DKIM keys", () => {
  const all = { selector: "a", ed25519Selector: "e", standbySelector: "b" };

  test("are an RSA key, and an Ed25519 key and a standby where they are asked for", async () => {
    const { ofType } = await declare({ dkim: { ...all, bits: 3072 } });
    const keys = inOrder(ofType("tls:index/privateKey:PrivateKey"));
    expect(keys.map(({ name, inputs }) => [name, inputs])).toEqual([
      ["mail-dkim-a-key", { algorithm: "RSA", rsaBits: 3072 }],
      ["mail-dkim-b-key", { algorithm: "RSA", rsaBits: 3072 }],
      ["mail-dkim-e-key", { algorithm: "ED25519" }],
    ]);
  });

  test("are all published, an Ed25519 key by its bare octets (RFC 8463 4.2)", async () => {
    const { find, sender } = await declare({ dkim: all });
    expect(find(dnsRecord, "mail-dkim-e").inputs).toMatchObject({
      name: "e._domainkey.example.com",
      type: "TXT",
      content: '"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="',
    });
    expect(find(dnsRecord, "mail-dkim-b").inputs).toMatchObject({ name: "b._domainkey.example.com" });
    const records = (await outputOf(sender.records)) as { name: string }[];
    expect(records.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["a", "e", "b"].map((selector) => `${selector}._domainkey.example.com`)),
    );
  });

  test("swap their parts without moving: only what the host signs with changes", async () => {
    const before = await declare({ dkim: { selector: "a", standbySelector: "b" } });
    const after = await declare({ dkim: { selector: "b", standbySelector: "a" } });
    const keys = ({ resources }: typeof before) =>
      inOrder(resources.filter(({ name }) => name.startsWith("mail-dkim-"))).map(
        ({ type, name, inputs }) => ({ type, name, inputs }),
      );
    expect(keys(after)).toEqual(keys(before));
    expect(userDataOf(before)).toContain("/dkim/a");
    expect(userDataOf(before)).not.toContain("/dkim/b");
    expect(userDataOf(after)).toContain("/dkim/b");
    expect(userDataOf(after)).not.toContain("/dkim/a");
  });
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

describe("the records that are asked for", () => {
  test("are none by default", async () => {
    const { ofType, sender } = await declare();
    expect(ofType(dnsRecord).map(({ inputs }) => inputs.name)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^_mta-sts|^_smtp/)]),
    );
    expect(ofType(dnsRecord).map(({ inputs }) => inputs.type)).not.toContain("CAA");
    expect(sender.mtaSts).toBeUndefined();
  });

  test("MTA-STS names the mail exchangers, and says where its policy has to be served", async () => {
    const mtaSts = { mode: "testing", maxAge: 86_400 } as const;
    const { find, sender } = await declare({ ...twoHosts, mtaSts });
    expect(sender.mtaSts).toEqual({
      url: "https://mta-sts.example.com/.well-known/mta-sts.txt",
      policy: "version: STSv1\nmode: testing\nmx: okmail.example.com\nmx: mx2.example.com\nmax_age: 86400\n",
    });
    const { name, content } = find(dnsRecord, "mail-mta-sts").inputs;
    expect(name).toBe("_mta-sts.example.com");
    expect(content).toMatch(/^"v=STSv1; id=[0-9a-f]{20};"$/);
    const others = await declare({ ...elsewhere, mtaSts });
    expect(others.sender.mtaSts?.policy).toContain("\nmx: mx.example.net\n");
    expect(others.find(dnsRecord, "mail-mta-sts").inputs.content).not.toBe(content);
  });

  test("TLSRPT says where reports go", async () => {
    const { find } = await declare({ tlsRpt: { rua: ["tls@example.com"] } });
    expect(find(dnsRecord, "mail-tls-rpt").inputs).toMatchObject({
      name: "_smtp._tls.example.com",
      type: "TXT",
      content: '"v=TLSRPTv1; rua=mailto:tls@example.com"',
    });
  });

  test("CAA lets one authority issue for each HELO name, where one is asked at all", async () => {
    const caa = "letsencrypt.org";
    const { ofType } = await declare({ ...twoHosts, tls: { caa } });
    const records = ofType(dnsRecord).filter(({ inputs }) => inputs.type === "CAA");
    expect(records.map(({ inputs: { name, data } }) => [name, data])).toEqual(
      ["okmail.example.com", "mx2.example.com"].map((name) => [
        name,
        { flags: 0, tag: "issue", value: "letsencrypt.org; validationmethods=http-01" },
      ]),
    );
    const none = await declare({ ...elsewhere, tls: { caa } });
    expect(none.ofType(dnsRecord).map(({ inputs }) => inputs.type)).not.toContain("CAA");
  });
});

describe("DANE", () => {
  const dane = {};
  const tlsaOf = ({ ofType }: Recording) => ofType(dnsRecord).filter(({ inputs }) => inputs.type === "TLSA");

  test("is none by default, nor where nothing comes to the hosts", async () => {
    for (const changes of [{}, { ...elsewhere, dane }]) {
      const recording = await declare(changes);
      expect(tlsaOf(recording)).toEqual([]);
      expect(recording.ofType(zoneDnssec)).toEqual([]);
      expect(recording.sender.ds).toBeUndefined();
      expect(recording.ofType(tlsKey).map(({ inputs }) => inputs.algorithm)).toEqual(["RSA"]);
    }
  });

  test("publishes each host's own key at port 25 of its name, once the host has it", async () => {
    const recording = await declare({ ...twoHosts, dane });
    const data = { usage: 3, selector: 1, matchingType: 1, certificate: ecdsaDigest.toUpperCase() };
    expect(tlsaOf(recording).map(({ name, inputs }) => [name, inputs])).toEqual(
      [
        ["okmail", "okmail.example.com"],
        ["okmail2", "mx2.example.com"],
      ].map(([key, helo]) => [
        `mail-${key}-tlsa-key1`,
        { zoneId, ttl: 300, name: `_25._tcp.${helo}`, type: "TLSA", data },
      ]),
    );
    expect(recording.find(tlsKey, "mail-tls-okmail2-key1-key").inputs).toEqual({
      algorithm: "ECDSA",
      ecdsaCurve: "P256",
    });
    const records = recording.find("okmail:index:MailRecords", "mail");
    expect(await dependencies(records.options)).toEqual(["mail-okmail", "mail-okmail2"]);
  });

  test("keeps a host's key in a SecureString that no other host may read", async () => {
    const { find } = await declare({ ...twoHosts, dane });
    const { inputs } = find(parameter, "mail-tls-okmail2-key1-parameter");
    expect(inputs).toMatchObject({ name: "/okmail/example.com/tls/okmail2/key1", type: "SecureString" });
    const { policy } = find("aws:iam/rolePolicy:RolePolicy", "mail-okmail2-read-secrets").inputs;
    expect(policy).toContain(":parameter/okmail/example.com/tls/okmail2/key1");
    expect(policy).not.toContain("/tls/okmail/");
  });

  test("publishes a standby key that no host has yet", async () => {
    const recording = await declare({ dane: { key: "key2", standbyKey: "key3" } });
    expect(tlsaOf(recording).map(({ name }) => name)).toEqual([
      "mail-okmail-tlsa-key2",
      "mail-okmail-tlsa-key3",
    ]);
    const { policy } = recording.find("aws:iam/rolePolicy:RolePolicy", "mail-okmail-read-secrets").inputs;
    expect(policy).toContain("/tls/okmail/key2");
    expect(policy).not.toContain("/tls/okmail/key3");
  });

  test("turns the zone's DNSSEC on for good, unless others do, and tells its DS record", async () => {
    const { find, sender } = await declare({ dane });
    const { inputs, options } = find(zoneDnssec, "mail-dnssec");
    expect(inputs).toEqual({ zoneId, status: "active" });
    expect(options.retainOnDelete).toBe(true);
    expect(sender.ds && (await outputOf(sender.ds))).toBe("example.com. 3600 IN DS 2371 13 2 AB");
    const others = await declare({ dane: { dnssec: false } });
    expect(others.ofType(zoneDnssec)).toEqual([]);
    expect(others.sender.ds).toBeUndefined();
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

/** The cloud-config of the first host, in plain text. */
function userDataOf({ find }: Recording): string {
  const { userDataBase64 } = find(instance, "mail-okmail-host").inputs;
  return gunzipSync(Buffer.from(userDataBase64 as string, "base64")).toString();
}

/** Resources sorted: which one is recorded first hangs on what each waits for. */
const inOrder = (resources: readonly RecordedResource[]) => {
  const key = ({ type, name }: RecordedResource) => `${type} ${name}`;
  return resources.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
};

/** The logical names of what a resource waits for. */
async function dependencies(options: pulumi.CustomResourceOptions): Promise<string[]> {
  const resources = [options.dependsOn ?? []].flat() as pulumi.Resource[];
  const urns = await Promise.all(resources.map(({ urn }) => outputOf(urn)));
  return urns.map((urn) => String(urn).split("::").at(-1) ?? "");
}
