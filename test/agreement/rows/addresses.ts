import { ip, output, text, type Declared, type Stack } from "../declared.ts";
import { DEFAULT_SUBNET } from "../cloud.ts";
import { declare, goodStack, host, saying } from "../good-stack.ts";
import {
  adding,
  all,
  afterAllOthers,
  before,
  change,
  dropping,
  set,
  unchanged,
  without,
  type Mutation,
} from "../mutation.ts";
import { live, rowsOn } from "../row.ts";

const row = rowsOn("addresses", goodStack("okmail"));
const allocation = output("okmail-address", "allocationId");
const adopted = change("okmail-address", (eip) => ({ ...eip, outside: true }));
const spareFacts = {
  from: [
    { resource: "okmail-address", property: "publicIp" },
    { resource: "spare-address", property: "publicIp" },
  ],
};

/** A second address of the same host, on an interface of its own, with all that belongs to it. */
const second: Mutation = all(
  before(
    "records",
    declare.eip("spare-address", { domain: "vpc" }),
    declare.networkInterface("spare-interface", { subnetId: DEFAULT_SUBNET }),
    declare.record("spare-a", "okmail.example.com", "A", ip("spare")),
    declare.ptr("spare-ptr", {
      allocationId: output("spare-address", "allocationId"),
      domainName: "okmail.example.com",
    }),
    declare.association("spare-association", {
      allocationId: output("spare-address", "allocationId"),
      networkInterfaceId: output("spare-interface", "id"),
    }),
    {
      type: "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment",
      name: "spare-attachment",
      inputs: {
        instanceId: output("okmail-host", "id"),
        networkInterfaceId: output("spare-interface", "id"),
        deviceIndex: 1,
      },
    },
  ),
  set("spf", { content: text`"v=spf1 ip4:${ip("okmail")} ip4:${ip("spare")} -all"` }),
  set("okmail-spf", { content: text`"v=spf1 ip4:${ip("okmail")} ip4:${ip("spare")} -all"` }),
);
const both = { guests: { "okmail-host": spareFacts } };

/** Ways in which a host comes by its address. */
export const addressRows = [
  row(
    "associated by the Elastic IP itself",
    all(without("okmail-association"), set("okmail-address", { instance: output("okmail-host", "id") })),
    "passes",
  ),
  row(
    "associated by the host's primary interface",
    all(
      set("okmail-association", { networkInterfaceId: output("okmail-host", "primaryNetworkInterfaceId") }),
      dropping("okmail-association", "instanceId"),
    ),
    "passes",
  ),
  row(
    "associated with an interface that the host is given",
    all(
      before("okmail-host", declare.networkInterface("okmail-interface", { subnetId: DEFAULT_SUBNET })),
      set("okmail-host", {
        primaryNetworkInterface: { networkInterfaceId: output("okmail-interface", "id") },
      }),
      set("okmail-association", { networkInterfaceId: output("okmail-interface", "id") }),
      dropping("okmail-association", "instanceId"),
    ),
    "passes",
  ),
  row(
    "an interface that the host is given, and no PTR",
    all(
      before("okmail-host", declare.networkInterface("okmail-interface", { subnetId: DEFAULT_SUBNET })),
      set("okmail-host", {
        primaryNetworkInterface: { networkInterfaceId: output("okmail-interface", "id") },
      }),
      set("okmail-association", { networkInterfaceId: output("okmail-interface", "id") }),
      dropping("okmail-association", "instanceId"),
      without("okmail-ptr"),
    ),
    "ptr-matches-helo",
  ),
  row(
    "associated by the address",
    all(
      set("okmail-association", { publicIp: ip("okmail") }),
      dropping("okmail-association", "allocationId"),
    ),
    "passes",
  ),
  row(
    "HELO SPF from the association's address",
    all(set("okmail-spf", { content: text`"v=spf1 ip4:${output("okmail-association", "publicIp")} -all"` })),
    "passes",
  ),
  row(
    "an unused Elastic IP beside",
    before("records", declare.eip("spare-address", { domain: "vpc" })),
    "passes",
  ),

  row("adopted, all agrees", adopted, "passes"),
  row("adopted, no A", all(adopted, without("okmail-a")), "a-matches-address", {
    refused: "there is no A record",
  }),
  row(
    "adopted, A with another address",
    all(adopted, set("okmail-a", { content: "198.51.100.7" })),
    "a-matches-address",
    { refused: "but it holds" },
  ),
  row(
    "adopted, the tag mail:address tells the address, and A has another",
    all(
      adopted,
      set("okmail-a", { content: "198.51.100.7" }),
      set("okmail-host", { tags: { "mail:address": ip("okmail") } }),
    ),
    "a-matches-address",
    { refused: "but it holds" },
  ),
  row(
    "adopted, no PTR requested",
    all(adopted, without("okmail-ptr"), set("okmail-host", { tags: { "mail:address": ip("okmail") } })),
    "passes",
    { differs: live("the PTR of an adopted address can't be told from the plan: advisory") },
  ),
  row(
    "adopted, PTR names another host",
    all(
      adopted,
      set("okmail-ptr", { domainName: "mail.example.com" }),
      set("okmail-host", { tags: { "mail:address": ip("okmail") } }),
    ),
    "ptr-matches-helo",
    {
      refused: "there is no A record",
      differs: {
        preview:
          "in a preview no record ties the adopted allocation to its address; the association does in up",
      },
    },
  ),
  row(
    "adopted, SPF permits another",
    all(adopted, set("spf", { content: '"v=spf1 ip4:198.51.100.7 -all"' })),
    "spf-permits-address",
  ),

  row("two addresses, both agree", second, "passes", both),
  row("two addresses, the second without PTR", all(second, without("spare-ptr")), "ptr-matches-helo", both),
  row(
    "two addresses, the second's PTR names another host",
    all(second, set("spare-ptr", { domainName: "spare.example.com" })),
    "ptr-matches-helo",
    { ...both, refused: "there is no A record" },
  ),
  row("two addresses, A holds only the first", all(second, without("spare-a")), "a-matches-address", {
    ...both,
    refused: "must hold",
  }),
  row(
    "two addresses, SPF permits only the first",
    all(second, set("spf", { content: text`"v=spf1 ip4:${ip("okmail")} -all"` })),
    "spf-permits-address",
    both,
  ),
  row(
    "two addresses, HELO SPF permits only the second",
    all(second, set("okmail-spf", { content: text`"v=spf1 ip4:${ip("spare")} -all"` })),
    "spf-permits-helo",
    both,
  ),
];

/** A subnet whose default route leads to the NAT gateway with the address of `okmail`. */
const nat: readonly Declared[] = [
  declare.vpc("vpc", { cidrBlock: "10.0.0.0/16" }),
  declare.subnet("private", { vpcId: output("vpc", "id"), cidrBlock: "10.0.1.0/24" }),
  declare.natGateway("nat", { allocationId: allocation, subnetId: DEFAULT_SUBNET }),
  declare.routeTable("table", { vpcId: output("vpc", "id") }),
  declare.route("default", {
    routeTableId: output("table", "id"),
    destinationCidrBlock: "0.0.0.0/0",
    natGatewayId: output("nat", "id"),
  }),
  declare.routeTableAssociation("private-table", {
    routeTableId: output("table", "id"),
    subnetId: output("private", "id"),
  }),
];
const behindNat = (...names: readonly string[]): Mutation =>
  all(
    before("okmail-host", ...nat),
    without("okmail-association"),
    ...names.map((name) => set(name, { subnetId: output("private", "id") })),
  );
const exit = { from: [{ resource: "okmail-address", property: "publicIp" }] };
const natRow = rowsOn("NAT gateway", goodStack("okmail"));
const other: Stack = [declare.instance("other-host", saying("okmail.example.com"))];
const alone = { guests: { "okmail-host": exit } };
const pair = { guests: { "okmail-host": exit, "other-host": exit } };

/** Hosts behind one exit address. */
export const natRows = [
  natRow("one host, all agrees", behindNat("okmail-host"), "passes", alone),
  natRow("one host, no PTR", all(behindNat("okmail-host"), without("okmail-ptr")), "ptr-matches-helo", alone),
  natRow(
    "one host, PTR names the gateway",
    all(
      behindNat("okmail-host"),
      set("okmail-ptr", { domainName: "nat.example.com" }),
      before("okmail-ptr", declare.record("nat-a", "nat.example.com", "A", ip("okmail"))),
    ),
    "ptr-matches-helo",
    alone,
  ),
  natRow(
    "one host, SPF forgets the gateway",
    all(behindNat("okmail-host"), set("spf", { content: '"v=spf1 ip4:198.51.100.7 -all"' })),
    "spf-permits-address",
    alone,
  ),
  natRow(
    "two hosts say the gateway's one name",
    all(adding(...other), behindNat("okmail-host", "other-host")),
    "passes",
    pair,
  ),
  natRow(
    "two hosts say names of their own",
    all(
      adding(...other),
      behindNat("okmail-host", "other-host"),
      set("other-host", saying("other.example.com")),
    ),
    "ptr-matches-helo",
    pair,
  ),
  natRow(
    "the default route in the VPC's main table",
    all(
      behindNat("okmail-host"),
      without("private-table"),
      adding(
        declare.mainRouteTable("main", { vpcId: output("vpc", "id"), routeTableId: output("table", "id") }),
      ),
    ),
    "passes",
    alone,
  ),
  natRow(
    "the main table's gateway, and no PTR",
    all(
      behindNat("okmail-host"),
      without("private-table", "okmail-ptr"),
      adding(
        declare.mainRouteTable("main", { vpcId: output("vpc", "id"), routeTableId: output("table", "id") }),
      ),
    ),
    "ptr-matches-helo",
    alone,
  ),
  natRow(
    "A from the gateway's own output",
    all(
      behindNat("okmail-host"),
      set("okmail-a", { content: output("nat", "publicIp") }),
      afterAllOthers("okmail-ptr"),
    ),
    "passes",
    alone,
  ),
  rowsOn("NAT gateway", [
    ...goodStack("okmail"),
    ...host("second").filter(({ name }) => name.endsWith("address")),
  ])(
    "the gateway has another address than A, PTR and SPF",
    all(behindNat("okmail-host"), set("nat", { allocationId: output("second-address", "allocationId") })),
    "a-matches-address",
    {
      guests: { "okmail-host": { from: [{ resource: "second-address", property: "publicIp" }] } },
    },
  ),
  natRow("nothing but a gateway that nobody uses", all(before("okmail-host", ...nat), unchanged), "passes"),
];
