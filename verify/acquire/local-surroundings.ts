import { openLocalCloud } from "../../local/cloud.ts";
import { BLOCKLIST } from "../../local/inbox.ts";
import { readSurroundings } from "../../local/stack-file.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * The local cloud in `folder`: its EC2, its blocklist.
 * @throws Error if another process has it open, or the stack's configuration is wrong
 */
export async function localSurroundings(folder: string, configFile: string): Promise<Surroundings> {
  const cloud = await openLocalCloud({ folder, surroundings: readSurroundings(configFile) });
  const { address, port } = cloud.plane.dns;
  return {
    api: { endpoint: cloud.ec2.url, credentials: cloud.ec2.credentials() },
    lists: [BLOCKLIST],
    nameServers: [`${address}:${port}`],
    close: () => cloud.close(),
  };
}
