import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { awsProvider } from "../../local/aws/provider.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { DNS_RECORD } from "../../local/cloudflare/dns-record-inputs.ts";
import { cloudflareProvider } from "../../local/cloudflare/provider.ts";
import { processDataPlane, type DataPlane } from "../../local/data-plane.ts";
import { findResource } from "../../local/provider/lookup.ts";
import { asText, CloudStore, type JsonObject } from "../../local/store.ts";
import { userDataBase64 } from "../../mail/cloud-config.ts";
import { declared, ZONE } from "./cloudflare-account.ts";
import { ACCOUNT, KEY, PARAMETER, PARAMETER_ARN, PUBLIC_KEY, USER_DATA } from "./host-cloud.ts";

let directory: string;
let store: CloudStore;
let plane: DataPlane;
let create: (type: string, inputs: JsonObject) => Promise<{ id: string; outputs: JsonObject }>;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "okmail-"));
  store = CloudStore.open(directory);
  plane = await processDataPlane({ store, zones: [ZONE], account: ACCOUNT, directory });
  const aws = awsProvider({ store, ...ACCOUNT, resolve4: (name) => plane.resolver.resolve4(name) });
  const cloudflare = cloudflareProvider({ store, zones: [ZONE] });
  create = async (type, inputs) =>
    findResource(type.startsWith("aws:") ? aws : cloudflare, type).create({
      urn: `urn:pulumi:local::okmail::${type}::it`,
      name: "it",
      inputs,
      secrets: new Set(),
    });
});
afterEach(async () => {
  await plane.close();
  store.close();
  rmSync(directory, { recursive: true });
});

/** What the components declare for one host, in their order. */
async function declareSender(): Promise<string> {
  const address = await create(AWS_TYPES.eip, { domain: "vpc" });
  const publicIp = asText(address.outputs.publicIp);
  await create(DNS_RECORD, declared("A", "okmail", publicIp));
  await create(AWS_TYPES.eipDomainName, { allocationId: address.id, domainName: "okmail.example.com" });

  const role = await create(AWS_TYPES.role, {
    name: "role",
    assumeRolePolicy: policy({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
  });
  await create(AWS_TYPES.rolePolicy, {
    name: "secrets",
    role: role.id,
    policy: policy({ Action: "ssm:GetParameter", Resource: [PARAMETER_ARN] }),
  });
  const profile = await create(AWS_TYPES.instanceProfile, { name: "profile", role: "role" });
  await create(AWS_TYPES.parameter, { name: PARAMETER, type: "SecureString", value: KEY });
  const group = await create(AWS_TYPES.securityGroup, { name: "mail", description: "Mail host" });
  await create(AWS_TYPES.securityGroupEgressRule, {
    securityGroupId: group.id,
    ipProtocol: "-1",
    cidrIpv4: "0.0.0.0/0",
  });
  const networkInterface = await create(AWS_TYPES.networkInterface, {
    subnetId: await aSubnet(),
    securityGroups: [group.id],
  });
  await create(AWS_TYPES.eipAssociation, {
    allocationId: address.id,
    networkInterfaceId: networkInterface.id,
  });
  const instance = await create(AWS_TYPES.instance, {
    ami: await anImage(),
    instanceType: "t4g.small",
    primaryNetworkInterface: { networkInterfaceId: networkInterface.id },
    iamInstanceProfile: profile.id,
    userDataBase64: userDataBase64(USER_DATA),
  });
  const spf = `"v=spf1 ip4:${publicIp} -all"`;
  const dkim = `v=DKIM1; k=rsa; p=${PUBLIC_KEY}`;
  await create(DNS_RECORD, declared("TXT", "okmail", spf));
  await create(DNS_RECORD, declared("TXT", "@", spf));
  await create(DNS_RECORD, declared("TXT", "k1._domainkey", `"${dkim.slice(0, 255)}" "${dkim.slice(255)}"`));
  await create(DNS_RECORD, declared("TXT", "_dmarc", '"v=DMARC1; p=reject"'));
  await create(DNS_RECORD, declared("MX", "@", "okmail.example.com", { priority: 10 }));
  return instance.id;
}

function policy(statement: JsonObject): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}

async function call(token: string, args: JsonObject): Promise<JsonObject> {
  const aws = awsProvider({ store, ...ACCOUNT, resolve4: (name) => plane.resolver.resolve4(name) });
  const found = aws.functions.find((definition) => definition.token === token);
  if (found === undefined) throw new Error(`no function ${token}`);
  return found.call(args);
}

async function aSubnet(): Promise<string> {
  const { ids } = await call("aws:ec2/getSubnets:getSubnets", {
    filters: [{ name: "default-for-az", values: ["true"] }],
  });
  return (ids as readonly string[])[0] ?? "";
}

async function anImage(): Promise<string> {
  const name = "/aws/service/debian/release/13/latest/arm64";
  return asText((await call("aws:ssm/getParameter:getParameter", { name })).value);
}

it("a sender declared through the providers has its mail accepted", async () => {
  const instanceId = await declareSender();
  const delivery = await plane.deliver(instanceId, {
    from: "ada@example.com",
    to: ["you@inbox.okmail.internal"],
    subject: "Hello",
    text: "Hello\n",
  });
  expect(delivery).toMatchObject({ status: "sent", receipt: { accepted: true, code: 250 } });
  expect(plane.attempts[0]?.message).toMatchObject({ dkim: [{ result: "pass" }], dmarc: { result: "pass" } });
});

it("a PTR record is refused until the local DNS has the forward name", async () => {
  const { id, outputs } = await create(AWS_TYPES.eip, { domain: "vpc" });
  const ptr = { allocationId: id, domainName: "okmail.example.com" };
  await expect(create(AWS_TYPES.eipDomainName, ptr)).rejects.toThrow("but there is no A record");
  await create(DNS_RECORD, declared("A", "okmail", asText(outputs.publicIp)));
  await expect(create(AWS_TYPES.eipDomainName, ptr)).resolves.toMatchObject({
    outputs: { ptrRecord: "okmail.example.com." },
  });
  await expect(plane.resolver.reverse(asText(outputs.publicIp))).resolves.toEqual(["okmail.example.com"]);
});

it("a proxied name is no forward name: it resolves to the proxy", async () => {
  const { id, outputs } = await create(AWS_TYPES.eip, { domain: "vpc" });
  await create(DNS_RECORD, declared("A", "okmail", asText(outputs.publicIp), { proxied: true, ttl: 1 }));
  await expect(
    create(AWS_TYPES.eipDomainName, { allocationId: id, domainName: "okmail.example.com" }),
  ).rejects.toThrow("but it holds 198.51.100.201, 198.51.100.202");
});
