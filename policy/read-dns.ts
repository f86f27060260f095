import { normalizeName } from "../mail/host-name.ts";
import type { DnsRecord, Origin } from "./planned-resource.ts";
import type { Plan } from "./plan.ts";
import { given, isUnknown, known, oneOf, type Properties, type Value } from "./property.ts";

export function readRoute53Zone(plan: Plan, origin: Origin, zone: Properties): void {
  const vpcs = zone.objects("vpcs");
  plan.zones.add({
    ...origin,
    id: oneOf(given(zone.text("zoneId")), zone.text("id")),
    apex: nameOf(zone.text("name")),
    hidden: isUnknown(vpcs) ? vpcs.dependsOn.length > 0 : (vpcs?.length ?? 0) > 0,
  });
}

export function readCloudflareZone(plan: Plan, origin: Origin, zone: Properties): void {
  plan.zones.add({
    ...origin,
    id: zone.text("id"),
    // `zone` until version 5 of the provider.
    apex: nameOf(oneOf(zone.text("name"), zone.text("zone"))),
    hidden: false,
  });
}

export function readRoute53Record(plan: Plan, origin: Origin, record: Properties): void {
  const alias = known(record.objects("aliases"))?.[0];
  const routing = ["weightedRoutingPolicies", "latencyRoutingPolicies", "failoverRoutingPolicies"];
  const geographic = ["geolocationRoutingPolicies", "geoproximityRoutingPolicy", "cidrRoutingPolicy"];
  plan.records.push({
    ...origin,
    provider: "route53",
    zone: record.link("zoneId"),
    ...recordName(record),
    fqdn: nameOf(record.text("fqdn")),
    type: capitals(record.text("type")),
    contents: record.texts("records") ?? [],
    priority: undefined,
    proxied: false,
    alias: alias === undefined ? undefined : nameOf(alias.text("name")),
    oneOfSeveral: [...routing, ...geographic].some((policy) => {
      const found = record.objects(policy);
      return isUnknown(found) ? found.dependsOn.length > 0 : (found?.length ?? 0) > 0;
    }),
  });
}

export function readCloudflareRecord(plan: Plan, origin: Origin, record: Properties): void {
  const data = known(record.object("data"));
  const content = oneOf(record.text("content"), record.text("value"), data?.text("target"));
  plan.records.push({
    ...origin,
    provider: "cloudflare",
    zone: record.link("zoneId"),
    ...recordName(record),
    // An output of the provider until its version 5.
    fqdn: nameOf(record.text("hostname")),
    type: capitals(record.text("type")),
    contents: content === undefined ? [] : [content],
    priority: oneOf(record.number("priority"), data?.number("priority")),
    proxied: orDefault(record.flag("proxied"), false),
    alias: undefined,
    oneOfSeveral: false,
  });
}

function recordName(record: Properties): Pick<DnsRecord, "recordName" | "namedByAws"> {
  const written = record.text("name");
  const name = typeof written === "string" ? normalizeName(written).replace(octal, fromOctal) : written;
  return {
    recordName: name,
    namedByAws: isUnknown(name) && name.dependsOn.some((urn) => givesNames.test(urn)),
  };
}

/** Route 53 writes `*` as `\052`. */
const octal = /\\([0-3][0-7]{2})/g;

function fromOctal(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 8));
}

/** Resources that ask for records by names such as `_x1.example.com` and `x._domainkey.example.com`. */
const givesNames = /[:$]aws:(acm|ses|sesv2)\/[^:]*:[^:]*::/;

/** A value that nobody gave and the provider fills in later is its default. */
function orDefault<T>(value: Value<T>, standard: T): Value<T> {
  return value === undefined || (isUnknown(value) && value.dependsOn.length === 0) ? standard : value;
}

/** A name in the one form in which names are compared. */
export function nameOf(text: Value<string>): Value<string> {
  return typeof text === "string" && text !== "" ? normalizeName(text) : given(text);
}

function capitals(text: Value<string>): Value<string> {
  return typeof text === "string" ? text.toUpperCase() : text;
}
