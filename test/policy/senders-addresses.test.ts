import type { PolicyResource } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { SymbolTable } from "../../mail/symbol.ts";
import { readPlan } from "../../policy/plan.ts";
import { findSenders } from "../../policy/senders.ts";
import {
  declare,
  knownFrom,
  postfixUserData,
  unknown,
  unknownFrom,
  unrelated,
} from "../helpers/planned-stack.ts";

const userData = postfixUserData("okmail.example.com");
const eip = declare.eip("eip", { publicIp: unknown, allocationId: unknown });
const second = declare.eip("second", { publicIp: unknown, allocationId: unknown });
const host = declare.instance("host", { id: unknown, userData });
const networkInterface = declare.networkInterface("eni", { id: unknown });

/** What the host sends from, with Elastic IPs by their names, and what is noted about it. */
function located(resources: readonly PolicyResource[], which = "host") {
  const symbols = new SymbolTable();
  const plan = readPlan([...unrelated("before"), ...resources, ...unrelated("after")]);
  const { senders, notes } = findSenders(plan, symbols);
  const addresses = senders.find(({ name }) => name === which)?.addresses ?? [];
  return {
    addresses: addresses.map((address) => symbols.nameOf(address) ?? address),
    notes: notes.filter((note) => note.host === which).map(({ kind }) => kind),
  };
}

type Case = readonly [
  title: string,
  resources: readonly PolicyResource[],
  addresses: readonly string[],
  notes?: readonly string[],
];

describe("a host's address is that of its Elastic IP", () => {
  const withInterface = (props: Record<string, unknown>) => declare.instance("host", { userData, ...props });
  const cases: readonly Case[] = [
    [
      "by an association with the instance",
      [
        eip,
        host,
        declare.association("as", { allocationId: unknownFrom(eip), instanceId: unknownFrom(host) }),
      ],
      ["eip"],
    ],
    [
      "by ids that are known",
      [
        declare.eip("eip", { publicIp: "203.0.113.7", allocationId: "eipalloc-7" }),
        declare.instance("host", { id: "i-1", userData }),
        declare.association("as", { allocationId: "eipalloc-7", instanceId: "i-1" }),
      ],
      ["203.0.113.7"],
    ],
    [
      "by an association with the interface that the instance is given as its primary one",
      [
        eip,
        networkInterface,
        withInterface({ primaryNetworkInterface: { networkInterfaceId: unknownFrom(networkInterface) } }),
        declare.association("as", {
          allocationId: unknownFrom(eip),
          networkInterfaceId: unknownFrom(networkInterface),
        }),
      ],
      ["eip"],
    ],
    [
      "by an association with one of its interfaces",
      [
        eip,
        networkInterface,
        withInterface({
          networkInterfaces: [{ deviceIndex: 0, networkInterfaceId: unknownFrom(networkInterface) }],
        }),
        declare.association("as", {
          allocationId: unknownFrom(eip),
          networkInterfaceId: unknownFrom(networkInterface),
        }),
      ],
      ["eip"],
    ],
    [
      "by an association with an interface outside the plan",
      [
        eip,
        withInterface({ primaryNetworkInterface: { networkInterfaceId: "eni-1" } }),
        declare.association("as", { allocationId: unknownFrom(eip), networkInterfaceId: "eni-1" }),
      ],
      ["eip"],
    ],
    [
      "by an association with the instance's own primary interface",
      [
        eip,
        host,
        declare.association("as", { allocationId: unknownFrom(eip), networkInterfaceId: unknownFrom(host) }),
      ],
      ["eip"],
    ],
    [
      "by an association with its primary interface once that is known",
      [
        eip,
        declare.instance("host", { userData, primaryNetworkInterfaceId: "eni-5" }),
        declare.association("as", { allocationId: unknownFrom(eip), networkInterfaceId: "eni-5" }),
      ],
      ["eip"],
    ],
    [
      "by an interface that attaches itself",
      [
        eip,
        host,
        declare.networkInterface("eni", {
          id: unknown,
          attachments: [{ instance: unknownFrom(host), deviceIndex: 1 }],
        }),
        declare.association("as", {
          allocationId: unknownFrom(eip),
          networkInterfaceId: unknownFrom(networkInterface),
        }),
      ],
      ["eip"],
    ],
    [
      "by an interface attached by a resource of its own",
      [
        eip,
        host,
        networkInterface,
        declare.attachment("at", {
          instanceId: unknownFrom(host),
          networkInterfaceId: unknownFrom(networkInterface),
        }),
        declare.association("as", {
          allocationId: unknownFrom(eip),
          networkInterfaceId: unknownFrom(networkInterface),
        }),
      ],
      ["eip"],
    ],
    [
      "by the Elastic IP's instance",
      [host, declare.eip("eip", { publicIp: unknown, instance: unknownFrom(host) })],
      ["eip"],
    ],
    [
      "by the Elastic IP's interface",
      [
        networkInterface,
        withInterface({ primaryNetworkInterface: { networkInterfaceId: unknownFrom(networkInterface) } }),
        declare.eip("eip", { publicIp: unknown, networkInterface: unknownFrom(networkInterface) }),
      ],
      ["eip"],
    ],
    [
      "by an association that names the address",
      [eip, host, declare.association("as", { publicIp: unknownFrom(eip), instanceId: unknownFrom(host) })],
      ["eip"],
    ],
    [
      "once, though AWS repeats the instance at the Elastic IP",
      [
        host,
        declare.eip("eip", {
          publicIp: "203.0.113.7",
          allocationId: "eipalloc-7",
          instance: knownFrom("i-1", host),
        }),
        declare.association("as", { allocationId: "eipalloc-7", instanceId: knownFrom("i-1", host) }),
      ],
      ["203.0.113.7"],
    ],
    [
      "or are those of several Elastic IPs",
      [
        eip,
        second,
        host,
        declare.association("as1", { allocationId: unknownFrom(eip), instanceId: unknownFrom(host) }),
        declare.association("as2", { allocationId: unknownFrom(second), instanceId: unknownFrom(host) }),
      ],
      ["eip", "second"],
    ],
    [
      "or the one on the private address that Postfix sends from",
      [
        eip,
        second,
        declare.instance("host", { userData: `${userData}- postconf -e smtp_bind_address=10.0.0.8\n` }),
        declare.association("as1", {
          allocationId: unknownFrom(eip),
          instanceId: unknownFrom(host),
          privateIpAddress: "10.0.0.7",
        }),
        declare.association("as2", {
          allocationId: unknownFrom(second),
          instanceId: unknownFrom(host),
          privateIpAddress: "10.0.0.8",
        }),
      ],
      ["second"],
    ],
  ];
  for (const [title, resources, addresses, notes = []] of cases) {
    it(title, () => expect(located(resources)).toEqual({ addresses, notes }));
  }

  it("and of no other host's", () => {
    const other = declare.instance("other", { id: unknown, userData: postfixUserData("other.example.com") });
    const resources = [
      eip,
      second,
      host,
      other,
      declare.association("as", { allocationId: unknownFrom(eip), instanceId: unknownFrom(other) }),
    ];
    expect(located(resources)).toEqual({ addresses: [], notes: ["no-static-address"] });
    expect(located(resources, "other").addresses).toEqual(["eip"]);
  });
});

describe("an adopted Elastic IP's address", () => {
  const association = (props: Record<string, unknown> = {}) =>
    declare.association("as", { allocationId: "eipalloc-9", instanceId: unknownFrom(host), ...props });
  const a = (content: unknown, name = "a") =>
    declare.record(name, { zoneId: "z1", name: "okmail.example.com", type: "A", content });
  const request = declare.domainName("ptr", { allocationId: "eipalloc-9", domainName: "okmail.example.com" });
  const cases: readonly Case[] = [
    [
      "is what its association gave back",
      [host, association({ publicIp: "198.51.100.7" })],
      ["198.51.100.7"],
    ],
    [
      "is what its component registered",
      [
        host,
        association({ publicIp: unknown }),
        declare.sendingAddress("s", { allocationId: "eipalloc-9", publicIp: "198.51.100.7" }),
      ],
      ["198.51.100.7"],
    ],
    [
      "is the A record of the PTR asked for it, which AWS compares",
      [host, association(), request, a("198.51.100.7")],
      ["198.51.100.7"],
    ],
    [
      "can't be told from two A records",
      [host, association(), request, a("198.51.100.7"), a("198.51.100.8", "a2")],
      [],
      ["address-undetermined"],
    ],
    [
      "can't be told from an A record of another name",
      [host, association(), a("198.51.100.7")],
      [],
      ["address-undetermined"],
    ],
    [
      "is no symbol of an Elastic IP of the plan",
      [host, association(), request, a(unknownFrom(eip)), eip],
      [],
      ["address-undetermined"],
    ],
    [
      "is what the host's tag lists",
      [
        declare.instance("host", {
          id: unknown,
          userData,
          tags: { "mail:address": "198.51.100.7, 198.51.100.8" },
        }),
        association(),
      ],
      ["198.51.100.7", "198.51.100.8"],
    ],
    [
      "can't be told where the plan has two for it",
      [
        host,
        association(),
        declare.sendingAddress("s", { allocationId: "eipalloc-9", publicIp: "198.51.100.7" }),
        declare.sendingAddress("t", { allocationId: "eipalloc-9", publicIp: "198.51.100.8" }),
      ],
      [],
      ["address-undetermined"],
    ],
    ["can't be told from nothing", [host, association()], [], ["address-undetermined"]],
  ];
  for (const [title, resources, addresses, notes = []] of cases) {
    it(title, () => expect(located(resources)).toEqual({ addresses, notes }));
  }
});

describe("without an Elastic IP a host sends", () => {
  const vpc = declare.vpc("vpc", { id: unknown });
  const subnet = declare.subnet("subnet", { id: unknown, vpcId: unknownFrom(vpc) });
  const inside = declare.instance("host", { id: unknown, userData, subnetId: unknownFrom(subnet) });
  const nat = declare.natGateway("nat", {
    id: unknown,
    allocationId: unknownFrom(eip),
    secondaryAllocationIds: unknown,
  });
  const table = declare.routeTable("table", { id: unknown, vpcId: unknownFrom(vpc) });
  const toNat = { destinationCidrBlock: "0.0.0.0/0", natGatewayId: unknownFrom(nat) };
  const route = declare.route("route", { routeTableId: unknownFrom(table), ...toNat });
  const uses = declare.routeTableAssociation("uses", {
    subnetId: unknownFrom(subnet),
    routeTableId: unknownFrom(table),
  });
  const base = [vpc, subnet, inside, eip, nat];
  const inline = (natGatewayId: unknown) =>
    declare.routeTable("table", {
      routes: [
        { cidrBlock: "10.0.0.0/8", gatewayId: "local" },
        { cidrBlock: "0.0.0.0/0", natGatewayId },
      ],
    });
  const none = ["no-static-address"];
  const cases: readonly Case[] = [
    ["by the NAT gateway that a route leads to", [...base, table, route, uses], ["eip"]],
    [
      "by the NAT gateway that the table's own route leads to",
      [...base, inline(unknownFrom(nat)), uses],
      ["eip"],
    ],
    [
      "by the NAT gateway of the VPC's main table",
      [
        ...base,
        table,
        route,
        declare.mainRouteTableAssociation("main", {
          vpcId: unknownFrom(vpc),
          routeTableId: unknownFrom(table),
        }),
      ],
      ["eip"],
    ],
    [
      "by the NAT gateway of the VPC's default table",
      [
        ...base,
        declare.defaultRouteTable("table", {
          defaultRouteTableId: unknownFrom(vpc),
          routes: [{ cidrBlock: "0.0.0.0/0", natGatewayId: unknownFrom(nat) }],
        }),
      ],
      ["eip"],
    ],
    [
      "by all addresses of the gateway",
      [
        vpc,
        subnet,
        inside,
        eip,
        second,
        table,
        uses,
        declare.natGateway("nat", {
          id: unknown,
          allocationId: unknownFrom(eip),
          secondaryAllocationIds: unknownFrom(second),
        }),
        route,
      ],
      ["eip", "second"],
    ],
    [
      "by an address added to the gateway by a resource of its own",
      [
        ...base,
        table,
        route,
        uses,
        second,
        declare.natGatewayAddress("more", {
          natGatewayId: unknownFrom(nat),
          allocationId: unknownFrom(second),
        }),
      ],
      ["eip", "second"],
    ],
    [
      "by a subnet, table and gateway that are named by their ids",
      [
        declare.eip("eip", { publicIp: "203.0.113.7", allocationId: "eipalloc-7" }),
        declare.natGateway("nat", { id: "nat-1", allocationId: "eipalloc-7" }),
        declare.instance("host", { userData, subnetId: "subnet-1" }),
        declare.routeTableAssociation("uses", { subnetId: "subnet-1", routeTableId: "rtb-1" }),
        declare.route("route", {
          routeTableId: "rtb-1",
          destinationCidrBlock: "0.0.0.0/0",
          natGatewayId: "nat-1",
        }),
      ],
      ["203.0.113.7"],
    ],
    [
      "by a NAT instance",
      [
        vpc,
        subnet,
        inside,
        eip,
        networkInterface,
        table,
        uses,
        declare.association("as", {
          allocationId: unknownFrom(eip),
          networkInterfaceId: unknownFrom(networkInterface),
        }),
        declare.route("route", {
          routeTableId: unknownFrom(table),
          destinationCidrBlock: "0.0.0.0/0",
          networkInterfaceId: unknownFrom(networkInterface),
        }),
      ],
      ["eip"],
    ],
    [
      "by the subnet of its interface",
      [
        vpc,
        subnet,
        eip,
        nat,
        table,
        route,
        uses,
        declare.networkInterface("eni", { id: unknown, subnetId: unknownFrom(subnet) }),
        declare.instance("host", {
          userData,
          primaryNetworkInterface: { networkInterfaceId: unknownFrom(networkInterface) },
        }),
      ],
      ["eip"],
    ],
    [
      "by a NAT gateway outside the plan, whose address can't be told",
      [...base, inline("nat-9"), uses],
      [],
      ["address-undetermined"],
    ],
    [
      "by the NAT gateway that the table's own routes derive from, while they aren't known",
      [...base, declare.routeTable("table", { routes: unknownFrom(nat) }), uses],
      ["eip"],
    ],
    [
      "by no gateway that such routes derive from, if a known route leads elsewhere",
      [
        ...base,
        declare.routeTable("table", { routes: unknownFrom(nat) }),
        uses,
        declare.route("route", {
          routeTableId: unknownFrom(table),
          destinationCidrBlock: "0.0.0.0/0",
          gatewayId: "igw-1",
        }),
      ],
      [],
      none,
    ],
    [
      "by no gateway of another subnet",
      [
        ...base,
        table,
        route,
        declare.routeTableAssociation("uses", { subnetId: "subnet-9", routeTableId: unknownFrom(table) }),
      ],
      [],
      none,
    ],
    [
      "by no gateway of a route to somewhere else",
      [
        ...base,
        table,
        uses,
        declare.route("route", {
          ...toNat,
          routeTableId: unknownFrom(table),
          destinationCidrBlock: "10.0.0.0/8",
        }),
      ],
      [],
      none,
    ],
    [
      "from an address that changes, if an internet gateway is next",
      [
        ...base,
        table,
        uses,
        declare.route("route", {
          routeTableId: unknownFrom(table),
          destinationCidrBlock: "0.0.0.0/0",
          gatewayId: "igw-1",
        }),
      ],
      [],
      none,
    ],
    [
      "from an address that changes, if AWS gives it one",
      [declare.instance("host", { userData, associatePublicIpAddress: true, publicIp: unknown })],
      [],
      none,
    ],
    [
      "from what its tag lists, if another stack attaches that",
      [declare.instance("host", { userData, tags: { "mail:address": "198.51.100.7" } })],
      ["198.51.100.7"],
    ],
  ];
  for (const [title, resources, addresses, notes = []] of cases) {
    it(title, () => expect(located(resources)).toEqual({ addresses, notes }));
  }

  it("from the Elastic IP that its tag derives from, while that isn't known", () => {
    const tagged = declare.instance("host", {
      userData,
      tags: { "mail:address": unknownFrom(eip), Name: "x" },
    });
    expect(located([eip, second, tagged])).toEqual({ addresses: ["eip"], notes: [] });
    const open = declare.instance("host", { userData, tags: { "mail:address": unknownFrom(eip, second) } });
    expect(located([eip, second, open])).toEqual({ addresses: [], notes: [] });
  });

  it("by one gateway with other hosts", () => {
    const other = declare.instance("other", { userData, subnetId: unknownFrom(subnet) });
    const resources = [...base, other, table, route, uses];
    expect(located(resources).addresses).toEqual(located(resources, "other").addresses);
  });

  it("and with one behind a NAT gateway nevertheless, which is noted", () => {
    const association = declare.association("as", {
      allocationId: unknownFrom(second),
      instanceId: unknownFrom(inside),
    });
    const found = located([...base, second, table, route, uses, association]);
    expect(found).toEqual({ addresses: ["second"], notes: ["nat-beside-elastic-ip"] });
  });
});
