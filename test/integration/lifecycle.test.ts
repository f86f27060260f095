import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendTestMessage } from "../../local/send-test-message.ts";
import type { Operation } from "../../local/operation.ts";
import { openTestStack, removeFolder, type TestStack } from "./local-stack.ts";

// One stack from its first deploy to its end, on the real engine. Each test goes on where the one before ended.

const eip = "aws:ec2/eip:Eip";

let stack: TestStack;
beforeAll(async () => {
  stack = await openTestStack();
});
afterAll(async () => {
  await stack.close();
  removeFolder(stack.folder);
});

interface Host {
  readonly helo: string;
  readonly address: string;
  readonly allocationId: string;
  readonly instanceId: string;
}
let hosts: readonly Host[] = [];

async function up(): Promise<Operation> {
  const operation = await stack.session.stack.up();
  expect(operation.errors).toEqual([]);
  hosts = operation.outputs.hosts as Host[];
  return operation;
}

/** The receiver's reply to a message from each host. */
async function replies(): Promise<string[]> {
  const { cloud, surroundings } = stack.session;
  const texts: string[] = [];
  for (const host of hosts) {
    const { attempt, held } = await sendTestMessage(cloud.plane, { ...host, domain: surroundings.domain });
    texts.push(
      `${attempt?.client.helo ?? "?"} from ${attempt?.client.address ?? "?"}: ${attempt?.reply?.code ?? held}`,
    );
  }
  return texts;
}

const spf = async () => (await stack.session.cloud.plane.resolver.resolveTxt("example.com")).flat();
const allocations = () => stack.session.cloud.store.list(eip).map(({ id }) => id);

test("the first up creates Elastic IP, A, PTR, host, SPF and MX, in that order", async () => {
  const { changes, steps } = await up();
  expect(Object.keys(changes)).toEqual(["create"]);
  const order = [
    "mail-okmail-address",
    "mail-okmail-a",
    "mail-okmail-ptr",
    "mail-okmail-host",
    "mail-spf",
    "mail-mx-okmail",
  ];
  const created = steps.map(({ name }) => name).filter((name) => order.includes(name));
  expect(created).toEqual(order);
});

test("its host's message is accepted", async () => {
  expect(await replies()).toEqual([`okmail.example.com from ${hosts[0]?.address ?? ""}: 250`]);
});

test("the private DKIM key lies nowhere in clear", () => {
  const parameter = stack.session.cloud.store.list("aws:ssm/parameter:Parameter")[0];
  const [, line = ""] = (parameter?.inputs.value as string).split("\n");
  expect(line).toMatch(/^[A-Za-z0-9+/]{64}$/);
  const files = filesBelow(stack.folder);
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((file) => readFileSync(file, "latin1").includes(line))).toEqual([]);
});

test("a second up changes nothing", async () => {
  const { changes, steps } = await up();
  expect(changes).toEqual({});
  expect(steps.length).toBeGreaterThan(25);
});

test("a refresh finds nothing that has drifted", async () => {
  const refresh = await stack.session.stack.refresh();
  expect(refresh.errors).toEqual([]);
  expect(
    refresh.steps
      .filter(({ op }) => op !== "refresh" && op !== "same")
      .map(({ op, name }) => `${op} ${name}`),
  ).toEqual([]);
  expect((await up()).changes).toEqual({});
});

test("a host that gets another name keeps its address, and its mail is accepted under the new one", async () => {
  const [before] = hosts;
  stack.set("okmail:hosts", { okmail: { name: "mx1" } });
  const { steps } = await up();
  expect(hosts[0]).toMatchObject({
    helo: "mx1.example.com",
    address: before?.address,
    allocationId: before?.allocationId,
  });
  expect(hosts[0]?.instanceId).not.toBe(before?.instanceId);
  expect(steps.filter(({ type, op }) => type === eip && op !== "same").map(({ op }) => op)).not.toContain(
    "replace",
  );
  expect(await replies()).toEqual([`mx1.example.com from ${before?.address ?? ""}: 250`]);
  await expect(stack.session.cloud.plane.resolver.resolve4("okmail.example.com")).rejects.toThrow(
    /ENOTFOUND/,
  );
});

test("a host that is added sends from its own address, which SPF permits", async () => {
  const [first] = hosts;
  stack.set("okmail:hosts", { okmail: { name: "mx1" }, okmail2: {} });
  const { changes } = await up();
  expect(changes.replace).toBeUndefined();
  expect(hosts[0]).toEqual(first);
  expect(new Set(hosts.map(({ address }) => address)).size).toBe(2);
  expect(await spf()).toEqual([`v=spf1 ip4:${hosts[0]?.address ?? ""} ip4:${hosts[1]?.address ?? ""} -all`]);
  expect(await replies()).toEqual(hosts.map(({ helo, address }) => `${helo} from ${address}: 250`));
});

test("a host that is removed takes its address and its names along, and nothing else", async () => {
  const [first, second] = hosts;
  stack.set("okmail:hosts", { okmail: { name: "mx1" } });
  await up();
  expect(hosts).toEqual([first]);
  expect(allocations()).toEqual([first?.allocationId]);
  expect(await spf()).toEqual([`v=spf1 ip4:${first?.address ?? ""} -all`]);
  await expect(stack.session.cloud.plane.resolver.resolve4(second?.helo ?? "")).rejects.toThrow(/ENOTFOUND/);
});

test("an Elastic IP that exists already is adopted, and outlives the host", async () => {
  const { store } = stack.session.cloud;
  const allocationId = store.transact((cloud) => {
    const id = "eipalloc-0123456789abcdef0";
    const outputs = {
      publicIp: "192.0.2.77",
      publicDns: "ec2-192-0-2-77.eu-central-1.compute.amazonaws.com",
    };
    return cloud.insert({ type: eip, id, urn: "", inputs: { domain: "vpc" }, secrets: [], outputs }).id;
  });
  stack.set("okmail:hosts", { okmail: { name: "mx1" }, old: { allocationId } });
  await up();
  expect(await replies()).toContain("old.example.com from 192.0.2.77: 250");
  stack.set("okmail:hosts", { okmail: { name: "mx1" } });
  await up();
  expect(allocations()).toContain(allocationId);
  store.transact((cloud) => cloud.remove(eip, allocationId));
});

test("a wrong setting stops up before anything happens", async () => {
  stack.set("okmail:dmarc", { policy: "block" });
  const serial = stack.session.cloud.store.serial;
  const operation = await stack.session.stack.up();
  expect(operation.succeeded).toBe(false);
  expect(operation.errors.join("\n")).toMatch(
    /okmail:dmarc\.policy = "block"\s+is none of none, quarantine, reject/,
  );
  expect(stack.session.cloud.store.serial).toBe(serial);
  stack.set("okmail:dmarc", { policy: "reject" });
});

describe("destroy", () => {
  test("goes in reverse: MX, SPF, host, PTR, A, Elastic IP", async () => {
    const destroyed = await stack.session.stack.destroy();
    expect(destroyed.errors).toEqual([]);
    const order = [
      "mail-mx-okmail",
      "mail-spf",
      "mail-okmail-host",
      "mail-okmail-ptr",
      "mail-okmail-a",
      "mail-okmail-address",
    ];
    expect(destroyed.steps.map(({ name }) => name).filter((name) => order.includes(name))).toEqual(order);
  });

  test("leaves nothing in the cloud", () => {
    expect(stack.session.cloud.store.all()).toEqual([]);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile());
}
