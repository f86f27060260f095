import { unknownCheckingProxy, type PolicyResource } from "@pulumi/policy";

/** How the engine marks a value that isn't known yet (`unknownStringValue` of @pulumi/policy). Reading one throws. */
const unknownString = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Wraps properties so that reading an unknown one throws; @pulumi/policy exports it without a type. */
const checkingUnknowns = unknownCheckingProxy as (props: object) => Record<string, unknown>;

/** A property that derives from other resources: unknown as in a first preview, or known as in an update. */
class Derived {
  readonly from: readonly PolicyResource[];
  readonly value: unknown;

  constructor(from: readonly PolicyResource[], value: unknown) {
    this.from = from;
    this.value = value;
  }
}

/** A value that isn't known before `resources` exist. */
export function unknownFrom(...resources: readonly PolicyResource[]): unknown {
  return new Derived(resources, unknownString);
}

/** A known value that derives from `resources`. */
export function knownFrom(value: unknown, ...resources: readonly PolicyResource[]): unknown {
  return new Derived(resources, value);
}

/** A value that the provider computes and isn't known yet. */
export const unknown: unknown = unknownFrom();

export interface ResourceOptions {
  readonly parent?: PolicyResource;
  readonly protect?: boolean;
}

/** A resource as the engine shows it to a stack policy: reading an unknown property throws `UnknownValueError`. */
export function resource(
  type: string,
  name: string,
  props: Readonly<Record<string, unknown>> = {},
  options: ResourceOptions = {},
): PolicyResource {
  const propertyDependencies = new Map<string, PolicyResource[]>();
  const plain = Object.fromEntries(
    Object.entries(props).map(([key, value]) => {
      const from = new Set<PolicyResource>();
      const written = withoutDerived(value, from);
      if (from.size > 0) propertyDependencies.set(key, [...from]);
      return [key, written];
    }),
  );
  const { parent, protect = false } = options;
  return {
    type,
    name,
    urn: `urn:pulumi:test::mail::${parent === undefined ? "" : `${parent.type}$`}${type}::${name}`,
    props: checkingUnknowns(plain),
    opts: {
      protect,
      ignoreChanges: [],
      aliases: [],
      additionalSecretOutputs: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    },
    ...(parent === undefined ? {} : { parent }),
    dependencies: [...new Set([...propertyDependencies.values()].flat())],
    propertyDependencies: Object.fromEntries(propertyDependencies),
    isType: () => false,
    asType: () => undefined,
  };
}

function withoutDerived(value: unknown, from: Set<PolicyResource>): unknown {
  if (value instanceof Derived) {
    for (const each of value.from) from.add(each);
    return value.value;
  }
  if (Array.isArray(value)) return value.map((each) => withoutDerived(each, from));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutDerived(each, from)]));
  return value;
}

/** Resources of the types that matter, by short names. */
export const declare = {
  eip: typed("aws:ec2/eip:Eip"),
  association: typed("aws:ec2/eipAssociation:EipAssociation"),
  domainName: typed("aws:ec2/eipDomainName:EipDomainName"),
  instance: typed("aws:ec2/instance:Instance"),
  networkInterface: typed("aws:ec2/networkInterface:NetworkInterface"),
  attachment: typed("aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment"),
  natGateway: typed("aws:ec2/natGateway:NatGateway"),
  natGatewayAddress: typed("aws:ec2/natGatewayEipAssociation:NatGatewayEipAssociation"),
  vpc: typed("aws:ec2/vpc:Vpc"),
  subnet: typed("aws:ec2/subnet:Subnet"),
  routeTable: typed("aws:ec2/routeTable:RouteTable"),
  defaultRouteTable: typed("aws:ec2/defaultRouteTable:DefaultRouteTable"),
  routeTableAssociation: typed("aws:ec2/routeTableAssociation:RouteTableAssociation"),
  mainRouteTableAssociation: typed("aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"),
  route: typed("aws:ec2/route:Route"),
  cloudflareZone: typed("cloudflare:index/zone:Zone"),
  record: typed("cloudflare:index/dnsRecord:DnsRecord"),
  oldRecord: typed("cloudflare:index/record:Record"),
  route53Zone: typed("aws:route53/zone:Zone"),
  route53Record: typed("aws:route53/record:Record"),
  sendingAddress: typed("okmail:index:SendingAddress"),
  mailRecords: typed("okmail:index:MailRecords"),
} as const;

function typed(type: string) {
  return (name: string, props: Readonly<Record<string, unknown>> = {}, options: ResourceOptions = {}) =>
    resource(type, name, props, options);
}

/** Resources that have nothing to do with mail, to stand before and after those that do. */
export function unrelated(which: string): PolicyResource[] {
  const bucket = resource("aws:s3/bucket:Bucket", `bucket-${which}`, {
    bucket: unknown,
    tags: { name: "x" },
  });
  return [
    resource("pulumi:pulumi:Stack", `stack-${which}`),
    bucket,
    resource("aws:s3/bucketObject:BucketObject", `object-${which}`, { bucket: unknownFrom(bucket), key: 7 }),
    declare.record(`www-${which}`, {
      zoneId: `other-zone-${which}`,
      name: `${which}.example.net`,
      type: "A",
      content: "198.51.100.99",
    }),
  ];
}

/** What may differ from a stack in which everything agrees. */
export interface StackOptions {
  /** The hosts' names. @default ["okmail"] */
  readonly hosts?: readonly string[];
  /** Addresses of the hosts in their order, if they exist already, as in an update. @default none: a first preview */
  readonly addresses?: readonly string[];
  /** Text of the domain's SPF record. @default all addresses; unknown until all exist */
  readonly spf?: string;
  /** Properties that differ, by the resource's name; undefined leaves the resource out. */
  readonly change?: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
}

/** User data of a plain Postfix that says `helo`. */
export function postfixUserData(helo: string): string {
  return `#cloud-config\nruncmd:\n- postconf -e 'myhostname = ${helo}' 'smtp_helo_name = $myhostname'\n`;
}

/**
 * A stack of raw resources in which everything agrees, between unrelated ones: per host an Elastic IP `NAME-eip`, its
 * association `NAME-association`, the instance `NAME`, records `NAME-a`, `NAME-ptr`, `NAME-spf`; for the domain example.com
 * `spf`, `mx-NAME`, `dmarc`.
 */
export function agreeingStack(options: StackOptions = {}): PolicyResource[] {
  const { hosts = ["okmail"], addresses = [], change = {}, spf } = options;
  const zone = { zoneId: "zone-1", ttl: 300, proxied: false };
  const changed = (name: string, props: Readonly<Record<string, unknown>>) => ({ ...props, ...change[name] });
  const eips: PolicyResource[] = [];
  const stack = hosts.flatMap((host, index) => {
    const helo = `${host}.example.com`;
    const address = addresses[index];
    const publicIp = address ?? unknown;
    const eip = declare.eip(
      `${host}-eip`,
      changed(`${host}-eip`, { publicIp, allocationId: unknown, domain: "vpc" }),
      { protect: true },
    );
    eips.push(eip);
    const ip = address === undefined ? unknownFrom(eip) : knownFrom(address, eip);
    const heloSpf = address === undefined ? unknownFrom(eip) : knownFrom(`"v=spf1 ip4:${address} -all"`, eip);
    const instance = declare.instance(host, changed(host, { id: unknown, userData: postfixUserData(helo) }));
    const allocationId = unknownFrom(eip);
    return [
      eip,
      declare.record(`${host}-a`, changed(`${host}-a`, { ...zone, name: helo, type: "A", content: ip })),
      declare.domainName(`${host}-ptr`, changed(`${host}-ptr`, { allocationId, domainName: helo })),
      instance,
      declare.association(
        `${host}-association`,
        changed(`${host}-association`, { allocationId, instanceId: unknownFrom(instance) }),
      ),
      declare.record(
        `${host}-spf`,
        changed(`${host}-spf`, { ...zone, name: helo, type: "TXT", content: heloSpf }),
      ),
      declare.record(
        `mx-${host}`,
        changed(`mx-${host}`, { ...zone, name: "example.com", type: "MX", content: helo, priority: 10 }),
      ),
    ];
  });
  const terms = addresses.map((address) => `ip4:${address}`).join(" ");
  const known = addresses.length === hosts.length ? `v=spf1 ${terms} -all` : undefined;
  const text = spf ?? known;
  const content = text === undefined ? unknownFrom(...eips) : knownFrom(`"${text}"`, ...eips);
  const domain = [
    declare.record("spf", changed("spf", { ...zone, name: "example.com", type: "TXT", content })),
    declare.record(
      "dmarc",
      changed("dmarc", { ...zone, name: "_dmarc.example.com", type: "TXT", content: '"v=DMARC1; p=none"' }),
    ),
  ];
  const kept = [...stack, ...domain].filter(({ name }) => !(name in change) || change[name] !== undefined);
  return [...unrelated("before"), ...kept, ...unrelated("after")];
}
