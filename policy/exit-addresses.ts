import type { AddressBook, StaticAddress } from "./address-book.ts";
import type { Plan } from "./plan.ts";
import type { EipAssociation, Instance, NatGateway, Route } from "./planned-resource.ts";
import { isUnknown, known, type Link, type Value } from "./property.ts";

/** By which address an instance's mail leaves. */
export interface Exit {
  readonly by: "elastic IP" | "NAT gateway" | "nothing static";
  readonly addresses: readonly StaticAddress[];
  /** Elastic IPs and gateways whose addresses can't be told. */
  readonly unknown: readonly string[];
}

/** An Elastic IP on an instance or interface. */
interface Attachment {
  readonly address: StaticAddress | undefined;
  readonly privateIp: Value<string>;
  readonly name: string;
}

/**
 * The static addresses by which instances reach the internet: Elastic IPs on the instance or on one of its network
 * interfaces; without one, those of the NAT gateway (or NAT instance) that its subnet's default route leads to.
 */
export class ExitAddresses {
  readonly #plan: Plan;
  readonly #book: AddressBook;
  readonly #onInstance = new Map<string, Attachment[]>();
  readonly #onInterface = new Map<string, Attachment[]>();
  readonly #interfacesOf = new Map<string, string[]>();
  readonly #tableOfSubnet = new Map<string, string>();
  readonly #mainTableOfVpc = new Map<string, string>();
  readonly #defaultRoutes = new Map<string, Route[]>();
  readonly #natAllocations = new Map<string, Link[]>();

  constructor(plan: Plan, book: AddressBook) {
    this.#plan = plan;
    this.#book = book;
    this.#readAttachments();
    this.#readRouting();
  }

  /** @param bindAddress the private address that Postfix sends from, if it is told one */
  of(instance: Instance, bindAddress?: string): Exit {
    const attached = this.#attachedTo(instance);
    const bound = attached.filter(({ privateIp }) => bindAddress !== undefined && privateIp === bindAddress);
    const own = bound.length > 0 ? bound : attached;
    if (own.length > 0) return exit("elastic IP", own);
    const routed = this.#routedFrom(instance);
    return routed.length > 0
      ? exit("NAT gateway", routed)
      : { by: "nothing static", addresses: [], unknown: [] };
  }

  /** Whether the instance's subnet has its default route through a NAT gateway or instance. */
  behindNat(instance: Instance): boolean {
    return this.#routedFrom(instance).length > 0;
  }

  #readAttachments(): void {
    const { eips, eipAssociations, instances, networkInterfaces, interfaceAttachments } = this.#plan;
    const attach = (instance: Link, networkInterface: Link, attachment: Attachment): void => {
      push(this.#onInstance, instances.keyOf(instance), attachment);
      push(this.#onInterface, networkInterfaces.keyOf(networkInterface), attachment);
    };
    for (const association of eipAssociations) {
      const { instance, networkInterface, privateIp, name } = association;
      attach(instance, networkInterface, { address: this.#addressOf(association), privateIp, name });
    }
    for (const eip of eips) {
      const address = { address: this.#book.ofEip(eip), eip };
      attach(eip.instance, eip.networkInterface, { address, privateIp: undefined, name: eip.name });
    }
    for (const networkInterface of networkInterfaces) {
      for (const instance of networkInterface.instances)
        push(this.#interfacesOf, instances.keyOf(instance), networkInterface.urn);
    }
    for (const { instance, networkInterface } of interfaceAttachments) {
      const key = networkInterfaces.keyOf(networkInterface);
      if (key !== undefined) push(this.#interfacesOf, instances.keyOf(instance), key);
    }
  }

  #readRouting(): void {
    const { routes, routeTables, routeTableAssociations, subnets, vpcs, natGateways, natGatewayAddresses } =
      this.#plan;
    for (const table of routeTables) {
      const vpc = vpcs.keyOf(table.vpc);
      if (table.main && vpc !== undefined) this.#mainTableOfVpc.set(vpc, table.urn);
    }
    for (const { table, subnet, vpc } of routeTableAssociations) {
      const tableKey = routeTables.keyOf(table);
      const subnetKey = subnets.keyOf(subnet);
      const vpcKey = vpcs.keyOf(vpc);
      if (tableKey === undefined) continue;
      if (subnetKey !== undefined) this.#tableOfSubnet.set(subnetKey, tableKey);
      else if (vpcKey !== undefined) this.#mainTableOfVpc.set(vpcKey, tableKey);
    }
    for (const route of routes) {
      if (route.destination === "0.0.0.0/0" || isUnknown(route.destination))
        push(this.#defaultRoutes, routeTables.keyOf(route.table), route);
    }
    for (const { natGateway, allocation } of natGatewayAddresses)
      push(this.#natAllocations, natGateways.keyOf(natGateway), allocation);
  }

  /** An association names the allocation, or the address itself. */
  #addressOf({ allocation, publicIp }: EipAssociation): StaticAddress | undefined {
    const byAllocation = this.#book.ofAllocation(allocation);
    if (byAllocation !== undefined) return byAllocation;
    if (!isUnknown(publicIp)) return publicIp === undefined ? undefined : this.#book.ofAddress(publicIp);
    const [eip, ...others] = this.#book.behind(publicIp.dependsOn).eips;
    return eip === undefined || others.length > 0 ? undefined : { address: this.#book.ofEip(eip), eip };
  }

  #attachedTo(instance: Instance): Attachment[] {
    const { networkInterfaces } = this.#plan;
    const interfaces = new Set([
      // In a preview an id such as the instance's primaryNetworkInterfaceId is known by what it derives from.
      instance.urn,
      ...instance.networkInterfaces.flatMap((link) => networkInterfaces.keyOf(link) ?? []),
      ...(this.#interfacesOf.get(instance.urn) ?? []),
    ]);
    // An association found by the instance and by its interface is one.
    const attached = new Set([
      ...(this.#onInstance.get(instance.urn) ?? []),
      ...[...interfaces].flatMap((key) => this.#onInterface.get(key) ?? []),
    ]);
    return [...attached];
  }

  #routedFrom(instance: Instance): Attachment[] {
    const table = this.#tableFor(instance);
    const routes = (table === undefined ? undefined : this.#defaultRoutes.get(table)) ?? [];
    const certain = routes.filter(({ destination }) => !isUnknown(destination));
    return (certain.length > 0 ? certain : routes).flatMap((route) => this.#throughTarget(route));
  }

  #tableFor(instance: Instance): string | undefined {
    const { subnets, networkInterfaces, vpcs } = this.#plan;
    const ofInterfaces = instance.networkInterfaces.flatMap(
      (link) => networkInterfaces.follow(link)?.subnet ?? [],
    );
    for (const link of [instance.subnet, ...ofInterfaces]) {
      const key = subnets.keyOf(link);
      if (key === undefined) continue;
      const vpc = subnets.follow(link)?.vpc;
      const vpcKey = vpc === undefined ? undefined : vpcs.keyOf(vpc);
      return (
        this.#tableOfSubnet.get(key) ?? (vpcKey === undefined ? undefined : this.#mainTableOfVpc.get(vpcKey))
      );
    }
    return undefined;
  }

  #throughTarget(route: Route): Attachment[] {
    const { natGateways, instances, networkInterfaces } = this.#plan;
    const gateway = natGateways.follow(route.natGateway);
    if (gateway !== undefined) return this.#ofGateway(gateway);
    const instance = instances.follow(route.instance);
    if (instance !== undefined) return this.#attachedTo(instance);
    const networkInterface = networkInterfaces.keyOf(route.networkInterface);
    if (networkInterface !== undefined) return this.#onInterface.get(networkInterface) ?? [];
    const outside = known(route.natGateway.id);
    return outside === undefined ? [] : [{ address: undefined, privateIp: undefined, name: outside }];
  }

  #ofGateway(gateway: NatGateway): Attachment[] {
    const allocations = [...gateway.allocations, ...(this.#natAllocations.get(gateway.urn) ?? [])];
    // What nobody gave, the provider fills in later: unknown, but derived from nothing.
    const given = allocations.filter(({ id, dependsOn }) => known(id) !== undefined || dependsOn.length > 0);
    return given.map((allocation) => ({
      address: this.#book.ofAllocation(allocation),
      privateIp: undefined,
      name: gateway.name,
    }));
  }
}

function exit(by: Exit["by"], attachments: readonly Attachment[]): Exit {
  return {
    by,
    addresses: attachments.flatMap(({ address }) => address ?? []),
    unknown: attachments.flatMap(({ address, name }) => (address === undefined ? [name] : [])),
  };
}

function push<T>(lists: Map<string, T[]>, key: string | undefined, value: T): void {
  if (key === undefined) return;
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
