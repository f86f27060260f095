import { promises as dns } from "node:dns";

/** How long a query may take at first, in milliseconds (c-ares doubles it with each further try), and how many tries. */
export interface Patience {
  readonly timeout: number;
  readonly tries: number;
}

/**
 * Node's own resolver, asking only the servers given (`address:port`). NXDOMAIN is ENOTFOUND, no data is ENODATA, a
 * truncated answer is fetched over TCP, silence is ETIMEOUT: by default after 2 s and 4 s.
 */
export function localResolver(
  servers: readonly string[],
  patience: Patience = { timeout: 2000, tries: 2 },
): dns.Resolver {
  const resolver = new dns.Resolver(patience);
  resolver.setServers([...servers]);
  return resolver;
}
