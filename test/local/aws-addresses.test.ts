import { describe, expect, test } from "vitest";
import { addressNames } from "../../local/aws/reverse-dns.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { UNKNOWN } from "../../local/provider/values.ts";
import type { Properties } from "../../local/provider/values.ts";
import { REGION, openAccount } from "./aws-account.ts";

const PUBLIC_IP = "publicIp";

describe("Elastic IPs", () => {
  test("are drawn from 192.0.2.10 up", async () => {
    const { eip } = await openAccount();
    const addresses = [await eip("a"), await eip("b"), await eip("c")].map(
      ({ outputs }) => outputs[PUBLIC_IP],
    );
    expect(addresses).toEqual(["192.0.2.10", "192.0.2.11", "192.0.2.12"]);
  });

  test("that were released are given out last, the longest free first", async () => {
    const { eip, client, store } = await openAccount({ elasticIpQuota: 300 });
    const [first, second] = [await eip("a"), await eip("b")];
    await client.delete(second);
    await client.delete(first);
    expect((await eip("c")).outputs[PUBLIC_IP]).toBe("192.0.2.12");
    // All the others at one stroke.
    store.transact((cloud) => {
      for (let host = 13; host <= 199; host++) {
        const outputs = { publicIp: `192.0.2.${host}` };
        cloud.insert({
          type: AWS_TYPES.eip,
          id: `eipalloc-${host}`,
          urn: `urn:${host}`,
          inputs: {},
          outputs,
        });
      }
    });
    expect((await eip("d")).outputs[PUBLIC_IP]).toBe("192.0.2.11");
    expect((await eip("e")).outputs[PUBLIC_IP]).toBe("192.0.2.10");
    await expect(eip("f")).rejects.toThrow("InsufficientAddressCapacity");
  });

  test("are limited by the quota, five by default", async () => {
    const { eip, client } = await openAccount();
    const states = [];
    for (const name of ["a", "b", "c", "d", "e"]) states.push(await eip(name));
    await expect(eip("f")).rejects.toThrow(
      "creating EC2 EIP: operation error EC2: AllocateAddress, https response error StatusCode: 400, " +
        "RequestID: local-cloud, api error AddressLimitExceeded: The maximum number of addresses has been reached.",
    );
    for (const state of states.slice(0, 1)) await client.delete(state);
    await eip("f");
  });

  test("keep to the quota when they are asked for all at once", async () => {
    const { eip, store } = await openAccount({ elasticIpQuota: 3 });
    const results = await Promise.allSettled(["a", "b", "c", "d", "e", "f"].map((name) => eip(name)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect(new Set(store.list(AWS_TYPES.eip).map(({ outputs }) => outputs[PUBLIC_IP])).size).toBe(3);
  });

  test("can be got back by naming them while nobody has them", async () => {
    const { eip, client } = await openAccount();
    await client.delete(await eip("a"));
    const rescued = await eip("b", { address: "192.0.2.10" });
    expect(rescued.outputs[PUBLIC_IP]).toBe("192.0.2.10");
    await expect(eip("c", { address: "192.0.2.10" })).rejects.toThrow("InvalidAddress.NotFound");
    // It isn't given out a second time later on either.
    expect((await eip("d")).outputs[PUBLIC_IP]).toBe("192.0.2.11");
  });

  test("have the names and values that AWS gives them", async () => {
    const { eip } = await openAccount();
    const { id, outputs } = await eip("a");
    expect(outputs).toMatchObject({
      allocationId: id,
      arn: `arn:aws:ec2:eu-central-1:123456789012:elastic-ip/${id}`,
      domain: "vpc",
      publicDns: "ec2-192-0-2-10.eu-central-1.compute.amazonaws.com",
      ptrRecord: "",
      associationId: "",
      instance: "",
      networkBorderGroup: "eu-central-1",
      publicIpv4Pool: "amazon",
    });
  });

  test("of us-east-1 are named as the oldest Region names them", async () => {
    const { eip } = await openAccount({ region: "us-east-1" });
    expect((await eip("a")).outputs.publicDns).toBe("ec2-192-0-2-10.compute-1.amazonaws.com");
  });
});

describe("an association", () => {
  test("leads the address to the instance: both show it, by name and by private address", async () => {
    const { eip, host, association, client } = await openAccount();
    const [address, machine] = [await eip(), await host()];
    const link = await association(address, machine);
    expect(link.outputs).toMatchObject({
      allocationId: address.id,
      instanceId: machine.id,
      networkInterfaceId: machine.outputs.primaryNetworkInterfaceId,
      privateIpAddress: "172.31.0.4",
      publicIp: "192.0.2.10",
    });
    expect((await client.refresh(address))?.outputs).toMatchObject({
      associationId: link.id,
      instance: machine.id,
      privateIp: "172.31.0.4",
      privateDns: "ip-172-31-0-4.eu-central-1.compute.internal",
    });
    expect((await client.refresh(machine))?.outputs).toMatchObject({
      publicIp: "192.0.2.10",
      publicDns: "ec2-192-0-2-10.eu-central-1.compute.amazonaws.com",
    });
  });

  test("keeps the address from being released, until it ends", async () => {
    const { eip, host, association, client } = await openAccount();
    const address = await eip();
    const link = await association(address, await host());
    await expect(client.delete(address)).rejects.toThrow(
      `deleting EC2 EIP (${address.id}): operation error EC2: ReleaseAddress, https response error StatusCode: 400, ` +
        "RequestID: local-cloud, api error InvalidIPAddress.InUse: Address 192.0.2.10 is in use.",
    );
    await client.delete(link);
    await client.delete(address);
  });

  test("is moved by another association, and the old one is gone", async () => {
    const { eip, host, association, client } = await openAccount();
    const [address, first, second] = [await eip(), await host("first"), await host("second")];
    const old = await association(address, first);
    const link = await association(address, second, {}, "second");
    expect(link.id).not.toBe(old.id);
    expect(await client.refresh(old)).toBeUndefined();
    expect((await client.refresh(address))?.outputs.instance).toBe(second.id);
    // As the engine does after a replacement.
    await client.delete(old);
    expect((await client.refresh(address))?.outputs.instance).toBe(second.id);
  });

  test("isn't moved when reassociation is forbidden", async () => {
    const { eip, host, association, client } = await openAccount();
    const [address, first, second] = [await eip(), await host("first"), await host("second")];
    const old = await association(address, first);
    await expect(association(address, second, { allowReassociation: false }, "second")).rejects.toThrow(
      `Resource.AlreadyAssociated: resource ${address.id} is already associated with associate-id ${old.id}`,
    );
    expect((await client.refresh(address))?.outputs.instance).toBe(first.id);
    await client.delete(old);
    await association(address, second, { allowReassociation: false }, "second");
  });

  test("takes the place of the one that the instance has", async () => {
    const { eip, host, association, client } = await openAccount();
    const [first, second, machine] = [await eip("a"), await eip("b"), await host()];
    await association(first, machine, {}, "a");
    await association(second, machine, {}, "b");
    expect((await client.refresh(machine))?.outputs[PUBLIC_IP]).toBe("192.0.2.11");
    expect((await client.refresh(first))?.outputs.associationId).toBe("");
    await client.delete(first);
  });

  test("ends with the instance, but the address stays", async () => {
    const { eip, host, association, client } = await openAccount();
    const [address, machine] = [await eip(), await host()];
    const link = await association(address, machine);
    await client.delete(machine);
    expect(await client.refresh(link)).toBeUndefined();
    expect((await client.refresh(address))?.outputs).toMatchObject({ instance: "", associationId: "" });
    await client.delete(link);
    await client.delete(address);
  });

  test("with a missing instance is refused, and the old one stays", async () => {
    const { eip, host, association, client } = await openAccount();
    const [address, machine] = [await eip(), await host()];
    await association(address, machine);
    await expect(association(address, { ...machine, id: "i-00000000000000000" }, {}, "b")).rejects.toThrow(
      "InvalidInstanceID.NotFound: The instance ID 'i-00000000000000000' does not exist",
    );
    expect((await client.refresh(address))?.outputs.instance).toBe(machine.id);
  });

  test.each([
    ["another private address", { privateIpAddress: "172.31.0.99" }, "172.31.0.99 isn't assigned"],
    ["another instance's interface", { networkInterfaceId: "eni-0" }, "isn't attached to"],
  ])("with %s is refused", async (_, inputs, message) => {
    const { eip, host, association } = await openAccount();
    await expect(association(await eip(), await host(), inputs)).rejects.toThrow(message);
  });

  test("by address and network interface is one, too", async () => {
    const { eip, host, client } = await openAccount();
    const [address, machine] = [await eip(), await host()];
    const networkInterfaceId = machine.outputs.primaryNetworkInterfaceId ?? "";
    const link = await client.up(AWS_TYPES.eipAssociation, "link", {
      publicIp: "192.0.2.10",
      networkInterfaceId,
    });
    expect(link.outputs).toMatchObject({ allocationId: address.id, instanceId: machine.id });
  });

  test.each([
    "allocationId",
    "allowReassociation",
    "instanceId",
    "networkInterfaceId",
    "privateIpAddress",
    "publicIp",
    "region",
  ])("can't be changed in %s, only replaced", async (property) => {
    const { client } = await openAccount();
    const state = { type: AWS_TYPES.eipAssociation, name: "a", id: "eipassoc-0", inputs: {}, outputs: {} };
    expect((await client.diff(state, { [property]: "x" })).replaces).toEqual([property]);
  });
});

describe("an Elastic IP's own association", () => {
  test("is made, moved and ended by its input, and ends with it", async () => {
    const { eip, host, client } = await openAccount();
    const [first, second] = [await host("first"), await host("second")];
    const address = await eip("a", { instance: first.id });
    expect(address.outputs).toMatchObject({ instance: first.id, privateIp: "172.31.0.4" });
    const moved = await client.change(address, { instance: second.id });
    expect(moved.outputs).toMatchObject({ instance: second.id, privateIp: "172.31.0.5" });
    expect((await client.refresh(first))?.outputs[PUBLIC_IP]).not.toBe("192.0.2.10");
    const alone = await client.change(moved, { tags: { Name: "a" } });
    expect(alone.outputs).toMatchObject({ instance: "", associationId: "" });
    const again = await client.change(alone, { instance: first.id });
    await client.delete(again);
    expect((await client.refresh(first))?.outputs[PUBLIC_IP]).not.toBe("192.0.2.10");
  });

  test("stays as it is when something else changes", async () => {
    const { eip, host, client } = await openAccount();
    const address = await eip("a", { instance: (await host()).id });
    const changed = await client.change(address, { ...address.inputs, tags: { Name: "a" } });
    expect(changed.outputs.associationId).toBe(address.outputs.associationId);
  });
});

describe("a PTR record", () => {
  test("is set when the name resolves to the address: with final dot here, without at the Elastic IP", async () => {
    const { eip, ptr, names, client } = await openAccount();
    const address = await eip();
    names["mail.example.com"] = ["198.51.100.1", "192.0.2.10"];
    const record = await ptr(address, "mail.example.com");
    expect(record.id).toBe(address.id);
    expect(record.outputs.ptrRecord).toBe("mail.example.com.");
    expect((await client.refresh(address))?.outputs.ptrRecord).toBe("mail.example.com");
  });

  test.each<[string, readonly string[] | string, string]>([
    ["there is no such name", "ENOTFOUND", "but there is no A record"],
    ["the name has no A record", "ENODATA", "but there is no A record"],
    ["the name resolves elsewhere", ["192.0.2.99", "192.0.2.98"], "but it holds 192.0.2.99, 192.0.2.98"],
    ["the look-up fails", "ESERVFAIL", "and the look-up failed: queryA ESERVFAIL mail.example.com"],
  ])("is refused while %s, and allowed once it resolves", async (_, answer, reason) => {
    const { eip, ptr, names, store } = await openAccount();
    const address = await eip();
    names["mail.example.com"] = answer;
    await expect(ptr(address, "mail.example.com")).rejects.toThrow(
      `waiting for EC2 EIP Domain Name (${address.id}): unexpected state 'FAILED', wanted target ''. last error: ` +
        `the forward DNS record of mail.example.com must hold 192.0.2.10, ${reason}`,
    );
    expect(store.list(AWS_TYPES.eipDomainName)).toEqual([]);
    names["mail.example.com"] = ["192.0.2.10"];
    await ptr(address, "mail.example.com");
  });

  test("is renamed in place, if the new name resolves", async () => {
    const { eip, ptr, names, client } = await openAccount();
    const address = await eip();
    names["mail.example.com"] = ["192.0.2.10"];
    const record = await ptr(address, "mail.example.com");
    const inputs = { ...record.inputs, domainName: "relay.example.com" };
    expect(await client.diff(record, inputs)).toMatchObject({
      replaces: [],
      details: { domainName: "update" },
    });
    expect((await client.update(record, inputs, { preview: true })).outputs.ptrRecord).toBe(UNKNOWN);
    await expect(client.change(record, inputs)).rejects.toThrow(
      "the forward DNS record of relay.example.com",
    );
    expect((await client.refresh(record))?.outputs.ptrRecord).toBe("mail.example.com.");
    names["relay.example.com"] = ["192.0.2.10"];
    expect((await client.change(record, inputs)).outputs.ptrRecord).toBe("relay.example.com.");
  });

  test.each([
    ["case", "MAIL.Example.com", false],
    ["the final dot", "mail.example.com.", false],
    ["a letter", "mail2.example.com", true],
  ])("whose name differs in %s: is there a change?", async (_, domainName, expected) => {
    const { client } = await openAccount();
    const inputs = { allocationId: "eipalloc-0", domainName: "mail.example.com" };
    const state = { type: AWS_TYPES.eipDomainName, name: "a", id: "eipalloc-0", inputs, outputs: {} };
    expect((await client.diff(state, { ...inputs, domainName })).changes).toBe(expected);
  });

  test("is replaced for another address", async () => {
    const { client } = await openAccount();
    const inputs = { allocationId: "eipalloc-0", domainName: "mail.example.com" };
    const state = { type: AWS_TYPES.eipDomainName, name: "a", id: "eipalloc-0", inputs, outputs: {} };
    expect((await client.diff(state, { ...inputs, allocationId: UNKNOWN })).replaces).toEqual([
      "allocationId",
    ]);
  });

  test("locks the address until it is gone; then the default name is back", async () => {
    const { eip, ptr, names, client, store } = await openAccount();
    const address = await eip();
    names["mail.example.com"] = ["192.0.2.10"];
    const record = await ptr(address, "mail.example.com");
    await expect(client.delete(address)).rejects.toThrow(
      `api error InvalidAddress.PtrSet: The address with allocation id [${address.id}] cannot be released because it has a PTR record set.`,
    );
    expect(addressNames(store, REGION)[0]?.ptr).toBe("mail.example.com");
    await client.delete(record);
    expect(addressNames(store, REGION)[0]?.ptr).toBe("ec2-192-0-2-10.eu-central-1.compute.amazonaws.com");
    await client.delete(address);
  });

  test("is overwritten by another request for the same address", async () => {
    const { eip, ptr, names, client } = await openAccount();
    const address = await eip();
    names["a.example.com"] = ["192.0.2.10"];
    names["b.example.com"] = ["192.0.2.10"];
    await ptr(address, "a.example.com");
    const inputs = { allocationId: address.id, domainName: "b.example.com" };
    await client.up(AWS_TYPES.eipDomainName, "other", inputs);
    expect((await client.refresh(address))?.outputs.ptrRecord).toBe("b.example.com");
  });
});

test("the reverse zone has a name for every public address, also for those of instances without Elastic IP", async () => {
  const { eip, host, ptr, names, client, store } = await openAccount();
  const address = await eip("a");
  await eip("b");
  const machine = await host();
  await host("hidden", { associatePublicIpAddress: false });
  names["mail.example.com"] = ["192.0.2.10"];
  await ptr(address, "Mail.Example.com.");
  const defaultName = (host: number): string => `ec2-192-0-2-${host}.eu-central-1.compute.amazonaws.com`;
  expect(addressNames(store, REGION)).toEqual([
    { address: "192.0.2.10", ptr: "mail.example.com", defaultName: defaultName(10) },
    { address: "192.0.2.11", ptr: defaultName(11), defaultName: defaultName(11) },
    { address: "192.0.2.200", ptr: defaultName(200), defaultName: defaultName(200) },
  ]);
  await client.delete(machine);
  expect(addressNames(store, REGION).map((names) => names.address)).toEqual(["192.0.2.10", "192.0.2.11"]);
});

test.each<[string, Properties]>([
  ["address", { address: "192.0.2.20" }],
  ["domain", { domain: "vpc" }],
  ["publicIpv4Pool", { publicIpv4Pool: "amazon" }],
  ["networkBorderGroup", { networkBorderGroup: "eu-central-1" }],
])("an Elastic IP is replaced for another %s, and not for other tags", async (property, inputs) => {
  const { eip, client } = await openAccount();
  const state = await eip();
  expect((await client.diff(state, inputs)).replaces).toEqual([property]);
  expect((await client.diff(state, { tags: { Name: "a" } })).replaces).toEqual([]);
});
