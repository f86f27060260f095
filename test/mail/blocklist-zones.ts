import { reverseName } from "../../mail/host-name.ts";
import type { Zone } from "../helpers/dns-zone.ts";

/** The labels before a list's zone that stand for an address: 192.0.2.10 -> 10.2.0.192. */
export function reversed(address: string): string {
  return reverseName(address).replace(/\.(in-addr|ip6)\.arpa$/, "");
}

/** A blocklist of addresses that passes the self-test, with entries as `{ "192.0.2.10": ["127.0.0.2"] }`. */
export function listZone(zone: string, entries: Readonly<Record<string, readonly string[]>> = {}): Zone {
  const tested = { "127.0.0.2": ["127.0.0.2"], "::ffff:7f00:2": ["127.0.0.2"], ...entries };
  return Object.fromEntries([
    [zone, { NS: ["ns.example"] }],
    ...Object.entries(tested).map(([address, A]) => [
      `${reversed(address)}.${zone}`,
      { A, TXT: [`Listed: ${address}`] },
    ]),
  ]) as Zone;
}
