import { asText } from "../store.ts";
import type { CloudReader, CloudRecord, JsonObject } from "../store.ts";
import { arn, privateDnsName, publicDnsName } from "./account.ts";
import type { Account } from "./account.ts";
import { associationOf, holderOf } from "./association.ts";
import { customPtr } from "./reverse-dns.ts";

/** All that the real provider says of an Elastic IP. */
export function elasticIpView(
  account: Account,
  cloud: CloudReader,
  { id, inputs, outputs }: CloudRecord,
): JsonObject {
  const publicIp = asText(outputs.publicIp);
  const association = associationOf(cloud, id);
  const pool = poolOf(outputs);
  return {
    publicIp,
    allocationId: id,
    arn: arn(account, "ec2", `elastic-ip/${id}`),
    associationId: association?.associationId ?? "",
    carrierIp: "",
    customerOwnedIp: "",
    domain: "vpc",
    instance: association === undefined ? "" : (holderOf(cloud, association.networkInterfaceId)?.id ?? ""),
    ipamPoolId: pool.startsWith("ipam-pool-") ? pool : "",
    networkBorderGroup: inputs.networkBorderGroup ?? account.region,
    networkInterface: association?.networkInterfaceId ?? "",
    privateDns: association === undefined ? "" : privateDnsName(account.region, association.privateIp),
    privateIp: association?.privateIp ?? "",
    // Without the final dot, unlike the one of EipDomainName.
    ptrRecord: customPtr(cloud, id) ?? "",
    publicDns: publicDnsName(account.region, publicIp),
    publicIpv4Pool: pool,
  };
}

/** The id of the pool that an Elastic IP is from, "amazon" for Amazon's. */
export function poolOf(outputs: JsonObject): string {
  return asText(outputs.pool) || "amazon";
}
