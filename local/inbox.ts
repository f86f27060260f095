import { isIP } from "node:net";
import type { Listing } from "./dns/blocklist.ts";
import type { Inbox } from "./dns/cloud-zones.ts";
import { RECEIVER_ENDPOINT } from "./host/smtp-client.ts";
import type { CloudReader, CloudStore } from "./store.ts";

/** The mailbox of the local cloud's internet. */
export const INBOX: Inbox = {
  domain: "inbox.okmail.internal",
  hostname: "mx.inbox.okmail.internal",
  address: RECEIVER_ENDPOINT.ip4,
};

/** The DNS blocklist that its receiver asks. */
export const BLOCKLIST = "dnsbl.okmail.internal";

/** Where the store keeps the listings: JSON list of addresses with reasons. */
const LISTINGS = "local:blocklist";

/** What is on the blocklist. */
export function listings(cloud: CloudReader): readonly Listing[] {
  return (cloud.fact(LISTINGS) ?? []) as unknown as readonly Listing[];
}

/** Puts an address on the blocklist. Throws if it is none. */
export function list(store: CloudStore, address: string, reason: string): void {
  if (isIP(address) === 0) throw new Error(`"${address}" is no IP address`);
  relist(store, (present) => [...present.filter((other) => other.address !== address), { address, reason }]);
}

/** Takes an address off the blocklist. */
export function unlist(store: CloudStore, address: string): void {
  relist(store, (present) => present.filter((other) => other.address !== address));
}

function relist(store: CloudStore, change: (present: readonly Listing[]) => readonly Listing[]): void {
  store.transact((cloud) =>
    cloud.setFact(
      LISTINGS,
      change(listings(cloud)).map(({ address, reason }) => ({ address, reason })),
    ),
  );
}
