import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AWS_TYPES } from "../../../local/aws/types.ts";
import { packetFilter } from "../../../local/lab/packet-filter.ts";
import { CloudStore, type JsonObject } from "../../../local/store.ts";

const ACCOUNT = { region: "eu-central-1" };

let folder: string;
let store: CloudStore;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "okmail-"));
  store = CloudStore.open(folder);
  instance("i-1", "172.31.0.4", ["sg-1"]);
  insert(AWS_TYPES.securityGroup, "sg-1", {});
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function insert(type: string, id: string, inputs: JsonObject, outputs: JsonObject = {}): void {
  store.transact((cloud) => cloud.insert({ type, id, urn: id, inputs, outputs }));
}

function instance(
  id: string,
  privateIp: string,
  vpcSecurityGroupIds: string[],
  outputs: JsonObject = {},
): void {
  const placed = { privateIp, primaryNetworkInterfaceId: `eni-${id}`, ...outputs };
  insert(AWS_TYPES.instance, id, { vpcSecurityGroupIds }, placed);
}

function allowIn(rule: JsonObject): void {
  insert(AWS_TYPES.securityGroupIngressRule, "sgr-1", { securityGroupId: "sg-1", ...rule });
}

/** The lines of a chain or a map in the rules. */
function linesOf(name: string): string[] {
  const block = new RegExp(`\\b${name} \\{\\n([^}]*(?:\\{[^}]*\\}[^}]*)*?)\\n  \\}`).exec(
    packetFilter(store, ACCOUNT),
  )?.[1];
  return (block ?? "missing")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

test.each([
  [
    "a port, from everywhere",
    { ipProtocol: "tcp", fromPort: 25, toPort: 25, cidrIpv4: "0.0.0.0/0" },
    "tcp dport 25-25 return",
  ],
  [
    "ports, from a network",
    { ipProtocol: "udp", fromPort: 5000, toPort: 5010, cidrIpv4: "203.0.113.0/24" },
    "ip saddr 203.0.113.0/24 udp dport 5000-5010 return",
  ],
  ["everything", { ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" }, "return"],
  ["a protocol by its number", { ipProtocol: "50", cidrIpv4: "0.0.0.0/0" }, "meta l4proto 50 return"],
  [
    "a kind of ICMP",
    { ipProtocol: "icmp", fromPort: 8, toPort: 0, cidrIpv4: "0.0.0.0/0" },
    "icmp type 8 icmp code 0 return",
  ],
  [
    "all ICMP",
    { ipProtocol: "icmp", fromPort: -1, toPort: -1, cidrIpv4: "0.0.0.0/0" },
    "meta l4proto icmp return",
  ],
  [
    "members of a group",
    { ipProtocol: "tcp", fromPort: 25, toPort: 25, referencedSecurityGroupId: "sg-1" },
    "ip saddr { 172.31.0.4 } tcp dport 25-25 return",
  ],
])("a security group lets in %s", (_, rule: JsonObject, line) => {
  allowIn(rule);
  expect(linesOf("chain ingress_0")).toEqual([line, "drop"]);
});

test.each([
  ["IPv6", { ipProtocol: "tcp", fromPort: 25, toPort: 25, cidrIpv6: "::/0" }],
  ["a prefix list", { ipProtocol: "tcp", fromPort: 25, toPort: 25, prefixListId: "pl-1" }],
  ["a group without members", { ipProtocol: "-1", referencedSecurityGroupId: "sg-9" }],
])("%s lets nothing in", (_, rule: JsonObject) => {
  allowIn(rule);
  expect(linesOf("chain ingress_0")).toEqual(["drop"]);
});

test("an instance that names no group is in the VPC's default one: all goes out, only its members come in", () => {
  instance("i-2", "172.31.0.5", []);
  instance("i-3", "172.31.0.6", []);
  expect(linesOf("chain ingress_1")).toEqual(["ip saddr { 172.31.0.5, 172.31.0.6 } return", "drop"]);
  expect(linesOf("chain egress_1")).toEqual(["return", "drop"]);
});

test("public addresses lead to private ones and back: an Elastic IP before the one that EC2 gave", () => {
  instance("i-2", "172.31.0.5", [], { automaticIp: "192.0.2.200" });
  instance("i-3", "172.31.0.6", [], { automaticIp: "192.0.2.201" });
  insert(AWS_TYPES.eip, "eipalloc-1", {}, { publicIp: "192.0.2.10" });
  const association = {
    associationId: "a",
    allocationId: "eipalloc-1",
    networkInterfaceId: "eni-i-3",
    privateIp: "",
  };
  insert(AWS_TYPES.eipAssociation, "a", {}, { association });
  const [, toPrivate] = linesOf("map to_private");
  const [, toPublic] = linesOf("map to_public");
  expect(toPrivate).toBe("elements = { 192.0.2.200 : 172.31.0.5, 192.0.2.10 : 172.31.0.6 }");
  expect(toPublic).toBe("elements = { 172.31.0.5 : 192.0.2.200, 172.31.0.6 : 192.0.2.10 }");
});
