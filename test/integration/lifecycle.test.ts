import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultNetwork } from "../../local/aws/network.ts";
import { ZONE_DNSSEC } from "../../local/cloudflare/zone-dnssec.ts";
import { sendTestMessage } from "../../local/send-test-message.ts";
import type { Operation } from "../../local/operation.ts";
import { openTestStack, removeFolder, type TestStack } from "./local-stack.ts";

// One stack from its first deploy to its end, on the real engine. Each test goes on where the one before ended.

const eip = "aws:ec2/eip:Eip";
const parameter = "aws:ssm/parameter:Parameter";

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
  readonly queueVolumeId: string;
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
/** What was made, changed and deleted of these resources, in the order of the ends: `delete mail-okmail-host`. */
const stepsOf = ({ steps }: Operation, ...names: readonly string[]) =>
  steps
    .filter(
      ({ op, name }) =>
        names.includes(name) && ["create", "update", "delete"].some((verb) => op.startsWith(verb)),
    )
    .map(({ op, name }) => `${op} ${name}`);

const volumes = () =>
  stack.session.cloud.store
    .list("aws:ebs/volume:Volume")
    .map(({ id, inputs }) => ({ id, zone: inputs.availabilityZone }));
const attachments = () =>
  stack.session.cloud.store
    .list("aws:ec2/volumeAttachment:VolumeAttachment")
    .map(({ inputs: { volumeId, instanceId } }) => ({ volumeId, instanceId }));
const allocations = () => stack.session.cloud.store.list(eip).map(({ id }) => id);

test("the first up creates Elastic IP, A, PTR, DKIM, volume, host, SPF and MX, in that order", async () => {
  const { changes, steps } = await up();
  expect(Object.keys(changes)).toEqual(["create"]);
  const order = [
    "mail-okmail-address",
    "mail-okmail-a",
    "mail-okmail-ptr",
    "mail-okmail-host",
    "mail-okmail-queue-attachment",
    "mail-spf",
    "mail-mx-okmail",
  ];
  const created = steps.map(({ name }) => name);
  expect(created.filter((name) => order.includes(name))).toEqual(order);
  for (const earlier of ["mail-dkim-okmail1", "mail-submission-app-parameter", "mail-okmail-queue"])
    expect(created.indexOf(earlier), earlier).toBeLessThan(created.indexOf("mail-okmail-host"));
});

test("its host's message is accepted", async () => {
  expect(await replies()).toEqual([`okmail.example.com from ${hosts[0]?.address ?? ""}: 250`]);
});

test("the private DKIM key and the password lie nowhere in clear", () => {
  const values = stack.session.cloud.store
    .list(parameter)
    .map(({ id, inputs }) => [id, inputs.value as string] as const);
  expect(values.map(([name]) => name).toSorted()).toEqual([
    "/okmail/example.com/dkim/okmail1",
    "/okmail/example.com/submission/app",
  ]);
  const files = filesBelow(stack.folder);
  expect(files.length).toBeGreaterThan(5);
  for (const [name, value] of values) {
    const secret = value.split("\n").find((line) => !line.startsWith("-----")) ?? "";
    expect(secret).toMatch(/^[A-Za-z0-9+/]{32,64}$/);
    for (const form of [secret, Buffer.from(secret).toString("base64").replace(/=+$/, "")])
      expect(
        files.filter((file) => readFileSync(file, "latin1").includes(form)),
        name,
      ).toEqual([]);
  }
});

test("who sends where is an output, with the password for those only who ask for secrets", async () => {
  const { stdout } = await stack.session.stack.run(["stack", "output", "submission", "--stack", "local"]);
  expect(JSON.parse(stdout)).toEqual({
    hosts: ["okmail.example.com"],
    ports: [465, 587],
    passwords: "[secret]",
  });
  const asked = ["stack", "output", "submission", "--show-secrets", "--stack", "local"];
  const { passwords } = JSON.parse((await stack.session.stack.run(asked)).stdout) as {
    passwords: Record<string, string>;
  };
  const held = stack.session.cloud.store.find(parameter, "/okmail/example.com/submission/app");
  expect(passwords).toEqual({ app: held?.inputs.value });
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

test("a volume grows in place, and shrinks never", async () => {
  const [before] = hosts;
  stack.set("okmail:queueVolumeSize", 30);
  expect(stepsOf(await up(), "mail-okmail-queue", "mail-okmail-host")).toEqual(["update mail-okmail-queue"]);
  expect(hosts).toEqual([before]);
  stack.set("okmail:queueVolumeSize", 20);
  const smaller = await stack.session.stack.up();
  expect(smaller.errors.join("\n")).toContain("New size cannot be smaller than existing size");
  stack.set("okmail:queueVolumeSize", 30);
});

test("a host that gets another name keeps its address, and its mail is accepted under the new one", async () => {
  const [before] = hosts;
  stack.set("okmail:hosts", { okmail: { name: "mx1" } });
  const renamed = await up();
  const { steps } = renamed;
  expect(hosts[0]).toMatchObject({
    helo: "mx1.example.com",
    address: before?.address,
    allocationId: before?.allocationId,
    queueVolumeId: before?.queueVolumeId,
  });
  expect(hosts[0]?.instanceId).not.toBe(before?.instanceId);
  // The volume leaves the old host, which stops for that, before the new one is there to take it.
  expect(stepsOf(renamed, "mail-okmail-host", "mail-okmail-queue-attachment")).toEqual([
    "delete-replaced mail-okmail-queue-attachment",
    "delete-replaced mail-okmail-host",
    "create-replacement mail-okmail-host",
    "create-replacement mail-okmail-queue-attachment",
  ]);
  expect(attachments()).toEqual([{ volumeId: before?.queueVolumeId, instanceId: hosts[0]?.instanceId }]);
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

test("keys change without a gap: the new one is published, then signs, then the old one goes", async () => {
  const published = () =>
    stack.session.cloud.store
      .list("cloudflare:index/dnsRecord:DnsRecord")
      .map(({ inputs }) => inputs.name as string)
      .filter((name) => name.includes("_domainkey"))
      .map((name) => name.replace(/\..*/, ""))
      .toSorted();
  const [first] = hosts;

  stack.set("okmail:dkim", { selector: "okmail1", standbySelector: "okmail2" });
  await up();
  expect(published()).toEqual(["okmail1", "okmail2"]);
  expect(hosts).toEqual([first]);

  stack.set("okmail:dkim", { selector: "okmail2", standbySelector: "okmail1" });
  const swapped = await up();
  const moved = swapped.steps.filter(({ op, name }) => op !== "same" && name.startsWith("mail-dkim-"));
  expect(moved).toEqual([]);
  expect(hosts[0]?.instanceId).not.toBe(first?.instanceId);
  expect(hosts[0]?.queueVolumeId).toBe(first?.queueVolumeId);
  expect(await replies()).toEqual([`mx1.example.com from ${first?.address ?? ""}: 250`]);

  stack.set("okmail:dkim", { selector: "okmail2" });
  await up();
  expect(published()).toEqual(["okmail2"]);
  expect(await replies()).toEqual([`mx1.example.com from ${first?.address ?? ""}: 250`]);
});

test("records on TLS stand where the settings ask for them, and go with them", async () => {
  const { resolver } = stack.session.cloud.plane;
  stack.set("okmail:tls", { certificate: "acme", caa: "letsencrypt.org" });
  stack.set("okmail:mtaSts", { mode: "testing" });
  stack.set("okmail:tlsRpt", { rua: ["tls@example.com"] });
  stack.set("okmail:dane", {});
  const { outputs } = await up();
  expect(await resolver.resolveTxt("_smtp._tls.example.com")).toEqual([
    ["v=TLSRPTv1; rua=mailto:tls@example.com"],
  ]);
  expect((await resolver.resolveTxt("_mta-sts.example.com")).flat().join()).toMatch(/^v=STSv1; id=\w+;$/);
  expect(outputs.mtaSts).toMatchObject({ policy: expect.stringContaining("mx: mx1.example.com") as string });
  expect(await resolver.resolveCaa("mx1.example.com")).toMatchObject([
    { issue: "letsencrypt.org; validationmethods=http-01" },
  ]);
  expect(await resolver.resolveTlsa("_25._tcp.mx1.example.com")).toMatchObject([
    { certUsage: 3, selector: 1, match: 1 },
  ]);
  expect(outputs.ds).toMatch(/^example\.com\. 3600 IN DS \d+ 13 2 [0-9A-F]{64}$/);
  const refresh = await stack.session.stack.refresh();
  expect(refresh.steps.filter(({ op }) => op === "update")).toEqual([]);

  stack.set("okmail:tls", { certificate: "self-signed" });
  stack.set("okmail:dane", undefined);
  stack.set("okmail:mtaSts", undefined);
  stack.set("okmail:tlsRpt", undefined);
  await up();
  await expect(resolver.resolveCaa("mx1.example.com")).rejects.toThrow(/ENODATA/);
  await expect(resolver.resolveTlsa("_25._tcp.mx1.example.com")).rejects.toThrow(/ENOTFOUND/);
});

test("a host moves to another zone with a new volume, and not at all where volumes are kept", async () => {
  const [before] = hosts;
  const move = () => {
    const { subnets } = defaultNetwork(stack.session.surroundings.region);
    const subnet = subnets.find(({ availabilityZone }) => availabilityZone !== volumes()[0]?.zone);
    stack.set("okmail:hosts", { okmail: { name: "mx1", subnetId: subnet?.id } });
    return subnet?.availabilityZone;
  };
  const zone = move();
  const moved = await up();
  const [after] = hosts;
  expect(after?.address).toBe(before?.address);
  expect(after?.queueVolumeId).not.toBe(before?.queueVolumeId);
  expect(volumes()).toEqual([{ id: after?.queueVolumeId, zone }]);
  expect(attachments()).toEqual([{ volumeId: after?.queueVolumeId, instanceId: after?.instanceId }]);
  const order = stepsOf(moved, "mail-okmail-queue", "mail-okmail-host");
  expect(order.indexOf("create-replacement mail-okmail-queue")).toBeLessThan(
    order.indexOf("create-replacement mail-okmail-host"),
  );
  expect(order.at(-1)).toBe("delete-replaced mail-okmail-queue");
  expect(await replies()).toEqual([`mx1.example.com from ${before?.address ?? ""}: 250`]);

  stack.set("okmail:keepQueues", true);
  await up();
  move();
  const { serial } = stack.session.cloud.store;
  const refused = await stack.session.stack.up();
  expect(refused.errors.join("\n")).toMatch(/unable to replace resource.*mail-okmail-queue.*protection/s);
  expect(stack.session.cloud.store.serial).toBe(serial);
  stack.set("okmail:keepQueues", false);
  stack.set("okmail:hosts", { okmail: { name: "mx1" } });
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
  test("goes in reverse: MX, SPF, host, volume, PTR, A, Elastic IP", async () => {
    const destroyed = await stack.session.stack.destroy();
    expect(destroyed.errors).toEqual([]);
    const order = [
      "mail-mx-okmail",
      "mail-spf",
      "mail-okmail-queue-attachment",
      "mail-okmail-host",
      "mail-okmail-ptr",
      "mail-okmail-a",
      "mail-okmail-address",
    ];
    const names = destroyed.steps.map(({ name }) => name);
    expect(names.filter((name) => order.includes(name))).toEqual(order);
    expect(names.indexOf("mail-okmail-queue")).toBeGreaterThan(names.indexOf("mail-okmail-host"));
  });

  test("leaves nothing in the cloud but the zone's DNSSEC, which is never turned off", () => {
    expect(stack.session.cloud.store.all().map(({ type }) => type)).toEqual([ZONE_DNSSEC]);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile());
}
