import { reversedLabels } from "./name.ts";
import type { ResourceRecord } from "./record.ts";
import type { ZoneSource } from "./zone.ts";

/** An address on a blocklist. */
export interface Listing {
  readonly address: string;
  /** What the list says to whom it concerns. */
  readonly reason: string;
}

/** The test entries that every list has; 127.0.0.1 and ::FFFF:7F00:1 must never be listed (RFC 5782 section 5). */
const TEST_ENTRIES: readonly Listing[] = [
  { address: "127.0.0.2", reason: "This list's test entry" },
  { address: "::ffff:7f00:2", reason: "This list's test entry" },
];

const TTL = 60;

/**
 * A blocklist zone by RFC 5782: for each address an A record 127.0.0.2 and a TXT with the reason, below the zone, under
 * the octets (or nibbles) in reverse. Throws if an address is none.
 */
export function blocklistZone(origin: string, listings: readonly Listing[]): ZoneSource {
  return { origin, records: [...TEST_ENTRIES, ...listings].flatMap((listing) => listed(origin, listing)) };
}

function listed(origin: string, { address, reason }: Listing): ResourceRecord[] {
  const name = `${reversedLabels(address)}.${origin}`;
  const text = [Buffer.from(reason).subarray(0, 255)];
  return [
    { name, type: "A", ttl: TTL, data: "127.0.0.2" },
    { name, type: "TXT", ttl: TTL, data: text },
  ];
}
