import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { AWS_TYPES } from "../../../local/aws/types.ts";
import { CredentialStore } from "../../../local/aws/endpoint-credentials.ts";
import { metadataServer } from "../../../local/lab/metadata.ts";
import { MetadataTokens } from "../../../local/lab/metadata-token.ts";
import { readMetadata } from "../../../local/lab/metadata-tree.ts";
import { defaultNetwork } from "../../../local/aws/network.ts";
import type { JsonObject } from "../../../local/store.ts";
import { ACCOUNT, ELASTIC_IP, INSTANCE, openCloud, USER_DATA } from "../host-cloud.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A service for one instance, which is this process: its private address is the one that loopback connections come from. */
async function serve(instance: JsonObject = {}, privateIp = "127.0.0.1") {
  const { store, close } = openCloud({
    instance: {
      ami: "ami-0123",
      instanceType: "t4g.small",
      tags: { Name: "okmail", "okmail:queue-volume": "vol-1" },
      ...instance,
    },
  });
  const [subnet] = defaultNetwork(ACCOUNT.region).subnets;
  store.transact((cloud) => {
    const record = cloud.find(AWS_TYPES.instance, INSTANCE);
    cloud.change(AWS_TYPES.instance, INSTANCE, {
      outputs: {
        ...record?.outputs,
        privateIp,
        subnetId: subnet.id,
        availabilityZone: subnet.availabilityZone,
      },
    });
  });
  const credentials = new CredentialStore();
  const server = metadataServer({
    cloud: store,
    account: ACCOUNT,
    launched: () => new Date("2026-01-31T12:00:00.5Z"),
    credentials: ({ id }, role) => credentials.credentialsOf({ instanceId: id, role: role.id }),
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
    close();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (path: string, init: RequestInit = {}) => fetch(`${base}${path}`, init);
  const token = async (ttl = "60") =>
    (
      await ask("/latest/api/token", {
        method: "PUT",
        headers: { "x-aws-ec2-metadata-token-ttl-seconds": ttl },
      })
    ).text();
  const get = async (path: string) => {
    const response = await ask(path, { headers: { "x-aws-ec2-metadata-token": await token() } });
    return response.status === 200 ? await response.text() : response.status;
  };
  return { ask, token, get, credentials };
}

describe("the metadata service", () => {
  test("tells an instance about itself", async () => {
    const { get } = await serve();
    const mac = "02:00:7f:00:00:01";

    expect(await get("/latest/meta-data/instance-id")).toBe(INSTANCE);
    expect(await get("/2021-03-23/meta-data/local-ipv4")).toBe("127.0.0.1");
    expect(await get("/latest/meta-data/public-ipv4")).toBe(ELASTIC_IP);
    expect(await get("/latest/meta-data/placement/availability-zone")).toBe("eu-central-1a");
    expect(await get("/latest/meta-data/mac")).toBe(mac);
    expect(await get("/latest/meta-data/network/interfaces/macs/")).toBe(`${mac}/`);
    expect(
      await get(`/latest/meta-data/network/interfaces/macs/${mac}/ipv4-associations/${ELASTIC_IP}`),
    ).toBe("127.0.0.1");
    expect(await get(`/latest/meta-data/network/interfaces/macs/${mac}/subnet-ipv4-cidr-block`)).toBe(
      "172.31.0.0/20",
    );
    expect(await get("/latest/user-data")).toBe(USER_DATA);
    expect(JSON.parse(String(await get("/latest/dynamic/instance-identity/document")))).toMatchObject({
      instanceId: INSTANCE,
      architecture: "arm64",
      accountId: ACCOUNT.accountId,
      pendingTime: "2026-01-31T12:00:00Z",
    });
  });

  test("lists what there is, folders with a slash", async () => {
    const { get } = await serve();

    expect(String(await get("/")).split("\n")).toEqual(
      expect.arrayContaining(["1.0", "2021-03-23", "latest"]),
    );
    expect(await get("/latest/")).toBe("dynamic/\nmeta-data/\nuser-data");
    expect(await get("/latest")).toBe("dynamic/\nmeta-data/\nuser-data");
    expect(String(await get("/latest/meta-data/")).split("\n")).toEqual(
      expect.arrayContaining(["ami-id", "iam/", "instance-id", "network/", "placement/"]),
    );
  });

  test("gives the credentials of the role, the same until they are near their end", async () => {
    const { get, credentials } = await serve();

    expect(await get("/latest/meta-data/iam/security-credentials/")).toBe("role");
    const given = JSON.parse(String(await get("/latest/meta-data/iam/security-credentials/role"))) as Record<
      string,
      string
    >;
    expect(given).toMatchObject({ Code: "Success", Type: "AWS-HMAC" });
    expect(given.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(credentials.find(given.AccessKeyId ?? "")).toMatchObject({
      instanceId: INSTANCE,
      role: "role",
      secretAccessKey: given.SecretAccessKey,
      sessionToken: given.Token,
    });
    expect(JSON.parse(String(await get("/latest/meta-data/iam/security-credentials/role")))).toEqual(given);
  });

  test("has no role where there is no instance profile", async () => {
    const { get } = await serve({ iamInstanceProfile: "" });

    expect(await get("/latest/meta-data/iam/")).toBe(404);
  });

  test("tells the tags only where the instance's options say so", async () => {
    const silent = await serve();
    const open = await serve({ metadataOptions: { instanceMetadataTags: "enabled" } });

    expect(await silent.get("/latest/meta-data/tags/instance/")).toBe(404);
    expect(await open.get("/latest/meta-data/tags/instance/")).toBe("Name\nokmail:queue-volume");
    expect(await open.get("/latest/meta-data/tags/instance/okmail:queue-volume")).toBe("vol-1");
  });

  test.each([
    { what: "nothing of that name", path: "/latest/meta-data/nothing" },
    { what: "a value asked for as a folder", path: "/latest/meta-data/mac/" },
    { what: "a version that there never was", path: "/2000-01-01/meta-data/" },
    { what: "what JavaScript objects have by themselves", path: "/latest/meta-data/constructor" },
  ])("answers 404 for $what, in EC2's words", async ({ path }) => {
    const { ask, token } = await serve();
    const response = await ask(path, { headers: { "x-aws-ec2-metadata-token": await token() } });

    expect(response.status).toBe(404);
    expect(await response.text()).toContain("<title>404 - Not Found</title>");
  });

  test("wants a token where the instance's options say so, and a good one in any case", async () => {
    const strict = await serve({ metadataOptions: { httpTokens: "required" } });
    const lax = await serve({ metadataOptions: { httpTokens: "optional" } });
    const path = "/latest/meta-data/instance-id";

    expect((await strict.ask(path)).status).toBe(401);
    expect((await lax.ask(path)).status).toBe(200);
    expect((await lax.ask(path, { headers: { "x-aws-ec2-metadata-token": "AQAE" } })).status).toBe(401);
    expect(await strict.get(path)).toBe(INSTANCE);
  });

  test.each([
    { what: "without a time to live", headers: {}, status: 400 },
    { what: "for no time", headers: { "x-aws-ec2-metadata-token-ttl-seconds": "0" }, status: 400 },
    {
      what: "for more than six hours",
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": "21601" },
      status: 400,
    },
    {
      what: "through a proxy",
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60", "x-forwarded-for": "192.0.2.1" },
      status: 403,
    },
  ])("gives no token $what", async ({ headers, status }) => {
    const { ask } = await serve();

    expect((await ask("/latest/api/token", { method: "PUT", headers })).status).toBe(status);
  });

  test("is closed to an instance whose options say so, and to whom it doesn't know", async () => {
    const disabled = await serve({ metadataOptions: { httpEndpoint: "disabled" } });
    const stranger = await serve({}, "172.31.0.4");

    expect((await disabled.ask("/latest/")).status).toBe(403);
    expect((await stranger.ask("/latest/")).status).toBe(404);
    expect((await disabled.ask("/latest/", { method: "POST" })).status).toBe(403);
  });

  test("gives user data in its very octets", async () => {
    const octets = Buffer.from([0x1f, 0x8b, 0x00, 0xff, 0xfe, 0x0a]);
    const { ask } = await serve({ userData: null, userDataBase64: octets.toString("base64") });

    expect(Buffer.from(await (await ask("/latest/user-data")).arrayBuffer())).toEqual(octets);
  });
});

describe("session tokens", () => {
  const tokens = new MetadataTokens();

  test("are good for their time and their instance only", () => {
    const token = tokens.issue("i-1", "60", 0) ?? "";

    expect(tokens.remaining("i-1", token, 0)).toBe(60);
    expect(tokens.remaining("i-1", token, 59_500)).toBe(1);
    expect(tokens.remaining("i-1", token, 60_000)).toBeUndefined();
    expect(tokens.remaining("i-2", token, 0)).toBeUndefined();
    expect(new MetadataTokens().remaining("i-1", token, 0)).toBeUndefined();
  });

  test.each(["", "x", "AAAA", "=".repeat(100), "A".repeat(43)])("aren't %s", (token) => {
    expect(tokens.remaining("i-1", token)).toBeUndefined();
  });
});

describe("a path", () => {
  const tree = { a: { b: "value", "c:d": "" } };

  test.each([
    ["", "a/"],
    ["a", "b\nc:d"],
    ["a/", "b\nc:d"],
    ["a/b", "value"],
    ["a/c:d", ""],
    ["a/b/", undefined],
    ["a//b", undefined],
    ["a/b/c", undefined],
    ["/", undefined],
  ])("%s names %s", (path, found) => expect(readMetadata(tree, path)?.toString()).toBe(found));
});
