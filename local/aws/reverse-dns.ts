/** What AWS's own DNS servers say of the account's public addresses. */
import { asText } from "../store.ts";
import type { CloudReader } from "../store.ts";
import { publicDnsName } from "./account.ts";
import { AWS_TYPES } from "./types.ts";

/** A public address of the account and its names. Names are lower case, without final dot. */
export interface AddressNames {
  readonly address: string;
  /** What the address's PTR record says: the name asked for by an EipDomainName, else the default name. */
  readonly ptr: string;
  /** AWS's own name for the address, whose A record always holds it: `ec2-192-0-2-10.eu-central-1.compute.amazonaws.com`. */
  readonly defaultName: string;
}

/** The names of all public addresses in use: for the reverse zone, and for the A records of the default names. */
export function addressNames(cloud: CloudReader, region: string): readonly AddressNames[] {
  const elastic = cloud
    .list(AWS_TYPES.eip)
    .map(({ id, outputs }) => ({ address: asText(outputs.publicIp), ptr: customPtr(cloud, id) }));
  const automatic = cloud
    .list(AWS_TYPES.instance)
    .flatMap(({ outputs }) =>
      typeof outputs.automaticIp === "string" ? [{ address: outputs.automaticIp, ptr: undefined }] : [],
    );
  return [...elastic, ...automatic].map(({ address, ptr }) => {
    const defaultName = publicDnsName(region, address);
    return { address, ptr: ptr ?? defaultName, defaultName };
  });
}

/** The name that an Elastic IP's PTR record was set to, lower case without final dot; undefined for the default. */
export function customPtr(cloud: CloudReader, allocationId: string): string | undefined {
  const set = cloud.find(AWS_TYPES.eipDomainName, allocationId);
  return set && asText(set.inputs.domainName).toLowerCase().replace(/\.$/, "");
}
