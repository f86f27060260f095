import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { images } from "../../local/aws/images.ts";
import { instanceTypeNames } from "../../local/aws/instance-types.ts";
import { defaultNetwork } from "../../local/aws/network.ts";
import { awsProvider } from "../../local/aws/provider.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { checkShape, describeFault } from "../../local/provider/check-shape.ts";
import { SCHEMAS, functionSchema } from "../../local/provider/schemas.ts";
import type { Properties } from "../../local/provider/values.ts";
import { CloudStore } from "../../local/store.ts";
import { REGION, imageId, openAccount } from "./aws-account.ts";
import { temporaryFolder } from "./store-folder.ts";

const GET_PARAMETER = "aws:ssm/getParameter:getParameter";
const GET_ELASTIC_IP = "aws:ec2/getElasticIp:getElasticIp";
const GET_SUBNET = "aws:ec2/getSubnet:getSubnet";
const GET_SUBNETS = "aws:ec2/getSubnets:getSubnets";
const GET_INSTANCE_TYPE = "aws:ec2/getInstanceType:getInstanceType";
const GET_AMI = "aws:ec2/getAmi:getAmi";

const { subnets, vpcId } = defaultNetwork(REGION);

describe("every function", () => {
  const calls: Readonly<Record<string, Properties>> = {
    [GET_AMI]: { filters: [{ name: "name", values: ["debian-13-arm64-*"] }], mostRecent: true },
    [GET_ELASTIC_IP]: { publicIp: "192.0.2.10" },
    [GET_INSTANCE_TYPE]: { instanceType: "t4g.small" },
    [GET_SUBNET]: { id: subnets[0].id },
    [GET_SUBNETS]: { filters: [{ name: "vpc-id", values: [vpcId] }] },
    "aws:index/getCallerIdentity:getCallerIdentity": {},
    "aws:index/getPartition:getPartition": {},
    "aws:index/getRegion:getRegion": {},
    [GET_PARAMETER]: { name: "/aws/service/debian/release/13/latest/arm64" },
  };

  test("that the SDK's schema was read for is there", () => {
    expect(Object.keys(calls).toSorted()).toEqual(Object.keys(SCHEMAS.aws.functions).toSorted());
  });

  test.each(Object.entries(calls))(
    "%s answers with every result that the SDK promises, in its type",
    async (token, args) => {
      const { client, eip } = await openAccount();
      await eip();
      const result = await client.invoke(token, args);
      const faults = checkShape(result, functionSchema(token).outputs).map((fault) =>
        describeFault(fault, token),
      );
      expect(faults).toEqual([]);
    },
  );
});

describe("getParameter", () => {
  test.each(["11", "12", "13"])("knows Debian %s's images for both architectures", async (release) => {
    const { client } = await openAccount();
    const ids = new Set<unknown>();
    for (const architecture of ["amd64", "arm64"]) {
      const name = `/aws/service/debian/release/${release}/latest/${architecture}`;
      const { value, insecureValue, type } = await client.invoke(GET_PARAMETER, { name });
      expect(value).toMatch(/^ami-0[0-9a-f]{16}$/);
      expect([insecureValue, type]).toEqual([value, "String"]);
      ids.add(value);
    }
    expect(ids.size).toBe(2);
  });

  test("decrypts the stack's own parameters, and counts their versions", async () => {
    const { client, store } = await openAccount();
    const parameter = await client.up(AWS_TYPES.parameter, "key", {
      name: "/mail/key",
      type: "SecureString",
      value: "one",
    });
    const arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/mail/key";
    expect(parameter.outputs).toMatchObject({
      arn,
      version: 1,
      tier: "Standard",
      keyId: "alias/aws/ssm",
      dataType: "text",
    });
    await client.change(parameter, { ...parameter.inputs, value: "two" });
    const read = await client.invoke(GET_PARAMETER, { name: "/mail/key" });
    expect(read).toMatchObject({ arn, value: "two", insecureValue: "", version: 2, type: "SecureString" });
    const sealed = await client.invoke(GET_PARAMETER, { name: "/mail/key", withDecryption: false });
    expect(sealed.value).not.toContain("two");
    expect(store.find(AWS_TYPES.parameter, "/mail/key")?.secrets).toContain("value");
  });

  test("says that there is none", async () => {
    const { client } = await openAccount();
    await expect(client.invoke(GET_PARAMETER, { name: "/nothing" })).rejects.toThrow(
      "reading SSM Parameter (/nothing): operation error SSM: GetParameter",
    );
    await expect(client.invoke(GET_PARAMETER, { name: "/nothing" })).rejects.toThrow("ParameterNotFound");
  });
});

describe("parameters", () => {
  const inputs = { name: "/mail/key", type: "SecureString", value: "top secret" };

  test("exist once, unless they are to be overwritten", async () => {
    const { client } = await openAccount();
    await client.up(AWS_TYPES.parameter, "a", inputs);
    await expect(client.up(AWS_TYPES.parameter, "b", inputs)).rejects.toThrow(
      "creating SSM Parameter (/mail/key): operation error SSM: PutParameter, https response error StatusCode: 400, " +
        "RequestID: local-cloud, ParameterAlreadyExists: The parameter already exists.",
    );
    const second = await client.up(AWS_TYPES.parameter, "b", { ...inputs, overwrite: true });
    expect(second.outputs.version).toBe(2);
  });

  test("are nowhere in clear on the disk, and secret on the wire", async () => {
    const folder = temporaryFolder();
    const store = CloudStore.open(folder);
    const resource = awsProvider({ store, resolve4: () => Promise.resolve([]) }).resources.find(
      ({ type }) => type === AWS_TYPES.parameter,
    );
    await resource?.create({ urn: "urn:a", name: "a", inputs, secrets: new Set() });
    for (const file of readdirSync(folder))
      expect(readFileSync(`${folder}/${file}`, "utf8")).not.toContain("top secret");
    store.close();
    const { client } = await openAccount();
    const { secrets } = await client.create(AWS_TYPES.parameter, "a", inputs);
    expect(secrets).toEqual(["value"]);
  });

  test.each<[string, Properties, readonly string[]]>([
    ["another name", { name: "/mail/other" }, ["name"]],
    ["another data type", { dataType: "aws:ec2:image" }, ["dataType"]],
    ["another value", { value: "x" }, []],
    ["a lower tier", { tier: "Standard" }, ["tier"]],
  ])("are replaced or not for %s", async (_, change, replaces) => {
    const { client } = await openAccount();
    const state = {
      type: AWS_TYPES.parameter,
      name: "a",
      id: "/mail/key",
      inputs: { ...inputs, tier: "Advanced" },
      outputs: {},
    };
    expect((await client.diff(state, { ...state.inputs, ...change })).replaces).toEqual(replaces);
  });

  test.each([
    ["Standard", 4096, "Standard"],
    ["Advanced", 8192, "Advanced"],
    ["Intelligent-Tiering", 4096, "Standard"],
    ["Intelligent-Tiering", 4097, "Advanced"],
  ])("of the tier %s with %i bytes end in the tier %s", async (tier, size, expected) => {
    const { client } = await openAccount();
    const { outputs } = await client.up(AWS_TYPES.parameter, "a", {
      ...inputs,
      tier,
      value: "x".repeat(size),
    });
    expect(outputs.tier).toBe(expected);
  });
});

describe("getElasticIp", () => {
  test.each<[string, (id: string) => Properties]>([
    ["allocation id", (id) => ({ id })],
    ["address", () => ({ publicIp: "192.0.2.11" })],
    ["tag", () => ({ tags: { Name: "b" } })],
    ["filter", () => ({ filters: [{ name: "tag:Name", values: ["x", "b*"] }] })],
  ])("finds an address by %s", async (_, args) => {
    const { client, eip } = await openAccount();
    await eip("a", { tags: { Name: "a" } });
    const { id } = await eip("b", { tags: { Name: "b" } });
    expect(await client.invoke(GET_ELASTIC_IP, args(id))).toMatchObject({
      id,
      publicIp: "192.0.2.11",
      tags: { Name: "b" },
      publicDns: "ec2-192-0-2-11.eu-central-1.compute.amazonaws.com",
      instanceId: "",
    });
  });

  test.each<[string, Properties, string]>([
    ["none", { id: "eipalloc-00000000000000000" }, "no matching EC2 EIP found"],
    ["several", {}, "multiple EC2 EIPs matched"],
    [
      "a filter that doesn't exist",
      { filters: [{ name: "colour", values: ["red"] }] },
      "The filter 'colour' is invalid",
    ],
    ["another Region", { region: "us-east-1" }, "has the Region eu-central-1 only"],
  ])("refuses %s", async (_, args, message) => {
    const { client, eip } = await openAccount();
    await eip("a");
    await eip("b");
    await expect(client.invoke(GET_ELASTIC_IP, args)).rejects.toThrow(message);
  });
});

describe("getSubnet", () => {
  test("finds the default subnets, with their VPC and free addresses", async () => {
    const { client, host } = await openAccount();
    const before = await client.invoke(GET_SUBNET, { availabilityZone: "eu-central-1a" });
    expect(before).toMatchObject({
      id: subnets[0].id,
      vpcId,
      cidrBlock: "172.31.0.0/20",
      availableIpAddressCount: 4091,
    });
    await host();
    const after = await client.invoke(GET_SUBNET, { id: subnets[0].id, defaultForAz: true });
    expect(after.availableIpAddressCount).toBe(4090);
  });

  test.each<[Properties, string]>([
    [{ id: "subnet-00000000000000000" }, "no matching EC2 Subnet found"],
    [{ vpcId }, "multiple EC2 Subnets matched"],
  ])("refuses %o", async (args, message) => {
    const { client } = await openAccount();
    await expect(client.invoke(GET_SUBNET, args)).rejects.toThrow(message);
  });
});

describe("getSubnets", () => {
  test.each<[string, Properties, readonly (string | undefined)[]]>([
    ["all", {}, subnets.map(({ id }) => id)],
    [
      "by zone",
      { filters: [{ name: "availability-zone", values: ["*b", "*c"] }] },
      subnets.slice(1).map(({ id }) => id),
    ],
    ["none", { filters: [{ name: "vpc-id", values: ["vpc-0"] }] }, []],
  ])("finds %s", async (_, args, expected) => {
    const { client } = await openAccount();
    expect((await client.invoke(GET_SUBNETS, args)).ids).toEqual(expected);
  });
});

describe("getInstanceType", () => {
  test.each([
    ["t4g.nano", "arm64", 2, 512],
    ["t4g.small", "arm64", 2, 2048],
    ["t3.small", "x86_64", 2, 2048],
    ["t2.micro", "x86_64", 1, 1024],
    ["m7g.medium", "arm64", 1, 4096],
    ["c7i.xlarge", "x86_64", 4, 8192],
    ["r6g.large", "arm64", 2, 16384],
  ])("knows %s: %s, %i vCPUs, %i MiB", async (instanceType, architecture, vcpus, memory) => {
    const { client } = await openAccount();
    expect(await client.invoke(GET_INSTANCE_TYPE, { instanceType })).toMatchObject({
      supportedArchitectures: [architecture],
      defaultVcpus: vcpus,
      memorySize: memory,
    });
  });

  test("says that there is none", async () => {
    const { client } = await openAccount();
    await expect(client.invoke(GET_INSTANCE_TYPE, { instanceType: "t9.huge" })).rejects.toThrow(
      "no matching EC2 Instance Type found",
    );
  });

  test("every instance type that it knows can be launched from an image of its architecture", async () => {
    const { client, host } = await openAccount();
    for (const instanceType of instanceTypeNames().filter((_, index) => index % 12 === 0)) {
      const { supportedArchitectures } = await client.invoke(GET_INSTANCE_TYPE, { instanceType });
      const [architecture] = supportedArchitectures as ("arm64" | "x86_64")[];
      await host(instanceType, { instanceType, ami: imageId(architecture ?? "arm64") });
    }
  });
});

describe("getAmi", () => {
  test.each<[Properties, string]>([
    [{ filters: [{ name: "image-id", values: [imageId("arm64")] }] }, "debian-13-arm64-local"],
    [
      {
        filters: [
          { name: "name", values: ["debian-12-*"] },
          { name: "architecture", values: ["x86_64"] },
        ],
      },
      "debian-12-amd64-local",
    ],
    [
      { nameRegex: "^debian-1\\d-arm64", mostRecent: true, owners: ["136693071363"] },
      "debian-13-arm64-local",
    ],
  ])("finds the image for %j", async (args, name) => {
    const { client } = await openAccount();
    expect((await client.invoke(GET_AMI, args)).name).toBe(name);
  });

  test.each<[Properties, string]>([
    [{ owners: ["amazon"] }, "no matching EC2 AMI found"],
    [{ filters: [{ name: "name", values: ["debian-?-*"] }] }, "no matching EC2 AMI found"],
    [{}, "multiple EC2 AMIs matched"],
  ])("refuses %j", async (args, message) => {
    const { client } = await openAccount();
    await expect(client.invoke(GET_AMI, args)).rejects.toThrow(message);
  });

  test("each Region has ids of its own, always the same", () => {
    const ids = (region: string): string[] => images(region).map(({ id }) => id);
    expect(ids("eu-central-1")).toEqual(ids("eu-central-1"));
    expect(ids("eu-central-1").some((id) => ids("us-east-1").includes(id))).toBe(false);
    expect(new Set(ids("eu-central-1")).size).toBe(ids("eu-central-1").length);
  });
});

test("the account is who and where it was said to be", async () => {
  const { client } = await openAccount({ region: "cn-north-1", accountId: "210987654321" });
  expect(await client.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})).toMatchObject({
    accountId: "210987654321",
    arn: "arn:aws-cn:iam::210987654321:user/okmail-local",
  });
  expect(await client.invoke("aws:index/getRegion:getRegion", {})).toMatchObject({
    name: "cn-north-1",
    region: "cn-north-1",
  });
  expect(await client.invoke("aws:index/getPartition:getPartition", {})).toMatchObject({
    partition: "aws-cn",
    dnsSuffix: "amazonaws.com.cn",
    reverseDnsPrefix: "cn.com.amazonaws",
  });
});

describe("the provider's settings", () => {
  test("may name the Region that there is, and no other", async () => {
    const { client } = await openAccount();
    const good = {
      region: "eu-central-1",
      skipCredentialsValidation: "true",
      defaultTags: '{"tags":{"a":"b"}}',
    };
    expect(await client.checkConfig(good)).toEqual([]);
    expect(await client.checkConfig({ region: "us-east-1" })).toEqual([
      [
        "region",
        "The local cloud has the Region eu-central-1 only. Set aws:region to eu-central-1, or leave it out",
      ],
    ]);
  });

  test.each([
    ["a Region that is none", { region: "moon" }, '"moon" is no AWS Region'],
    ["an account id that is none", { accountId: "1234" }, "isn't twelve digits"],
  ])("of the local cloud itself can't have %s", (_, options, message) => {
    const store = CloudStore.open(temporaryFolder());
    expect(() => awsProvider({ store, resolve4: () => Promise.resolve([]), ...options })).toThrow(message);
    store.close();
  });
});
