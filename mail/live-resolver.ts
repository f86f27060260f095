import { Resolver as NodeResolver } from "node:dns/promises";
import type { Answers, RecordType, Resolver } from "./resolver.ts";

/**
 * The live DNS, through this machine's resolvers or through those given (`address` or `address:port`).
 *
 * @param timeout milliseconds until a query counts as lost; it is sent once more then, with twice the time
 */
export function liveResolver(nameServers: readonly string[], timeout: number): Resolver {
  const dns = new NodeResolver({ timeout, tries: 2 });
  if (nameServers.length > 0) dns.setServers(nameServers);
  return {
    resolve: async <T extends RecordType>(name: string, type: T) =>
      (await dns.resolve(name, type)) as unknown as Answers[T],
  };
}
