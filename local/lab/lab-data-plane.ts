import path from "node:path";
import type { DataPlane, DataPlaneOptions } from "../data-plane.ts";
import { cloudZones } from "../dns/cloud-zones.ts";
import { NoGuestError } from "../host/guest.ts";
import { BLOCKLIST, INBOX, list, listings, unlist } from "../inbox.ts";
import { createAuthority, type Authority } from "./authority.ts";
import { awsRecords, startAwsServices, trustFiles, type AwsServices } from "./aws-services.ts";
import { deliverFrom } from "./delivery.ts";
import { startLabDns, withRecords, type LabDns } from "./dns.ts";
import { Fleet } from "./fleet.ts";
import type { Guest } from "./guest.ts";
import { openLab, type Lab, type LabOptions } from "./lab.ts";
import { acmeRecords } from "./pebble.ts";
import { startLabReceiver, type LabReceiver } from "./receiver.ts";

/** How to set up the data plane of real hosts. */
export interface LabDataPlaneOptions extends DataPlaneOptions, LabOptions {}

/** The data plane of real hosts, and its parts, for those who want to disturb them. */
export interface LabDataPlane extends DataPlane {
  readonly lab: Lab;
  readonly nameServer: LabDns;
  readonly mailServer: LabReceiver;
  readonly aws: AwsServices;
  /** Whom instances trust, as they trust the authorities of the world. */
  readonly authority: Authority;
  /** The machine of an instance. Rejects with `NoGuestError` if there is none. */
  guest(instanceId: string): Promise<Guest>;
}

/**
 * The data plane that boots what is declared: each instance is a Debian that runs its user data, in a lab with Knot as
 * its DNS and a strict Postfix as the receiver. Machines start while the engine is still at work, as on EC2. Linux
 * only, as root.
 *
 * @throws LabUnavailableError where no lab can run
 */
export async function labDataPlane(options: LabDataPlaneOptions): Promise<LabDataPlane> {
  const lab = await openLab(options);
  try {
    return await furnish(lab, options);
  } catch (error) {
    await lab.close();
    throw error;
  }
}

async function furnish(lab: Lab, options: LabDataPlaneOptions): Promise<LabDataPlane> {
  const { store, zones, account, directory, dnsPort, report, signal } = options;
  const { region } = account;
  const sources = () => {
    const blocklist = { zone: BLOCKLIST, listings: listings(store) };
    return withRecords(cloudZones({ cloud: store, zones, region, inbox: INBOX, blocklist }), [
      ...awsRecords(region),
      ...acmeRecords,
    ]);
  };
  const authority = await createAuthority(lab);
  const [nameServer, mailServer, aws] = await Promise.all([
    startLabDns(lab, {
      zones: sources,
      serial: () => store.serial,
      ...(dnsPort !== undefined && { port: dnsPort }),
    }),
    startLabReceiver(lab, { hostname: INBOX.hostname, domain: INBOX.domain, blocklists: [BLOCKLIST] }),
    startAwsServices(lab, { store, account, authority }),
  ]);
  // Guests ask the name server itself, so it has to hear of a change before one of them does. `settle` tells what it
  // refuses.
  const stopFollowing = store.onChange(() => void nameServer.sync().catch(() => undefined));
  const fleet = new Fleet({
    lab,
    store,
    account,
    folder: path.join(directory, "volumes"),
    guestFiles: trustFiles(authority),
    report,
  });
  const guest = async (instanceId: string): Promise<Guest> => {
    const found = await fleet.guest(instanceId);
    if (found === undefined) throw new NoGuestError(instanceId, "there is no such instance");
    if (!found.isRunning) throw new NoGuestError(instanceId, "the instance is off");
    return found;
  };
  return {
    lab,
    nameServer,
    mailServer,
    aws,
    authority,
    guest,
    dns: nameServer.endpoint,
    resolver: nameServer.resolver,
    receiver: {
      address: mailServer.address,
      port: mailServer.port,
      domain: INBOX.domain,
      hostname: INBOX.hostname,
    },
    get attempts() {
      return mailServer.attempts;
    },
    get messages() {
      return mailServer.messages;
    },
    settle: async () => {
      await orAborted(fleet.settle(), signal);
      await nameServer.sync();
      await mailServer.sync();
    },
    deliver: async (instanceId, letter) => {
      const delivery = await orAborted(deliverFrom(await guest(instanceId), letter), signal);
      await mailServer.sync();
      return delivery;
    },
    list: (address, reason) => list(store, address, reason),
    unlist: (address) => unlist(store, address),
    close: async () => {
      stopFollowing();
      fleet.close();
      // What waits on a host of the lab goes with it, so this must not wait for it.
      await Promise.all([nameServer.close(), aws.close(), lab.close()]);
    },
  };
}

/** As `work`, but the wish to stop comes first. What is under way ends with the lab. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { signal: over.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    over.abort();
    work.catch(() => undefined);
  }
}
