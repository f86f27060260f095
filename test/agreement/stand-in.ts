import { AWS_TYPES } from "../../local/aws/types.ts";
import { DNS_RECORD } from "../../local/cloudflare/dns-record-inputs.ts";
import { asText, type CloudReader, type JsonObject } from "../../local/store.ts";
import { ZONE } from "./good-stack.ts";

/** How the local cloud makes a resource of a type that it may not have. */
export interface StandIn {
  /** Resources that the local cloud has, with the same effect on DNS and hosts. */
  readonly substitutes: readonly { readonly type: string; readonly inputs: JsonObject }[];
  /** What the provider would say of it beyond what the substitutes say. */
  readonly says?: JsonObject;
}

let made = 0;

/** The stand-in for a resource; the resource itself where the local cloud has the type. */
export function standIn(type: string, inputs: JsonObject, cloud: CloudReader): StandIn {
  switch (type) {
    case AWS_TYPES.instance: {
      // A subnet of the stack's own is one that the local cloud doesn't have.
      const { subnetId, ...others } = inputs;
      return {
        substitutes: [{ type, inputs: others }],
        ...(subnetId !== undefined && { says: { subnetId } }),
      };
    }
    case "cloudflare:index/record:Record":
      return { substitutes: [{ type: DNS_RECORD, inputs: { ...inputs, ttl: inputs.ttl ?? 300 } }] };
    case "aws:route53/record:Record":
      return { substitutes: ofRoute53(inputs), says: { id: newId("route53") } };
    case "cloudflare:index/zone:Zone":
      return { substitutes: [], says: { id: ZONE.id } };
    case "aws:ec2/natGateway:NatGateway": {
      const publicIp = asText(cloud.find(AWS_TYPES.eip, asText(inputs.allocationId))?.outputs.publicIp);
      return { substitutes: [], says: { id: newId("nat"), publicIp } };
    }
    default:
      return type.startsWith("okmail:") || routing.has(type)
        ? { substitutes: [], says: { id: newId("made") } }
        : { substitutes: [{ type, inputs }] };
  }
}

/** What only decides by which address packets leave, which the rows tell of their hosts themselves. */
const routing: ReadonlySet<string> = new Set([
  "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment",
  "aws:ec2/vpc:Vpc",
  "aws:ec2/subnet:Subnet",
  "aws:ec2/routeTable:RouteTable",
  "aws:ec2/routeTableAssociation:RouteTableAssociation",
  "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation",
  "aws:ec2/route:Route",
]);

/** Each value of a Route 53 record set as a record of the same zone at Cloudflare: `10 mx.example.com` has its priority apart. */
function ofRoute53({ name, type, ttl, records }: JsonObject): StandIn["substitutes"] {
  return (records as readonly string[]).map((value) => {
    const [, priority, exchange] = /^(\d+) (\S+)$/.exec(value) ?? [];
    const content =
      type === "MX" && exchange !== undefined
        ? { priority: Number(priority), content: exchange }
        : { content: value };
    return {
      type: DNS_RECORD,
      inputs: { zoneId: ZONE.id, name: name ?? "", type: type ?? "", ttl: ttl ?? 300, ...content },
    };
  });
}

function newId(prefix: string): string {
  made += 1;
  return `${prefix}-${made.toString(16).padStart(17, "0")}`;
}
