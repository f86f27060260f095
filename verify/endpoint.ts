import { isIP, isIPv6 } from "node:net";

/** Where something listens. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where to connect to for an address and port: itself, or what stands in for it in a test or a local cloud. */
export type Reach = (address: string, port: number) => Endpoint;

/** Every address is where it says. */
export const directly: Reach = (address, port) => ({ address, port });

/** `192.0.2.53:53`, `[2001:db8::53]:53` */
export function endpointText({ address, port }: Endpoint): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

/** `192.0.2.53`, `127.0.0.1:5300`, `2001:db8::53`, `[2001:db8::53]:53`; undefined if it is no such thing. */
export function readEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  if (isIPv6(text)) return { address: text, port: defaultPort };
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? "";
  const port = digits === undefined ? defaultPort : Number(digits);
  const version = isIP(address);
  const good = version !== 0 && (version === 6) === (bracketed !== undefined) && port > 0 && port < 65_536;
  return good ? { address, port } : undefined;
}

/** Connects to `to` for each `from` of the entries, and as `otherwise` says to all else. */
export function connectingTo(
  entries: readonly (readonly [from: Endpoint, to: Endpoint])[],
  otherwise: Reach = directly,
): Reach {
  const known = new Map(entries.map(([from, to]) => [endpointText(from), to]));
  return (address, port) => known.get(endpointText({ address, port })) ?? otherwise(address, port);
}
