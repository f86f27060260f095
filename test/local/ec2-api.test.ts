// EC2's own API of the local cloud, spoken to by AWS's SDK over HTTP.

import {
  AllocateAddressCommand,
  CreateTagsCommand,
  DescribeAddressesCommand,
  DescribePublicIpv4PoolsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetIpamPoolAllocationsCommand,
  GetIpamPoolCidrsCommand,
  ReleaseAddressCommand,
} from "@aws-sdk/client-ec2";
import { afterEach, describe, expect, test } from "vitest";
import { startEc2Endpoint } from "../../local/aws/ec2-api/endpoint.ts";
import { readQuery } from "../../local/aws/ec2-api/query.ts";
import { errorXml } from "../../local/aws/ec2-api/xml.ts";
import { awsAccount, type AwsOptions } from "../../local/aws/provider.ts";
import { addressPools } from "../../local/aws/public-addresses.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { openAccount, REGION } from "./aws-account.ts";

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function openApi(options: Partial<AwsOptions> = {}) {
  const account = await openAccount(options);
  const endpoint = await startEc2Endpoint(
    awsAccount({ store: account.store, resolve4: () => Promise.resolve([]), ...options }),
  );
  cleanUps.push(() => endpoint.close());
  const client = (changed = {}) => {
    const ec2 = new EC2Client({
      endpoint: endpoint.url,
      region: REGION,
      credentials: endpoint.credentials(),
      maxAttempts: 1,
      ...changed,
    });
    cleanUps.push(() => ec2.destroy());
    return ec2;
  };
  return { ...account, endpoint, client, ec2: client() };
}

const [ipam = { id: "" }, byoip = { id: "" }] = addressPools(REGION);
const tags = (...pairs: [string, string][]) => ({
  TagSpecifications: [
    { ResourceType: "elastic-ip" as const, Tags: pairs.map(([Key, Value]) => ({ Key, Value })) },
  ],
});

describe("EC2's API of the local cloud", () => {
  test("allocates, describes, tags and releases the addresses that the providers know", async () => {
    const { ec2, eip, store } = await openApi();
    const declared = await eip("declared", { tags: { Name: "okmail.example.com" } });
    const drawn = await ec2.send(new AllocateAddressCommand({ Domain: "vpc", ...tags(["a", "<&>"]) }));
    expect(drawn).toMatchObject({
      PublicIp: "192.0.2.11",
      Domain: "vpc",
      PublicIpv4Pool: "amazon",
      NetworkBorderGroup: REGION,
    });
    const id = drawn.AllocationId ?? "";
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "b", Value: "2" }] }));

    const all = (await ec2.send(new DescribeAddressesCommand())).Addresses ?? [];
    expect(all.map(({ AllocationId, PublicIp }) => [AllocationId, PublicIp])).toEqual([
      [declared.id, "192.0.2.10"],
      [id, "192.0.2.11"],
    ]);
    expect(all[0]?.Tags).toEqual([{ Key: "Name", Value: "okmail.example.com" }]);
    const Filters = [{ Name: "tag:b", Values: ["2"] }];
    const filtered = (await ec2.send(new DescribeAddressesCommand({ Filters }))).Addresses ?? [];
    expect(filtered.map(({ Tags }) => Tags)).toEqual([
      [
        { Key: "a", Value: "<&>" },
        { Key: "b", Value: "2" },
      ],
    ]);

    await ec2.send(new ReleaseAddressCommand({ AllocationId: id }));
    expect(store.list(AWS_TYPES.eip).map((record) => record.id)).toEqual([declared.id]);
    const { PublicIp } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
    expect(PublicIp).toBe("192.0.2.12");
  });

  test("shows what an address is used for, and releases none that is in use or has a name", async () => {
    const { ec2, eip, host, association, ptr, names } = await openApi();
    const [address, named] = [await eip("used"), await eip("named")];
    const server = await host();
    await association(address, server);
    names["okmail.example.com"] = ["192.0.2.11"];
    await ptr(named, "okmail.example.com");
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({ AllocationIds: [address.id] }));
    expect(Addresses?.[0]).toMatchObject({
      InstanceId: server.id,
      AssociationId: expect.stringMatching(/^eipassoc-/) as string,
    });
    const release = ({ id }: { id: string }) => ec2.send(new ReleaseAddressCommand({ AllocationId: id }));
    await expect(release(address)).rejects.toMatchObject({ name: "InvalidIPAddress.InUse" });
    await expect(release(named)).rejects.toMatchObject({ name: "InvalidAddress.PtrSet" });
  });

  test("changes nothing in a dry run", async () => {
    const { ec2, store } = await openApi();
    const { serial } = store;
    await expect(ec2.send(new AllocateAddressCommand({ Domain: "vpc", DryRun: true }))).rejects.toMatchObject(
      { name: "DryRunOperation", $metadata: { httpStatusCode: 412 } },
    );
    expect(store.serial).toBe(serial);
  });

  test("draws from an IPAM pool and a brought network, beside the quota, a certain address too", async () => {
    const { ec2 } = await openApi({ elasticIpQuota: 1 });
    const cidrs = await ec2.send(new GetIpamPoolCidrsCommand({ IpamPoolId: ipam.id }));
    expect(cidrs.IpamPoolCidrs).toMatchObject([
      { Cidr: "192.0.2.128/29", State: "provisioned", NetmaskLength: 29 },
    ]);
    const take = async (input: object) =>
      (await ec2.send(new AllocateAddressCommand({ Domain: "vpc", ...input }))).PublicIp;
    expect(await take({ IpamPoolId: ipam.id, Address: "192.0.2.130" })).toBe("192.0.2.130");
    expect(await take({ IpamPoolId: ipam.id })).toBe("192.0.2.128");
    const { IpamPoolAllocations = [] } = await ec2.send(
      new GetIpamPoolAllocationsCommand({ IpamPoolId: ipam.id }),
    );
    expect(IpamPoolAllocations.map(({ Cidr, ResourceType }) => [Cidr, ResourceType])).toEqual([
      ["192.0.2.130/32", "eip"],
      ["192.0.2.128/32", "eip"],
    ]);
    await expect(take({ IpamPoolId: ipam.id, Address: "192.0.2.130" })).rejects.toMatchObject({
      name: "InvalidAddress.NotFound",
    });
    expect(await take({ PublicIpv4Pool: byoip.id })).toBe("192.0.2.144");
    expect(await take({ Address: "192.0.2.159" })).toBe("192.0.2.159");
    const { PublicIpv4Pools } = await ec2.send(new DescribePublicIpv4PoolsCommand({ PoolIds: [byoip.id] }));
    expect(PublicIpv4Pools).toMatchObject([
      {
        PoolId: byoip.id,
        TotalAddressCount: 16,
        TotalAvailableAddressCount: 14,
        PoolAddressRanges: [{ FirstAddress: "192.0.2.144", LastAddress: "192.0.2.159" }],
      },
    ]);
    expect(await take({})).toBe("192.0.2.10");
    await expect(take({})).rejects.toMatchObject({ name: "AddressLimitExceeded" });
  });

  test("gives a pool's address back to the pool, and to nobody else", async () => {
    const { ec2, store } = await openApi({ elasticIpQuota: 300 });
    const take = (input: object) => ec2.send(new AllocateAddressCommand({ Domain: "vpc", ...input }));
    const { AllocationId } = await take({ PublicIpv4Pool: byoip.id });
    await ec2.send(new ReleaseAddressCommand({ AllocationId }));
    // All of Amazon's at one stroke.
    store.transact((cloud) => {
      for (let host = 10; host <= 199; host++)
        if (host < 128 || host >= 160 || (host >= 136 && host < 144))
          cloud.insert({
            type: AWS_TYPES.eip,
            id: `eipalloc-${host}`,
            urn: "",
            inputs: {},
            outputs: { publicIp: `192.0.2.${host}` },
          });
    });
    await expect(take({})).rejects.toMatchObject({ name: "InsufficientAddressCapacity" });
    expect((await take({ PublicIpv4Pool: byoip.id })).PublicIp).toBe("192.0.2.144");
  });

  test.each<[string, (api: Awaited<ReturnType<typeof openApi>>) => Promise<unknown>, string]>([
    ["an action", ({ ec2 }) => ec2.send(new DescribeVpcsCommand()), "InvalidAction"],
    [
      "a parameter",
      ({ ec2 }) => ec2.send(new AllocateAddressCommand({ CustomerOwnedIpv4Pool: "ipv4pool-coip-0" })),
      "UnknownParameter",
    ],
    [
      "a pool",
      ({ ec2 }) => ec2.send(new AllocateAddressCommand({ IpamPoolId: "ipam-pool-0" })),
      "InvalidIpamPoolId.NotFound",
    ],
    [
      "a brought network",
      ({ ec2 }) => ec2.send(new DescribePublicIpv4PoolsCommand({ PoolIds: ["ipv4pool-ec2-0"] })),
      "InvalidPublicIpv4PoolID.NotFound",
    ],
    [
      "an allocation",
      ({ ec2 }) => ec2.send(new ReleaseAddressCommand({ AllocationId: "eipalloc-0" })),
      "InvalidAllocationID.NotFound",
    ],
    [
      "a filter",
      ({ ec2 }) => ec2.send(new DescribeAddressesCommand({ Filters: [{ Name: "x", Values: ["1"] }] })),
      "InvalidParameterValue",
    ],
    [
      "a key of a tag",
      ({ ec2 }) => ec2.send(new AllocateAddressCommand({ Domain: "vpc", ...tags(["aws:x", "1"]) })),
      "InvalidParameterValue",
    ],
    [
      "a resource",
      ({ ec2 }) => ec2.send(new CreateTagsCommand({ Resources: ["i-0"], Tags: [{ Key: "a", Value: "" }] })),
      "InvalidID",
    ],
    [
      "a secret key",
      ({ client, endpoint }) =>
        client({ credentials: { ...endpoint.credentials(), secretAccessKey: "x" } }).send(
          new DescribeAddressesCommand(),
        ),
      "SignatureDoesNotMatch",
    ],
    [
      "a key",
      ({ client }) =>
        client({ credentials: { accessKeyId: "AKIA0", secretAccessKey: "x" } }).send(
          new DescribeAddressesCommand(),
        ),
      "AuthFailure",
    ],
    [
      "a Region",
      ({ client }) => client({ region: "us-east-1" }).send(new DescribeAddressesCommand()),
      "SignatureDoesNotMatch",
    ],
  ])("refuses %s that there isn't, in EC2's words, and changes nothing", async (_, act, code) => {
    const api = await openApi();
    await api.eip("present");
    const { serial } = api.store;
    await expect(act(api)).rejects.toMatchObject({ name: code });
    expect(api.store.serial).toBe(serial);
  });

  test("refuses what isn't signed, isn't sent by POST, or is too long", async () => {
    const { endpoint } = await openApi();
    const codeOf = async (init: RequestInit) => {
      const response = await fetch(endpoint.url, init);
      return /<Code>(.*?)<\/Code>/.exec(await response.text())?.[1];
    };
    expect(await codeOf({ method: "POST", body: "Action=DescribeAddresses" })).toBe(
      "MissingAuthenticationToken",
    );
    expect(await codeOf({ method: "GET" })).toBe("InvalidRequest");
    expect(await codeOf({ method: "POST", body: "x".repeat(70_000) })).toBe("RequestEntityTooLarge");
  });
});

describe("the Query protocol", () => {
  const version = "Version=2016-11-15";

  test("makes objects of dots and lists of numbers, in the order of the numbers", () => {
    const form = `Action=A&${version}&Filter.1.Name=n&Filter.1.Value.2=b&Filter.1.Value.1=a&Filter.1.Value.10=c&Key=%26+`;
    expect(readQuery(form)).toEqual({
      action: "A",
      parameters: { Filter: [{ Name: "n", Value: ["a", "b", "c"] }], Key: "& " },
    });
  });

  test.each([
    ["without an action", version, "MissingAction"],
    ["of another version", "Action=A&Version=2006-06-26", "InvalidAction"],
    ["that says a thing twice", `Action=A&${version}&X=1&X=2`, "InvalidParameterValue"],
    ["that has one name for two things", `Action=A&${version}&X=1&X.1=2`, "InvalidParameterValue"],
    ["that has one name for two things, turned", `Action=A&${version}&X.1=2&X=1`, "InvalidParameterValue"],
  ])("refuses a form %s", (_, form, code) => {
    expect(() => readQuery(form)).toThrow(expect.objectContaining({ code }) as Error);
  });

  test("writes what a message says, not what it looks like", () => {
    expect(errorXml("C", '<"&>', "1")).toContain("<Message>&#60;&#34;&#38;&#62;</Message>");
  });
});
