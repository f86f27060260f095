import type { promises as dns } from "node:dns";
import { join } from "node:path";
import type { CloudflareZone } from "./cloudflare/zones.ts";
import { cloudZones, type Inbox } from "./dns/cloud-zones.ts";
import { localResolver } from "./dns/resolver.ts";
import { startDnsServer } from "./dns/server.ts";
import { indexZones, type Zones } from "./dns/zone.ts";
import { readGuest, type HostAccount } from "./host/guest.ts";
import type { Letter } from "./host/message.ts";
import { sendMessage, type Delivery } from "./host/send-message.ts";
import { BLOCKLIST, INBOX, list, listings, unlist } from "./inbox.ts";
import type { Attempt, ReceivedMessage } from "./receiver/attempt.ts";
import type { DialogueLine } from "./receiver/dialogue.ts";
import { startReceiver } from "./receiver/receiver.ts";
import type { CloudStore } from "./store.ts";

/** Where something listens: on loopback, or within the lab. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * What makes the declared cloud act: names resolve, hosts send, a receiver judges. It follows the store; nothing has to
 * be told to it.
 */
export interface DataPlane {
  /** The DNS of the whole internet as far as the cloud knows it, UDP and TCP. */
  readonly dns: Endpoint;
  /** Asks that DNS, with the contract of Node's own resolver. */
  readonly resolver: dns.Resolver;
  /** The receiver, and the domain that it takes mail for. */
  readonly receiver: Endpoint & Pick<Inbox, "domain" | "hostname">;
  /** What the receiver saw, oldest first; how much of it is known depends on the receiver. */
  readonly attempts: readonly Attempt[];
  /** What it accepted, oldest first. */
  readonly messages: readonly ReceivedMessage[];
  /** Resolves when instances run or are gone, and addresses lead where they should, as the store now has it. */
  settle(): Promise<void>;
  /** Has an instance send a letter. Rejects with `NoGuestError` if it isn't a mail host. */
  deliver(instanceId: string, letter: Letter): Promise<Delivery>;
  /** Puts an address on the local blocklist, or takes it off. */
  list(address: string, reason: string): void;
  unlist(address: string): void;
  /** Ends everything that listens or runs. The store stays open. */
  close(): Promise<void>;
}

/** What a data plane is made of. */
export interface DataPlaneOptions {
  readonly store: CloudStore;
  readonly zones: readonly CloudflareZone[];
  readonly account: HostAccount;
  /** The folder for what it keeps: accepted mail (a Maildir `mail` in it), volumes. */
  readonly directory: string;
  /** The port wished for; where it is taken another is chosen. @default any free one */
  readonly dnsPort?: number;
}

/** How to set up the data plane that lives in this process. */
export interface ProcessDataPlaneOptions extends DataPlaneOptions {
  /** Told of each line of each SMTP session. */
  readonly trace?: (line: DialogueLine) => void;
}

/**
 * The data plane that needs neither root nor Linux: DNS, hosts and receiver within this process, on loopback only. A
 * host is no machine here: what it would do is read from its user data, and its address is carried by the PROXY
 * protocol.
 */
export async function processDataPlane(options: ProcessDataPlaneOptions): Promise<DataPlane> {
  const { store, account, directory, dnsPort, trace } = options;
  const zonesNow = liveZones(options);
  const dnsServer = await startDnsServer(zonesNow, dnsPort === undefined ? {} : { port: dnsPort });
  const servers = [`${dnsServer.address}:${dnsServer.port}`];
  const receiver = await startReceiver({
    resolver: servers,
    hostname: INBOX.hostname,
    recipientDomain: INBOX.domain,
    blocklistZones: [BLOCKLIST],
    maildir: join(directory, "mail"),
    ...(trace !== undefined && { trace }),
  }).catch(async (error: unknown) => {
    await dnsServer.close();
    throw error;
  });
  return {
    dns: { address: dnsServer.address, port: dnsServer.port },
    resolver: localResolver(servers),
    receiver: {
      address: receiver.address,
      port: receiver.port,
      domain: INBOX.domain,
      hostname: INBOX.hostname,
    },
    attempts: receiver.attempts,
    messages: receiver.messages,
    settle: () => Promise.resolve(),
    deliver: async (instanceId, letter) =>
      sendMessage(readGuest(store, account, instanceId), letter, receiver),
    list: (address, reason) => list(store, address, reason),
    unlist: (address) => unlist(store, address),
    close: async () => {
      await receiver.close();
      await dnsServer.close();
    },
  };
}

/** The zones as they follow from the store, worked out anew when it has changed. */
function liveZones({ store, zones, account }: ProcessDataPlaneOptions): () => Zones {
  let known: { serial: number; zones: Zones } | undefined;
  return () => {
    if (known?.serial !== store.serial) {
      const blocklist = { zone: BLOCKLIST, listings: listings(store) };
      const sources = cloudZones({ cloud: store, zones, region: account.region, inbox: INBOX, blocklist });
      known = { serial: store.serial, zones: indexZones(sources, store.serial) };
    }
    return known.zones;
  };
}
