import type { CloudReader } from "../store.ts";
import { sameDnsName } from "../provider/compare.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { awsResource } from "./aws-resource.ts";
import { customPtr } from "./reverse-dns.ts";
import { AWS_TYPES } from "./types.ts";

const MODIFY = { service: "EC2", operation: "ModifyAddressAttribute" } as const;

interface Inputs {
  readonly allocationId: string;
  readonly domainName: string;
}

/** What the name resolves to just now, or why that can't be said. */
type Forward = readonly string[] | Error;

/**
 * aws:ec2/eipDomainName:EipDomainName, the PTR record of an Elastic IP. AWS sets it only when the name's A record holds that
 * very address (EC2 User Guide, "Use reverse DNS for email applications on Amazon EC2").
 */
export function eipDomainName(account: Account): ResourceDefinition {
  return awsResource<Inputs, Forward>(account, {
    type: AWS_TYPES.eipDomainName,
    label: "EC2 EIP Domain Name",
    formats: { domainName: hostName },
    forcesNew: ["allocationId"],
    equivalences: { domainName: sameDnsName },
    recomputes: (changed) => (changed.has("domainName") ? ["ptrRecord"] : []),

    prepare: ({ domainName }) => resolveForward(account, domainName),

    create: (cloud, inputs, _, forward) => {
      assertForward(cloud, inputs, forward);
      // To set it again is to overwrite it, whoever did so before.
      cloud.remove(AWS_TYPES.eipDomainName, inputs.allocationId);
      return { id: inputs.allocationId, outputs: {} };
    },

    update: (cloud, record, inputs, forward) => {
      if (!sameDnsName(record.inputs.domainName ?? "", inputs.domainName))
        assertForward(cloud, inputs, forward);
      return {};
    },

    // With the final dot, as the DNS writes it.
    view: (cloud, { id }) => ({ ptrRecord: `${customPtr(cloud, id) ?? ""}.` }),
  });
}

async function resolveForward(account: Account, name: string): Promise<Forward> {
  try {
    return await account.resolve4(name.toLowerCase().replace(/\.$/, ""));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOTFOUND" || code === "ENODATA") return [];
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * AWS accepts the request and fails it later, which the real provider sees while it waits for the update. The words up to
 * "last error" are the provider's; AWS doesn't document the reasons it gives, they are ours.
 */
function assertForward(cloud: CloudReader, { allocationId, domainName }: Inputs, forward: Forward): void {
  const address = cloud.find(AWS_TYPES.eip, allocationId)?.outputs.publicIp;
  if (typeof address !== "string") {
    throw new ApiError(
      MODIFY,
      "InvalidAllocationID.NotFound",
      `The allocation ID '${allocationId}' does not exist`,
    );
  }
  if (!(forward instanceof Error) && forward.includes(address)) return;
  throw new Error(
    `waiting for EC2 EIP Domain Name (${allocationId}): unexpected state 'FAILED', wanted target ''. ` +
      `last error: the forward DNS record of ${domainName} must hold ${address}, ${describe(forward)}`,
  );
}

function describe(forward: Forward): string {
  if (forward instanceof Error) return `and the look-up failed: ${forward.message}`;
  return forward.length === 0 ? "but there is no A record" : `but it holds ${forward.join(", ")}`;
}

/** A host name of at least two labels (RFC 1123 section 2.1), with or without final dot. */
function hostName(value: string): string | undefined {
  const labels = value.replace(/\.$/, "").split(".");
  const isValid =
    value.length <= 254 &&
    labels.length >= 2 &&
    labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
  return isValid ? undefined : `expected a fully qualified domain name, got: ${value}`;
}
