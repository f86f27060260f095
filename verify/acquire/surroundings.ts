import { BLOCKLIST } from "../../local/inbox.ts";
import { readSurroundings } from "../../local/stack-file.ts";
import type { AcquireArguments } from "./acquire-arguments.ts";
import type { ElasticIpsOptions } from "./elastic-ips.ts";

/** Where addresses come from and who is asked about them: AWS and the internet, or the local cloud in place of both. */
export interface Surroundings {
  readonly api: Pick<ElasticIpsOptions, "credentials" | "endpoint">;
  /** As for the arguments of the same names. */
  readonly lists: readonly string[];
  readonly nameServers: readonly string[];
  close(): Promise<void>;
}

/** @throws Error if another process has the local cloud open, or its stack's configuration is wrong */
export async function openSurroundings(options: AcquireArguments): Promise<Surroundings> {
  const { endpoint, lists, nameServers, localCloud: folder, configFile } = options;
  if (folder === undefined) return { api: { endpoint }, lists, nameServers, close: () => Promise.resolve() };
  // Only here: whoever has no local cloud needs nothing of it.
  const { openLocalCloud } = await import("../../local/cloud.ts");
  const cloud = await openLocalCloud({ folder, surroundings: readSurroundings(configFile) });
  const { address, port } = cloud.plane.dns;
  return {
    api: { endpoint: cloud.ec2.url, credentials: cloud.ec2.credentials() },
    lists: [BLOCKLIST],
    nameServers: [`${address}:${port}`],
    close: () => cloud.close(),
  };
}
