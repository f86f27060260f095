import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { macAddress } from "../../local/aws/network-interface.ts";
import { defaultNetwork } from "../../local/aws/network.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import type { Guest } from "../../local/lab/guest.ts";
import { labDataPlane, type LabDataPlane } from "../../local/lab/lab-data-plane.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { ACCOUNT, ELASTIC_IP, INSTANCE, KEY, openCloud, PARAMETER } from "../local/host-cloud.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, cloud-init on the lab's metadata: ${hindrance}`);

const PRIVATE_IP = "172.31.0.4";

/** Fetches the parameter as the stack's hosts do, with Debian's packages and nothing configured. */
const FETCH = `
import boto3
parameter = boto3.client("ssm", region_name="${ACCOUNT.region}").get_parameter(Name="${PARAMETER}", WithDecryption=True)
open("/root/key", "w").write(parameter["Parameter"]["Value"])
`;

const USER_DATA = `#cloud-config
fqdn: okmail.example.com
prefer_fqdn_over_hostname: true
packages: [python3-boto3]
write_files:
  - path: /root/fetch.py
    defer: true
    content: |
${FETCH.replace(/^/gm, "      ")}
runcmd:
  - [python3, /root/fetch.py]
`;

describe.skipIf(hindrance !== undefined)("cloud-init of an instance in the lab", () => {
  let cloud: ReturnType<typeof openCloud>;
  let plane: LabDataPlane;
  let guest: Guest;

  beforeAll(async () => {
    cloud = openCloud({
      instance: {
        ami: "ami-0123456789abcdef0",
        instanceType: "t3.micro",
        userData: USER_DATA,
        metadataOptions: { httpTokens: "required", instanceMetadataTags: "enabled" },
        tags: { "okmail:queue-volume": "vol-1" },
      },
      egress: { securityGroupId: "sg-1", ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" },
    });
    const [subnet] = defaultNetwork(ACCOUNT.region).subnets;
    cloud.store.transact((transaction) => {
      const { outputs } = transaction.find(AWS_TYPES.instance, INSTANCE) ?? {};
      transaction.change(AWS_TYPES.instance, INSTANCE, {
        outputs: { ...outputs, subnetId: subnet.id, availabilityZone: subnet.availabilityZone },
      });
    });
    plane = await labDataPlane({
      store: cloud.store,
      zones: [],
      account: ACCOUNT,
      directory: join(cloud.directory, "plane"),
      report: (line) => console.log(line),
    });
    await plane.settle();
    guest = await plane.guest(INSTANCE);
  }, 400_000);

  afterAll(async () => {
    await plane.close();
    cloud.close();
  }, 60_000);

  async function query(name: string): Promise<string> {
    return (await guest.check(["cloud-init", "query", name])).trim();
  }

  test("takes the instance for one of EC2 and finds nothing wrong", async () => {
    const status = JSON.parse(await guest.check(["cloud-init", "status", "--format=json"])) as Record<
      string,
      unknown
    >;

    expect(status).toMatchObject({ status: "done", extended_status: "done", errors: [] });
    expect(status.datasource).toBe("ec2local");
    expect(await query("platform")).toBe("ec2");
  });

  test("knows the instance by its metadata", async () => {
    expect(await query("instance_id")).toBe(INSTANCE);
    expect(await query("region")).toBe(ACCOUNT.region);
    expect(await query("availability_zone")).toBe("eu-central-1a");
    const metadata = JSON.parse(await query("ds.meta_data")) as Record<string, unknown>;
    expect(metadata).toMatchObject({
      "instance-id": INSTANCE,
      "instance-type": "t3.micro",
      "local-ipv4": PRIVATE_IP,
      "public-ipv4": ELASTIC_IP,
      mac: macAddress(PRIVATE_IP),
      placement: { "availability-zone": "eu-central-1a", region: ACCOUNT.region },
      network: { interfaces: { macs: { [macAddress(PRIVATE_IP)]: { "local-ipv4s": PRIVATE_IP } } } },
      tags: { instance: { "okmail:queue-volume": "vol-1" } },
    });
    expect(metadata).not.toHaveProperty("iam.security-credentials");
  });

  test("runs user data whose program reads a parameter with the instance's role", async () => {
    expect(await guest.check(["cat", "/root/key"])).toBe(KEY);
    expect((await guest.check(["hostname"])).trim()).toBe("okmail.example.com");
  });
});
