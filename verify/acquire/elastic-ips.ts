import {
  AllocateAddressCommand,
  CreateTagsCommand,
  DescribeAddressesCommand,
  EC2Client,
  EC2ServiceException,
  ReleaseAddressCommand,
} from "@aws-sdk/client-ec2";
import { freeAddresses } from "./address-pool.ts";

/** An Elastic IP that `okmail acquire` has allocated for a stack. */
export interface AcquiredAddress {
  readonly allocationId: string;
  readonly address: string;
  /** "candidate" from its allocation on: nobody uses it. "clean" once the blocklists said so: a host may. */
  readonly state: "candidate" | "clean";
  /** The host it is for; a candidate is for none. */
  readonly host: string | undefined;
  readonly associated: boolean;
}

export interface ElasticIpsOptions {
  readonly region: string;
  /** The API's address, as of a test. @default AWS's own */
  readonly endpoint?: string | undefined;
  /** Who owns the addresses. */
  readonly stack: string;
  /** A pool of the account's own to draw from: `ipam-pool-…` or `ipv4pool-ec2-…`. @default Amazon's */
  readonly pool?: string | undefined;
  /** @default those of the environment, as for every tool of AWS */
  readonly credentials?: AwsCredentials | undefined;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A certain address of a pool. */
export interface PoolAddress {
  readonly address: string;
  /** The host it is for, noted from its allocation on. */
  readonly host: string;
}

/** Somebody has the address of the pool that was asked for. */
export class AddressTakenError extends Error {
  override readonly name = "AddressTakenError";
}

/** Names the stack; on each address from the moment of its allocation, so that none is ever lost. */
const acquiredTag = "okmail:acquired";
const stateTag = "okmail:acquire-state";
const hostTag = "okmail:host";

/** The Elastic IPs of one stack through the EC2 API. Each method throws an Error that says what AWS said, and what to do. */
export class ElasticIps {
  readonly #ec2: EC2Client;
  readonly #stack: string;
  readonly #pool: string | undefined;

  constructor({ region, endpoint, stack, pool, credentials }: ElasticIpsOptions) {
    this.#ec2 = new EC2Client({
      region,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials !== undefined && { credentials }),
      requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
    });
    this.#stack = stack;
    this.#pool = pool;
  }

  /** Those that carry the stack's tag, in the order of their ids. */
  async own(): Promise<readonly AcquiredAddress[]> {
    const filters = [{ Name: `tag:${acquiredTag}`, Values: [this.#stack] }];
    const { Addresses = [] } = await told("DescribeAddresses", () =>
      this.#ec2.send(new DescribeAddressesCommand({ Filters: filters })),
    );
    return Addresses.flatMap(({ AllocationId, PublicIp, AssociationId, InstanceId, Tags = [] }) => {
      if (AllocationId === undefined || PublicIp === undefined) return [];
      const tag = (key: string) => Tags.find(({ Key }) => Key === key)?.Value;
      const own: AcquiredAddress = {
        allocationId: AllocationId,
        address: PublicIp,
        state: tag(stateTag) === "candidate" ? "candidate" : "clean",
        host: tag(hostTag),
        associated: (AssociationId ?? InstanceId ?? "") !== "",
      };
      return [own];
    }).toSorted((one, other) => (one.allocationId < other.allocationId ? -1 : 1));
  }

  /**
   * Any address, or a certain one of the pool.
   * @throws AddressTakenError if that one can't be had, Error as all methods
   */
  async allocate(wanted?: PoolAddress): Promise<AcquiredAddress> {
    const { AllocationId, PublicIp } = await told("AllocateAddress", async () => {
      try {
        return await this.#ec2.send(new AllocateAddressCommand(this.#allocation(wanted)));
      } catch (error) {
        if (wanted !== undefined && error instanceof EC2ServiceException && taken.has(error.name))
          throw new AddressTakenError(error.message, { cause: error });
        throw error;
      }
    });
    if (AllocationId === undefined || PublicIp === undefined)
      throw new Error(
        "AWS allocated an address and did not say which; run okmail acquire again, it finds it",
      );
    return {
      allocationId: AllocationId,
      address: PublicIp,
      state: "candidate",
      host: wanted?.host,
      associated: false,
    };
  }

  /** The addresses of the pool that may be had, lowest first; some may be somebody else's already. */
  async free(): Promise<readonly string[]> {
    if (this.#pool === undefined) return [];
    return freeAddresses(this.#ec2, this.#pool, told);
  }

  /** Whether `allocate` would be allowed; allocates nothing. */
  async tryAllocation(): Promise<void> {
    await told("AllocateAddress", async () => {
      try {
        await this.#ec2.send(new AllocateAddressCommand({ ...this.#allocation(), DryRun: true }));
      } catch (error) {
        if (!(error instanceof EC2ServiceException && error.name === "DryRunOperation")) throw error;
      }
    });
  }

  async markClean({ allocationId }: AcquiredAddress, host: string): Promise<void> {
    const tags = [
      { Key: stateTag, Value: "clean" },
      { Key: hostTag, Value: host },
    ];
    await told("CreateTags", () =>
      this.#ec2.send(new CreateTagsCommand({ Resources: [allocationId], Tags: tags })),
    );
  }

  /** An address that is gone already is as good as released. */
  async release({ allocationId }: AcquiredAddress): Promise<void> {
    await told("ReleaseAddress", async () => {
      try {
        await this.#ec2.send(new ReleaseAddressCommand({ AllocationId: allocationId }));
      } catch (error) {
        if (!(error instanceof EC2ServiceException && error.name === "InvalidAllocationID.NotFound"))
          throw error;
      }
    });
  }

  close(): void {
    this.#ec2.destroy();
  }

  #allocation(wanted?: PoolAddress) {
    const tags = [
      { Key: acquiredTag, Value: this.#stack },
      { Key: stateTag, Value: "candidate" },
      ...(wanted === undefined ? [] : [{ Key: hostTag, Value: wanted.host }]),
    ];
    return {
      Domain: "vpc" as const,
      TagSpecifications: [{ ResourceType: "elastic-ip" as const, Tags: tags }],
      ...(wanted !== undefined && { Address: wanted.address }),
      ...poolParameter(this.#pool, wanted),
    };
  }
}

/** IPAM has to be named with the address; a brought network is known by it ("use the Address parameter instead"). */
function poolParameter(pool: string | undefined, wanted: PoolAddress | undefined) {
  if (pool === undefined) return {};
  if (pool.startsWith("ipam-pool-")) return { IpamPoolId: pool };
  return wanted === undefined ? { PublicIpv4Pool: pool } : {};
}

const remedies: Readonly<Record<string, string>> = {
  AddressLimitExceeded:
    "the account has as many Elastic IPs in this Region as it may: release some, or ask for more in Service Quotas, EC2, " +
    '"EC2-VPC Elastic IPs" (L-0263D0A3)',
  UnauthorizedOperation: "allow this action of EC2 to the credentials",
  AuthFailure: "the credentials are not valid here",
  CredentialsProviderError: "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
};

/** AWS's codes for an address that is in use, or not there any more. */
const taken: ReadonlySet<string> = new Set([
  "AddressInUse",
  "InvalidAddress.NotFound",
  "InvalidParameterValue",
  "ResourceAlreadyAllocated",
]);

async function told<T>(action: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AddressTakenError) throw error;
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const remedy = remedies[name];
    throw new Error(
      `ec2:${action} failed: ${name}${message === "" ? "" : `: ${message}`}${remedy === undefined ? "" : `; ${remedy}`}`,
      { cause: error },
    );
  }
}
