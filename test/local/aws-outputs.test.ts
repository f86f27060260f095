import { describe, expect, test } from "vitest";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { checkShape, describeFault } from "../../local/provider/check-shape.ts";
import { resourceSchema } from "../../local/provider/schemas.ts";
import type { Properties } from "../../local/provider/values.ts";
import { ACCESS_POLICY, openAccount } from "./aws-account.ts";
import type { TestAccount } from "./aws-account.ts";
import type { State } from "./provider-client.ts";

/** What the SDK promises though the real provider says nothing either: options of a spot instance, the other user data. */
const NOT_SAID = ["instanceMarketOptions", "userDataBase64"];

/** One of each resource type. */
async function everything(account: TestAccount): Promise<State[]> {
  const { client, names } = account;
  const up = (type: string, inputs: Properties): Promise<State> => client.up(type, "mail", inputs);
  const address = await account.eip("mail", { domain: "vpc", tags: { Name: "mail" } });
  const role = await account.role("mail", { tags: { Name: "mail" } });
  const policy = await up(AWS_TYPES.rolePolicy, { role: role.id, policy: ACCESS_POLICY });
  const attachment = await up(AWS_TYPES.rolePolicyAttachment, {
    role: role.id,
    policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
  });
  const profile = await up(AWS_TYPES.instanceProfile, { role: role.id });
  const group = await account.group("mail", { description: "Mail" });
  const rule = { securityGroupId: group.id, cidrIpv4: "0.0.0.0/0" };
  const ingress = await up(AWS_TYPES.securityGroupIngressRule, {
    ...rule,
    ipProtocol: "tcp",
    fromPort: 25,
    toPort: 25,
  });
  const egress = await up(AWS_TYPES.securityGroupEgressRule, { ...rule, ipProtocol: "-1" });
  const host = await account.host("mail", {
    userData: "#cloud-config\n",
    iamInstanceProfile: profile.id,
    vpcSecurityGroupIds: [group.id],
    rootBlockDevice: { encrypted: true, volumeSize: 20 },
    metadataOptions: { httpTokens: "required" },
  });
  const association = await account.association(address, host);
  names["mail.example.com"] = [address.outputs.publicIp as string];
  const ptr = await account.ptr(address, "mail.example.com");
  const parameter = await up(AWS_TYPES.parameter, {
    name: "/mail/key",
    type: "SecureString",
    value: "secret",
  });
  const volume = await up(AWS_TYPES.volume, { availabilityZone: "eu-central-1a", size: 8, encrypted: true });
  const attached = await up(AWS_TYPES.volumeAttachment, {
    deviceName: "/dev/sdf",
    instanceId: host.id,
    volumeId: volume.id,
  });
  const { subnetId = "" } = host.outputs;
  const networkInterface = await up(AWS_TYPES.networkInterface, { subnetId });
  return [
    address,
    role,
    policy,
    attachment,
    profile,
    group,
    ingress,
    egress,
    host,
    association,
    ptr,
    parameter,
    volume,
    attached,
    networkInterface,
  ];
}

/** What the outputs are that the SDK doesn't know, and what lacks that it promises. */
function outputFaults({ type, outputs }: State): string[] {
  return checkShape(outputs, resourceSchema(type).outputs)
    .filter(({ place }) => !NOT_SAID.includes(place.pattern))
    .map((fault) => describeFault(fault, type));
}

describe("every resource type", () => {
  test("answers with every output that the SDK promises, in its type, and no other", async () => {
    const states = await everything(await openAccount());
    expect(states.map(({ type }) => type).toSorted()).toEqual(Object.values(AWS_TYPES).toSorted());
    expect(states.flatMap(outputFaults)).toEqual([]);
  });

  test("answers a refresh with the same inputs, and all the outputs again", async () => {
    const account = await openAccount();
    for (const state of await everything(account)) {
      const refreshed = await account.client.refresh(state);
      expect(refreshed?.inputs, state.type).toEqual(state.inputs);
      expect(refreshed === undefined ? [] : outputFaults(refreshed)).toEqual([]);
      expect((await account.client.diff(state, refreshed?.inputs ?? {})).changes, state.type).toBe(false);
    }
  });

  test("is imported by its id: the inputs found need no change", async () => {
    const account = await openAccount();
    for (const state of await everything(account)) {
      const imported = await account.client.import(state.type, state.name, state.id);
      expect((await account.client.diff(state, imported?.inputs ?? {})).changes, state.type).toBe(false);
    }
  });

  test("is read as gone when it is, and deleted twice without complaint", async () => {
    const account = await openAccount();
    const states = await everything(account);
    for (const state of states.toReversed()) await account.client.delete(state);
    expect(account.store.all()).toEqual([]);
    for (const state of states) {
      expect(await account.client.refresh(state)).toBeUndefined();
      await account.client.delete(state);
    }
  });

  test("is recorded under the URN of its request", async () => {
    const account = await openAccount();
    for (const { type, name, id } of await everything(account)) {
      const found = account.store.findByUrn(`urn:pulumi:local::okmail::${type}::${name}`);
      expect(found.filter((record) => record.type === type).map((record) => record.id)).toEqual([id]);
    }
  });
});

test.each<[string, string, Properties, Properties]>([
  [
    "an Elastic IP",
    AWS_TYPES.eip,
    { tags: { Name: "a" } },
    { tags: { Name: "a" }, tagsAll: { Name: "a" }, region: "eu-central-1" },
  ],
  [
    "a parameter",
    AWS_TYPES.parameter,
    { type: "String", value: "x" },
    { type: "String", value: "x", tagsAll: {} },
  ],
  ["a role", AWS_TYPES.role, { assumeRolePolicy: "{}" }, { assumeRolePolicy: "{}", tagsAll: {} }],
])("the preview of %s knows what it can know, and nothing is made", async (_, type, inputs, expected) => {
  const { client, store } = await openAccount();
  const { outputs } = await client.create(type, "mail", inputs, { preview: true });
  expect(outputs).toMatchObject(expected);
  const promised = Object.keys(resourceSchema(type).outputs).filter((name) => !name.endsWith("?"));
  expect(Object.keys(outputs).toSorted()).toEqual(
    [...new Set([...promised, ...Object.keys(expected)])].toSorted(),
  );
  expect(store.all()).toEqual([]);
});

test("what looks like an id of AWS does so", async () => {
  const states = await everything(await openAccount());
  const idOf = (type: string): string => states.find((state) => state.type === type)?.id ?? "";
  expect(idOf(AWS_TYPES.eip)).toMatch(/^eipalloc-0[0-9a-f]{16}$/);
  expect(idOf(AWS_TYPES.instance)).toMatch(/^i-0[0-9a-f]{16}$/);
  expect(idOf(AWS_TYPES.securityGroup)).toMatch(/^sg-0[0-9a-f]{16}$/);
  expect(idOf(AWS_TYPES.eipAssociation)).toMatch(/^eipassoc-0[0-9a-f]{16}$/);
  expect(idOf(AWS_TYPES.volumeAttachment)).toMatch(/^vai-\d+$/);
  expect(idOf(AWS_TYPES.eipDomainName)).toBe(idOf(AWS_TYPES.eip));
  expect(idOf(AWS_TYPES.role)).toMatch(/^mail-[0-9a-f]{7}$/);
  expect(idOf(AWS_TYPES.parameter)).toBe("/mail/key");
});
