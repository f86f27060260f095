import { networkInterfaces } from "node:os";
import type { Reach } from "../endpoint.ts";

/** Where EC2 tells an instance about itself. */
const metadata = { address: "169.254.169.254", port: 80 } as const;
/** Milliseconds: an instance answers within a few, elsewhere nobody does. */
const timeLimit = 1_000;

/**
 * The addresses under which this machine is known outside: those of its interfaces, and on EC2, where they are translated, its
 * public one by the metadata service (IMDSv2).
 */
export async function ownPublicAddresses(reach: Reach): Promise<ReadonlySet<string>> {
  const own = Object.values(networkInterfaces()).flatMap((some = []) => some.map(({ address }) => address));
  return new Set([...own, ...(await publicAddressOnEc2(reach))]);
}

async function publicAddressOnEc2(reach: Reach): Promise<string[]> {
  const { address, port } = reach(metadata.address, metadata.port);
  const origin = `http://${address}:${port}/latest`;
  const signal = AbortSignal.timeout(timeLimit);
  try {
    const token = await textOf(
      await fetch(`${origin}/api/token`, {
        method: "PUT",
        headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" },
        signal,
      }),
    );
    const headers = { "x-aws-ec2-metadata-token": token };
    return [await textOf(await fetch(`${origin}/meta-data/public-ipv4`, { headers, signal }))];
  } catch {
    // No EC2, or no public address.
    return [];
  }
}

async function textOf(response: Response): Promise<string> {
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.text()).trim();
}
