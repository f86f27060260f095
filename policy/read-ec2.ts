import type { Plan } from "./plan.ts";
import type { Origin, Route } from "./planned-resource.ts";
import {
  given,
  isUnknown,
  known,
  oneOf,
  type Link,
  type Properties,
  type SeenResource,
  type Value,
} from "./property.ts";
import { nameOf } from "./read-dns.ts";

export function readEip(plan: Plan, origin: Origin, eip: Properties, resource: SeenResource): void {
  // `address` asks for a certain address: one's own (BYOIP), or one released before.
  const publicIp = given(eip.text("publicIp"));
  const address = known(publicIp) ?? known(given(eip.text("address")));
  plan.eips.add({
    ...origin,
    id: oneOf(given(eip.text("allocationId")), eip.text("id")),
    publicIp: address ?? { unknown: true, dependsOn: [origin.urn] },
    fromOwnPool: ownPools.some((pool) => isOwnPool(eip.text(pool))),
    instance: eip.link("instance"),
    networkInterface: eip.link("networkInterface"),
    publicDns: nameOf(eip.text("publicDns")),
    ptrRecord: nameOf(eip.text("ptrRecord")),
    protect: resource.opts?.protect ?? false,
  });
}

const ownPools = ["publicIpv4Pool", "ipamPoolId", "customerOwnedIpv4Pool"] as const;

/** AWS calls its own pool "amazon". An id that isn't known yet is that of a pool which the stack makes. */
function isOwnPool(pool: Value<string>): boolean {
  const asked = written(pool);
  return asked !== undefined && asked !== "amazon";
}

export function readEipAssociation(plan: Plan, origin: Origin, association: Properties): void {
  plan.eipAssociations.add({
    ...origin,
    allocation: association.link("allocationId"),
    instance: association.link("instanceId"),
    networkInterface: association.link("networkInterfaceId"),
    privateIp: given(association.text("privateIpAddress")),
    publicIp: given(association.text("publicIp")),
  });
}

export function readEipDomainName(plan: Plan, origin: Origin, request: Properties): void {
  plan.eipDomainNames.add({
    ...origin,
    allocation: request.link("allocationId"),
    domainName: nameOf(request.text("domainName")),
  });
}

export function readInstance(plan: Plan, origin: Origin, instance: Properties): void {
  plan.instances.add({
    ...origin,
    id: instance.text("id"),
    userData: written(instance.text("userData")),
    userDataBase64: written(instance.text("userDataBase64")),
    subnet: instance.link("subnetId"),
    networkInterfaces: [
      ...linksWithin(instance, "primaryNetworkInterface", "networkInterfaceId"),
      ...linksWithin(instance, "networkInterfaces", "networkInterfaceId"),
      instance.link("primaryNetworkInterfaceId"),
    ],
    tag: (name) => tagOf(instance, name),
  });
}

/** A text that somebody gave. What nobody gave, the provider fills in later: unknown, but derived from nothing. */
function written(text: Value<string>): Value<string> {
  return isUnknown(text) && text.dependsOn.length === 0 ? undefined : given(text);
}

/** The links called `link` in the blocks called `block`. Blocks not known yet are one link by what they derive from. */
function linksWithin(properties: Properties, block: string, link: string): Link[] {
  const blocks = properties.objects(block);
  if (isUnknown(blocks)) return [{ id: blocks, dependsOn: blocks.dependsOn }];
  return (blocks ?? []).map((each) => each.link(link));
}

function tagOf(properties: Properties, name: string): Value<string> {
  const tags = properties.object("tags");
  return isUnknown(tags) ? tags : tags?.text(name);
}

export function readNetworkInterface(plan: Plan, origin: Origin, networkInterface: Properties): void {
  plan.networkInterfaces.add({
    ...origin,
    id: networkInterface.text("id"),
    subnet: networkInterface.link("subnetId"),
    instances: linksWithin(networkInterface, "attachments", "instance"),
  });
}

export function readInterfaceAttachment(plan: Plan, origin: Origin, attachment: Properties): void {
  plan.interfaceAttachments.add({
    ...origin,
    instance: attachment.link("instanceId"),
    networkInterface: attachment.link("networkInterfaceId"),
  });
}

export function readNatGateway(plan: Plan, origin: Origin, gateway: Properties): void {
  const zonal = known(gateway.objects("availabilityZoneAddresses")) ?? [];
  plan.natGateways.add({
    ...origin,
    id: gateway.text("id"),
    allocations: [
      gateway.link("allocationId"),
      ...gateway.links("secondaryAllocationIds"),
      ...zonal.flatMap((zone) => zone.links("allocationIds")),
    ],
    publicIp: given(gateway.text("publicIp")),
  });
}

export function readNatGatewayAddress(plan: Plan, origin: Origin, address: Properties): void {
  plan.natGatewayAddresses.add({
    ...origin,
    natGateway: address.link("natGatewayId"),
    allocation: address.link("allocationId"),
  });
}

export function readVpc(plan: Plan, origin: Origin, vpc: Properties): void {
  plan.vpcs.add({ ...origin, id: vpc.text("id") });
}

export function readSubnet(plan: Plan, origin: Origin, subnet: Properties): void {
  plan.subnets.add({ ...origin, id: subnet.text("id"), vpc: subnet.link("vpcId") });
}

export function readRouteTable(plan: Plan, origin: Origin, table: Properties): void {
  plan.routeTables.add({ ...origin, id: table.text("id"), vpc: table.link("vpcId"), main: false });
  addInlineRoutes(plan, origin, table);
}

/** A VPC's own route table, adopted by an id that derives from the VPC. */
export function readDefaultRouteTable(plan: Plan, origin: Origin, table: Properties): void {
  const adopted = table.link("defaultRouteTableId");
  const vpc = table.link("vpcId");
  plan.routeTables.add({
    ...origin,
    id: oneOf(adopted.id, table.text("id")),
    vpc: { id: vpc.id, dependsOn: [...vpc.dependsOn, ...adopted.dependsOn] },
    main: true,
  });
  addInlineRoutes(plan, origin, table);
}

function addInlineRoutes(plan: Plan, origin: Origin, table: Properties): void {
  const routes = table.objects("routes");
  const within = { ...origin, table: { id: undefined, dependsOn: [origin.urn] } };
  if (isUnknown(routes)) {
    const target = { id: routes, dependsOn: routes.dependsOn };
    const targets = { natGateway: target, instance: target, networkInterface: target };
    plan.routes.add({ ...within, urn: `${origin.urn}#`, destination: routes, ...targets });
  } else {
    for (const [index, route] of (routes ?? []).entries()) {
      const destination = route.text("cidrBlock");
      plan.routes.add({ ...within, urn: `${origin.urn}#${index}`, destination, ...targetOf(route) });
    }
  }
}

export function readRoute(plan: Plan, origin: Origin, route: Properties): void {
  plan.routes.add({
    ...origin,
    table: route.link("routeTableId"),
    destination: route.text("destinationCidrBlock"),
    ...targetOf(route),
  });
}

function targetOf(route: Properties): Pick<Route, "natGateway" | "instance" | "networkInterface"> {
  return {
    natGateway: route.link("natGatewayId"),
    instance: route.link("instanceId"),
    networkInterface: route.link("networkInterfaceId"),
  };
}

export function readRouteTableAssociation(plan: Plan, origin: Origin, association: Properties): void {
  plan.routeTableAssociations.add({
    ...origin,
    table: association.link("routeTableId"),
    subnet: association.link("subnetId"),
    vpc: association.link("vpcId"),
  });
}
