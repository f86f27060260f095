import { describe, expect, test } from "vitest";
import { defaultNetwork } from "../../local/aws/network.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { bootedUserData } from "../../local/aws/user-data.ts";
import { UNKNOWN } from "../../local/provider/values.ts";
import type { Properties } from "../../local/provider/values.ts";
import { REGION, TRUST_POLICY, imageId, openAccount } from "./aws-account.ts";
import type { State } from "./provider-client.ts";

const { subnets, securityGroupId } = defaultNetwork(REGION);

describe("an instance", () => {
  test("lands in the first default subnet, with the next private address and one of EC2's public ones", async () => {
    const { host } = await openAccount();
    const [first, second] = [await host("a"), await host("b")];
    expect(first.outputs).toMatchObject({
      availabilityZone: "eu-central-1a",
      instanceState: "running",
      privateDns: "ip-172-31-0-4.eu-central-1.compute.internal",
      privateIp: "172.31.0.4",
      publicDns: "ec2-192-0-2-200.eu-central-1.compute.amazonaws.com",
      publicIp: "192.0.2.200",
      subnetId: subnets[0].id,
      vpcSecurityGroupIds: [securityGroupId],
    });
    expect(second.outputs).toMatchObject({ privateIp: "172.31.0.5", publicIp: "192.0.2.201" });
  });

  test("gets the place that it asks for", async () => {
    const { host } = await openAccount();
    const inputs = {
      availabilityZone: "eu-central-1b",
      privateIp: "172.31.16.99",
      associatePublicIpAddress: false,
    };
    expect((await host("a", inputs)).outputs).toMatchObject({
      availabilityZone: "eu-central-1b",
      privateIp: "172.31.16.99",
      publicDns: "",
      publicIp: "",
      subnetId: subnets[1]?.id,
    });
    await expect(host("b", inputs)).rejects.toThrow(
      "InvalidIPAddress.InUse: Address 172.31.16.99 is in use.",
    );
  });

  test("keeps what the program says of its options, and EC2 settles the rest", async () => {
    const { host } = await openAccount();
    const { outputs } = await host("a", {
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { encrypted: true, volumeSize: 20 },
      tags: { Name: "a" },
    });
    expect(outputs).toMatchObject({
      metadataOptions: { httpEndpoint: "enabled", httpPutResponseHopLimit: 1, httpTokens: "required" },
      rootBlockDevice: { encrypted: true, volumeSize: 20, volumeType: "gp3", deviceName: "/dev/xvda" },
      tagsAll: { Name: "a" },
      keyName: "",
      monitoring: false,
    });
  });

  test("has the instance profile and security groups that exist, with a role in the profile", async () => {
    const { host, role, group, client } = await openAccount();
    const profile = await client.up(AWS_TYPES.instanceProfile, "mail", { role: (await role()).id });
    const firewall = await group();
    const inputs = { iamInstanceProfile: profile.id, vpcSecurityGroupIds: [firewall.id] };
    expect((await host("a", inputs)).outputs).toMatchObject(inputs);
    const empty = await client.up(AWS_TYPES.instanceProfile, "empty", {});
    await expect(host("b", { iamInstanceProfile: empty.id })).rejects.toThrow("has no associated IAM Roles");
  });

  test("that is protected from termination stays", async () => {
    const { host, client, store } = await openAccount();
    const machine = await host("a", { disableApiTermination: true });
    await expect(client.delete(machine)).rejects.toThrow(
      `OperationNotPermitted: The instance '${machine.id}' may not be terminated. Modify its 'disableApiTermination'`,
    );
    expect(store.find(AWS_TYPES.instance, machine.id)).toBeDefined();
    await client.delete(await client.change(machine, { ...machine.inputs, disableApiTermination: false }));
  });
});

describe("a change of an instance", () => {
  const inputs = {
    ami: imageId("arm64"),
    instanceType: "t4g.small",
    userData: "a",
    userDataReplaceOnChange: false,
  };
  const state = { type: AWS_TYPES.instance, name: "a", id: "i-0", inputs, outputs: {} };

  test.each<[string, Properties]>([
    ["ami", { ami: "ami-0" }],
    ["an image that isn't known yet", { ami: UNKNOWN }],
    ["subnetId", { subnetId: "subnet-0" }],
    ["keyName", { keyName: "k" }],
    ["availabilityZone", { availabilityZone: "eu-central-1b" }],
    ["privateIp", { privateIp: "172.31.0.9" }],
    ["associatePublicIpAddress", { associatePublicIpAddress: false }],
    ["rootBlockDevice.encrypted", { rootBlockDevice: { encrypted: true } }],
    ["tenancy", { tenancy: "dedicated" }],
    ["user data with replacement", { userData: "b", userDataReplaceOnChange: true }],
    ["user data dropped for base64, with replacement", { userData: UNKNOWN, userDataReplaceOnChange: true }],
  ])("needs another one: %s", async (_, change) => {
    const { client } = await openAccount();
    expect((await client.diff(state, { ...inputs, ...change })).replaces).not.toEqual([]);
  });

  test.each<[string, Properties]>([
    ["instanceType", { instanceType: "t4g.medium" }],
    ["tags", { tags: { Name: "a" } }],
    ["user data without replacement", { userData: "b" }],
    ["only the wish to replace", { userDataReplaceOnChange: true }],
    ["metadataOptions", { metadataOptions: { httpTokens: "required" } }],
    ["vpcSecurityGroupIds", { vpcSecurityGroupIds: ["sg-0"] }],
    ["iamInstanceProfile", { iamInstanceProfile: "p" }],
    ["rootBlockDevice.volumeSize", { rootBlockDevice: { volumeSize: 30 } }],
    ["monitoring", { monitoring: true }],
  ])("is made in place: %s", async (_, change) => {
    const { client } = await openAccount();
    expect(await client.diff(state, { ...inputs, ...change })).toMatchObject({ changes: true, replaces: [] });
  });

  test("is none: security groups in another order", async () => {
    const { client } = await openAccount();
    const before = { ...state, inputs: { ...inputs, vpcSecurityGroupIds: ["sg-1", "sg-2"] } };
    const answer = await client.diff(before, { ...inputs, vpcSecurityGroupIds: ["sg-2", "sg-1"] });
    expect(answer.changes).toBe(false);
  });

  test("in place keeps its addresses, and is judged as a launch is", async () => {
    const { host, client } = await openAccount();
    const machine = await host();
    const bigger = await client.change(machine, { ...machine.inputs, instanceType: "t4g.large" });
    expect(bigger.outputs).toMatchObject({ instanceType: "t4g.large", privateIp: "172.31.0.4" });
    await expect(client.change(bigger, { ...bigger.inputs, instanceType: "m7i.large" })).rejects.toThrow(
      "operation error EC2: ModifyInstanceAttribute",
    );
    expect((await client.refresh(machine))?.outputs.instanceType).toBe("t4g.large");
  });
});

describe("user data", () => {
  const booted = async (...changes: Properties[]): Promise<string | undefined> => {
    const { host, client, store } = await openAccount();
    const [first = {}, ...others] = changes;
    let machine = await host("a", first);
    for (const change of others) machine = await client.change(machine, { ...machine.inputs, ...change });
    const record = store.find(AWS_TYPES.instance, machine.id);
    return record && bootedUserData(record)?.toString();
  };

  test.each<[string, Properties[], string | undefined]>([
    ["as it is", [{ userData: "first" }], "first"],
    ["from base64", [{ userDataBase64: Buffer.from("first").toString("base64") }], "first"],
    ["none", [{}], undefined],
    [
      "of the first boot, though it was changed in place",
      [{ userData: "first" }, { userData: "second" }],
      "first",
    ],
    [
      "of the first boot, though it was changed twice",
      [{ userData: "first" }, { userData: "second" }, { userData: "third" }],
      "first",
    ],
    ["that is empty, when it came later", [{}, { userData: "second" }], ""],
    ["that stayed, when something else changed", [{ userData: "first" }, { tags: { Name: "a" } }], "first"],
  ])("is what the instance has run: %s", async (_, changes, expected) => {
    expect(await booted(...changes)).toBe(expected);
  });
});

describe("security groups", () => {
  test("can't be deleted while an instance has them, or a rule of another group names them", async () => {
    const { host, group, client } = await openAccount();
    const [first, second] = [await group("first"), await group("second")];
    const machine = await host("a", { vpcSecurityGroupIds: [first.id] });
    const refusal = `DependencyViolation: resource ${first.id} has a dependent object`;
    await expect(client.delete(first)).rejects.toThrow(refusal);
    await client.delete(machine);
    const rule = await client.up(AWS_TYPES.securityGroupIngressRule, "rule", {
      securityGroupId: second.id,
      referencedSecurityGroupId: first.id,
      ipProtocol: "tcp",
      fromPort: 25,
      toPort: 25,
    });
    await expect(client.delete(first)).rejects.toThrow(refusal);
    await client.delete(rule);
    await client.delete(first);
  });

  test("have one name at a time", async () => {
    const { group } = await openAccount();
    await group("first", { name: "mail" });
    await expect(group("second", { name: "mail" })).rejects.toThrow(
      "InvalidGroup.Duplicate: The security group 'mail'",
    );
    expect((await group("third", { namePrefix: "mail-" })).outputs.name).toMatch(/^mail-\d{18}[0-9a-f]{8}$/);
  });

  test.each<[string, Properties]>([
    ["the same rule", {}],
    ["the protocol by its number", { ipProtocol: "6" }],
  ])("take no rule twice: %s", async (_, change) => {
    const { group, client } = await openAccount();
    const rule = {
      securityGroupId: (await group()).id,
      ipProtocol: "tcp",
      fromPort: 25,
      toPort: 25,
      cidrIpv4: "0.0.0.0/0",
    };
    await client.up(AWS_TYPES.securityGroupIngressRule, "a", rule);
    await expect(client.up(AWS_TYPES.securityGroupIngressRule, "b", { ...rule, ...change })).rejects.toThrow(
      'InvalidPermission.Duplicate: the specified rule "peer: 0.0.0.0/0, TCP, from port: 25, to port: 25, ALLOW" already exists',
    );
    await client.up(AWS_TYPES.securityGroupEgressRule, "c", rule);
    const other = await client.up(AWS_TYPES.securityGroupIngressRule, "d", {
      ...rule,
      cidrIpv4: "10.0.0.0/8",
    });
    await expect(client.change(other, rule)).rejects.toThrow("InvalidPermission.Duplicate");
    await client.change(other, { ...other.inputs, description: "inside" });
  });

  test("count rules of their own and rules of the group alike", async () => {
    const { group, client } = await openAccount();
    const ingress = [{ protocol: "tcp", fromPort: 25, toPort: 25, cidrBlocks: ["10.0.0.0/8", "0.0.0.0/0"] }];
    const rule = {
      securityGroupId: (await group("a", { ingress })).id,
      ipProtocol: "tcp",
      fromPort: 25,
      toPort: 25,
      cidrIpv4: "0.0.0.0/0",
    };
    await expect(client.up(AWS_TYPES.securityGroupIngressRule, "a", rule)).rejects.toThrow(
      "InvalidPermission.Duplicate",
    );
  });

  test("take a rule whose protocol and ports aren't known yet", async () => {
    const { client } = await openAccount();
    const inputs: Properties = {
      securityGroupId: UNKNOWN,
      ipProtocol: UNKNOWN,
      fromPort: UNKNOWN,
      toPort: 25,
      cidrIpv4: UNKNOWN,
    };
    const checked = await client.check(AWS_TYPES.securityGroupIngressRule, "a", inputs);
    expect(checked).toMatchObject({ failures: [], inputs });
  });

  test("a rule's peer changes in place, but not its kind", async () => {
    const { client } = await openAccount();
    const inputs = { securityGroupId: "sg-0", ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" };
    const state = { type: AWS_TYPES.securityGroupEgressRule, name: "a", id: "sgr-0", inputs, outputs: {} };
    expect((await client.diff(state, { ...inputs, cidrIpv4: "10.0.0.0/8" })).replaces).toEqual([]);
    const other = await client.diff(state, { securityGroupId: "sg-0", ipProtocol: "-1", cidrIpv6: "::/0" });
    expect(other.replaces.toSorted()).toEqual(["cidrIpv4", "cidrIpv6"]);
    expect((await client.diff(state, { ...inputs, ipProtocol: "all" })).changes).toBe(false);
    expect((await client.diff(state, { ...inputs, securityGroupId: "sg-1" })).replaces).toEqual([
      "securityGroupId",
    ]);
  });

  test("that are deleted with their rules take them along", async () => {
    const { group, client, store } = await openAccount();
    const firewall = await group("a", { revokeRulesOnDelete: true });
    await client.up(AWS_TYPES.securityGroupEgressRule, "a", {
      securityGroupId: firewall.id,
      ipProtocol: "-1",
      cidrIpv4: "0.0.0.0/0",
    });
    await client.delete(firewall);
    expect(store.all()).toEqual([]);
  });
});

describe("network interfaces", () => {
  test("carry their address and Elastic IP from one instance to the next", async () => {
    const { eip, host, client } = await openAccount();
    const card = await client.up(AWS_TYPES.networkInterface, "card", { subnetId: subnets[0].id });
    const address = await eip("a", { networkInterface: card.id });
    const primaryNetworkInterface = { networkInterfaceId: card.id };
    const first = await host("first", { primaryNetworkInterface });
    expect(first.outputs).toMatchObject({ privateIp: card.outputs.privateIp, publicIp: "192.0.2.10" });
    expect((await client.refresh(address))?.outputs.instance).toBe(first.id);
    await expect(host("second", { primaryNetworkInterface })).rejects.toThrow(
      "InvalidNetworkInterface.InUse",
    );
    await expect(client.delete(card)).rejects.toThrow("is currently in use");
    await client.delete(first);
    expect((await client.refresh(address))?.outputs.networkInterface).toBe(card.id);
    const second = await host("second", { primaryNetworkInterface });
    expect(second.outputs.publicIp).toBe("192.0.2.10");
  });
});

describe("volumes", () => {
  test("outlive their instance, and are attached to the next", async () => {
    const { host, client } = await openAccount();
    const volume = await client.up(AWS_TYPES.volume, "queue", {
      availabilityZone: "eu-central-1a",
      size: 8,
      type: "gp3",
    });
    const first = await host("first");
    const attach = (
      instanceId: string,
      name: string,
      deviceName = "/dev/sdf",
    ): ReturnType<typeof client.up> =>
      client.up(AWS_TYPES.volumeAttachment, name, { deviceName, instanceId, volumeId: volume.id });
    const attachment = await attach(first.id, "a");
    await expect(client.delete(volume)).rejects.toThrow(
      `VolumeInUse: Volume ${volume.id} is currently attached to ${first.id}`,
    );
    const second = await host("second");
    await expect(attach(second.id, "b")).rejects.toThrow(
      `VolumeInUse: ${volume.id} is already attached to an instance`,
    );
    await client.delete(first);
    expect(await client.refresh(attachment)).toBeUndefined();
    await attach(second.id, "b");
  });

  test("stop their instance before they go, where that is asked for, and nothing but a restart starts it", async () => {
    const { host, client } = await openAccount();
    const make = async (name: string, options: Properties) => {
      const volume = await client.up(AWS_TYPES.volume, name, { availabilityZone: "eu-central-1a", size: 8 });
      const machine = await host(name);
      const inputs = { deviceName: "/dev/sdf", instanceId: machine.id, volumeId: volume.id, ...options };
      await client.delete(await client.up(AWS_TYPES.volumeAttachment, name, inputs));
      return machine;
    };
    const stateOf = async (machine: State) => (await client.refresh(machine))?.outputs.instanceState;
    const running = await make("a", {});
    expect(await stateOf(running)).toBe("running");
    const stopped = await make("b", { stopInstanceBeforeDetaching: true });
    expect(await stateOf(stopped)).toBe("stopped");
    const tagged = await client.change(stopped, { ...stopped.inputs, tags: { Name: "b" } });
    expect(tagged.outputs.instanceState).toBe("stopped");
    const larger = await client.change(tagged, { ...tagged.inputs, instanceType: "t4g.medium" });
    expect(larger.outputs.instanceState).toBe("running");
  });

  test("are attached in their own zone, one at a device", async () => {
    const { host, client } = await openAccount();
    const machine = await host();
    const make = (name: string, zone: string): ReturnType<typeof client.up> =>
      client.up(AWS_TYPES.volume, name, { availabilityZone: `eu-central-1${zone}`, size: 8 });
    const inputs = { deviceName: "/dev/sdf", instanceId: machine.id };
    const far = await make("far", "b");
    await expect(client.up(AWS_TYPES.volumeAttachment, "a", { ...inputs, volumeId: far.id })).rejects.toThrow(
      "InvalidVolume.ZoneMismatch",
    );
    await client.up(AWS_TYPES.volumeAttachment, "b", { ...inputs, volumeId: (await make("near", "a")).id });
    await expect(
      client.up(AWS_TYPES.volumeAttachment, "c", { ...inputs, volumeId: (await make("other", "a")).id }),
    ).rejects.toThrow("Attachment point /dev/sdf is already in use");
  });

  test("grow in place and never shrink", async () => {
    const { client } = await openAccount();
    const volume = await client.up(AWS_TYPES.volume, "queue", { availabilityZone: "eu-central-1a", size: 8 });
    const bigger = await client.change(volume, { ...volume.inputs, size: 16 });
    expect(bigger.outputs.size).toBe(16);
    await expect(client.change(bigger, { ...volume.inputs, size: 8 })).rejects.toThrow(
      "New size cannot be smaller",
    );
    expect((await client.diff(volume, { ...volume.inputs, encrypted: true })).replaces).toEqual([
      "encrypted",
    ]);
  });
});

describe("roles", () => {
  test("have one name at a time, whatever the case", async () => {
    const { role } = await openAccount();
    await role("a", { name: "mail" });
    await expect(role("b", { name: "MAIL" })).rejects.toThrow(
      "EntityAlreadyExists: Role with name MAIL already exists.",
    );
  });

  test("show their policies, and go only without them", async () => {
    const { role, client } = await openAccount();
    const mail = await role();
    const policyArn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    const attachment = await client.up(AWS_TYPES.rolePolicyAttachment, "a", { role: mail.id, policyArn });
    const policy = JSON.stringify({ Statement: { Effect: "Allow", Action: "ssm:*", Resource: "*" } });
    const written = await client.up(AWS_TYPES.rolePolicy, "p", { role: mail.id, name: "p", policy });
    expect(written.id).toBe(`${mail.id}:p`);
    expect((await client.refresh(mail))?.outputs).toMatchObject({
      managedPolicyArns: [policyArn],
      inlinePolicies: [{ name: "p", policy }],
    });
    await expect(client.delete(mail)).rejects.toThrow(
      "DeleteConflict: Cannot delete entity, must detach all policies first.",
    );
    await client.delete(attachment);
    await expect(client.delete(mail)).rejects.toThrow(
      "DeleteConflict: Cannot delete entity, must delete policies first.",
    );
    await client.delete(written);
    await client.delete(mail);
  });

  test("that force it go with their policies, and leave their instance profiles empty", async () => {
    const { role, client } = await openAccount();
    const mail = await role("a", { forceDetachPolicies: true });
    const profile = await client.up(AWS_TYPES.instanceProfile, "p", { role: mail.id });
    await client.up(AWS_TYPES.rolePolicyAttachment, "a", {
      role: mail.id,
      policyArn: "arn:aws:iam::aws:policy/X",
    });
    await client.delete(mail);
    expect((await client.refresh(profile))?.inputs.role).toBeUndefined();
  });

  test("a policy of one's own, which nobody has made, can't be attached", async () => {
    const { role, client } = await openAccount();
    const inputs = { role: (await role()).id, policyArn: "arn:aws:iam::123456789012:policy/mine" };
    await expect(client.up(AWS_TYPES.rolePolicyAttachment, "a", inputs)).rejects.toThrow(
      "NoSuchEntity: Policy arn:aws:iam::123456789012:policy/mine does not exist or is not attachable.",
    );
  });

  test("an instance profile has one name at a time", async () => {
    const { client } = await openAccount();
    await client.up(AWS_TYPES.instanceProfile, "a", { name: "mail" });
    await expect(client.up(AWS_TYPES.instanceProfile, "b", { name: "mail" })).rejects.toThrow(
      "EntityAlreadyExists: Instance Profile mail already exists.",
    );
  });

  test.each<[string, unknown]>([
    ["as an object", JSON.parse(TRUST_POLICY)],
    ["in other blanks", JSON.stringify(JSON.parse(TRUST_POLICY), null, 2)],
  ])("take a policy %s for the same", async (_, assumeRolePolicy) => {
    const { role, client } = await openAccount();
    const mail = await role();
    const checked = await client.check(
      AWS_TYPES.role,
      "role",
      { assumeRolePolicy: assumeRolePolicy as string },
      { before: mail.inputs },
    );
    expect(checked.failures).toEqual([]);
    expect((await client.diff(mail, checked.inputs)).changes).toBe(false);
  });

  test("wait for a policy with something unknown in it", async () => {
    const { client } = await openAccount();
    const checked = await client.check(AWS_TYPES.role, "role", {
      assumeRolePolicy: { Statement: [UNKNOWN] },
    });
    expect(checked).toMatchObject({ failures: [], inputs: { assumeRolePolicy: UNKNOWN } });
  });
});
