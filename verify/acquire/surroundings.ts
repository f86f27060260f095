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
  const { endpoint, lists, nameServers, localCloud, configFile } = options;
  if (localCloud === undefined)
    return { api: { endpoint }, lists, nameServers, close: () => Promise.resolve() };
  // Only here: it takes long to load, and nothing else needs it.
  const { localSurroundings } = await import("./local-surroundings.ts");
  return localSurroundings(localCloud, configFile);
}
