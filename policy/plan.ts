import { Registry } from "./link.ts";
import type * as planned from "./planned-resource.ts";
import { given, known, Properties, type Note, type SeenResource } from "./property.ts";
import * as dns from "./read-dns.ts";
import * as ec2 from "./read-ec2.ts";

/**
 * The plan's mail-related resources as typed plain values: the border between Pulumi and everything else here. It grows
 * as resources are added, a stack's all at once or the inputs of one after the other.
 */
export class Plan {
  readonly eips = new Registry<planned.Eip>();
  readonly eipAssociations = new Registry<planned.EipAssociation>();
  readonly eipDomainNames = new Registry<planned.EipDomainName>();
  readonly declaredAddresses = new Registry<planned.DeclaredAddress>();
  readonly instances = new Registry<planned.Instance>();
  readonly networkInterfaces = new Registry<planned.NetworkInterface>();
  readonly interfaceAttachments = new Registry<planned.InterfaceAttachment>();
  readonly natGateways = new Registry<planned.NatGateway>();
  readonly natGatewayAddresses = new Registry<planned.NatGatewayAddress>();
  readonly vpcs = new Registry<planned.Vpc>();
  readonly subnets = new Registry<planned.Subnet>();
  readonly routeTables = new Registry<planned.RouteTable>();
  readonly routeTableAssociations = new Registry<planned.RouteTableAssociation>();
  readonly routes = new Registry<planned.Route>();
  readonly zones = new Registry<planned.Zone>();
  readonly spfTemplates = new Registry<planned.SpfTemplates>();
  /** In the order seen. A later one of the same URN takes the earlier one's place. */
  readonly records: planned.DnsRecord[] = [];
  /** Properties that were left out because they are of a wrong type. */
  readonly notes: Note[] = [];
}

/** A plan of all `resources`: a stack's, or the inputs seen so far. */
export function readPlan(resources: Iterable<SeenResource>): Plan {
  const plan = new Plan();
  for (const resource of resources) addToPlan(plan, resource);
  return plan;
}

/** Adds one resource, if it is of a type that matters to mail, and says whether it is. */
export function addToPlan(plan: Plan, resource: SeenResource): boolean {
  const read = readers.get(resource.type);
  if (read === undefined) return false;
  read(plan, originOf(resource), new Properties(resource, plan.notes), resource);
  return true;
}

type Reader = (plan: Plan, origin: planned.Origin, properties: Properties, resource: SeenResource) => void;

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["aws:ec2/eip:Eip", ec2.readEip],
  ["aws:ec2/eipAssociation:EipAssociation", ec2.readEipAssociation],
  ["aws:ec2/eipDomainName:EipDomainName", ec2.readEipDomainName],
  ["aws:ec2/instance:Instance", ec2.readInstance],
  ["aws:ec2/networkInterface:NetworkInterface", ec2.readNetworkInterface],
  ["aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment", ec2.readInterfaceAttachment],
  ["aws:ec2/natGateway:NatGateway", ec2.readNatGateway],
  ["aws:ec2/natGatewayEipAssociation:NatGatewayEipAssociation", ec2.readNatGatewayAddress],
  ["aws:ec2/vpc:Vpc", ec2.readVpc],
  ["aws:ec2/subnet:Subnet", ec2.readSubnet],
  ["aws:ec2/routeTable:RouteTable", ec2.readRouteTable],
  ["aws:ec2/defaultRouteTable:DefaultRouteTable", ec2.readDefaultRouteTable],
  ["aws:ec2/routeTableAssociation:RouteTableAssociation", ec2.readRouteTableAssociation],
  ["aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation", ec2.readRouteTableAssociation],
  ["aws:ec2/route:Route", ec2.readRoute],
  ["aws:route53/zone:Zone", dns.readRoute53Zone],
  ["aws:route53/record:Record", dns.readRoute53Record],
  ["cloudflare:index/zone:Zone", dns.readCloudflareZone],
  ["cloudflare:index/dnsRecord:DnsRecord", dns.readCloudflareRecord],
  ["cloudflare:index/record:Record", dns.readCloudflareRecord],
  ["okmail:index:SendingAddress", readSendingAddress],
  ["okmail:index:MailRecords", readMailRecords],
]);

function originOf(resource: SeenResource): planned.Origin {
  const ancestors: string[] = [];
  for (let parent = resource.parent; parent !== undefined; parent = parent.parent) ancestors.push(parent.urn);
  if (ancestors.length === 0 && resource.opts?.parent !== undefined) ancestors.push(resource.opts.parent);
  return { urn: resource.urn, name: resource.name, ancestors };
}

function readSendingAddress(plan: Plan, origin: planned.Origin, address: Properties): void {
  plan.declaredAddresses.add({
    ...origin,
    allocation: address.link("allocationId"),
    publicIp: given(address.text("publicIp")),
  });
}

function readMailRecords(plan: Plan, origin: planned.Origin, records: Properties): void {
  const byName = known(records.object("heloSpfTemplates"));
  plan.spfTemplates.add({
    ...origin,
    domain: records.text("spfTemplate"),
    heloName: (name) => byName?.text(name),
  });
}
