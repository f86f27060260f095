import type { promises as dns } from "node:dns";
import type { Endpoint } from "../data-plane.ts";
import { isWithin } from "../dns/name.ts";
import type { ResourceRecord } from "../dns/record.ts";
import { localResolver } from "../dns/resolver.ts";
import { indexZones, type ZoneSource } from "../dns/zone.ts";
import { NAME_SERVER_ADDRESS } from "./addresses.ts";
import { forwardDns } from "./dns-forwarder.ts";
import { Knot } from "./dns-knot.ts";
import { presentName } from "./dns-presentation.ts";
import { zoneContents } from "./dns-zone-content.ts";
import type { Lab } from "./lab.ts";

/** What the lab's DNS is made of. */
export interface LabDnsOptions {
  /** The zones as they are to be served now. */
  readonly zones: () => readonly ZoneSource[];
  /** Changes whenever the zones may have changed. */
  readonly serial: () => number;
  /** The port wished for on this machine's loopback; where it is taken another is chosen. @default any free one */
  readonly port?: number;
}

/** The DNS of the lab's internet: Knot, which receivers, hosts and this process ask alike. */
export interface LabDns {
  /** On this machine's loopback; answers are never older than the zones. */
  readonly endpoint: Endpoint;
  readonly resolver: dns.Resolver;
  /** Resolves when the zones of this moment are served. Rejects with `KnotError` if one of them can't be. */
  sync(): Promise<void>;
  /** Signs a zone from now on; resolves to its key as a trust anchor in presentation form. */
  sign(origin: string): Promise<string>;
  /** Leaves every question unanswered until `resume`. */
  pause(): void;
  resume(): void;
  /** Stops answering on loopback; the name server itself ends with its host. */
  close(): Promise<void>;
}

/** Starts Knot on a host of its own and fills it. */
export async function startLabDns(lab: Lab, options: LabDnsOptions): Promise<LabDns> {
  const host = await lab.host("dns", { address: NAME_SERVER_ADDRESS, packages: ["knot"] });
  const knot = await Knot.start(host);
  let served: number | undefined;
  let turn: Promise<void> = Promise.resolve();
  const bring = async () => {
    const serial = options.serial();
    if (serial === served) return;
    await knot.serve(zoneContents(indexZones(options.zones(), serial)));
    served = serial;
  };
  // One after the other: each brings Knot to what the zones are when its turn comes.
  const sync = () => {
    const mine = turn.then(bring);
    turn = mine.catch(() => undefined);
    return mine;
  };
  await sync();
  const { port } = options;
  const forwarder = await forwardDns({
    socket: knot.queries,
    ready: sync,
    ...(port !== undefined && { port }),
  });
  const endpoint = { address: forwarder.address, port: forwarder.port };
  return {
    endpoint,
    resolver: localResolver([`${endpoint.address}:${endpoint.port}`]),
    sync,
    sign: (origin) => knot.sign(presentName(origin)),
    pause: () => knot.pause(),
    resume: () => knot.resume(),
    close: async () => {
      await forwarder.close();
      knot.close();
    },
  };
}

/** The zones with records of the lab's own added, each to the zone it lies in. Throws where there is none. */
export function withRecords(
  zones: readonly ZoneSource[],
  records: readonly ResourceRecord[],
): readonly ZoneSource[] {
  const added = new Map<string, ResourceRecord[]>(zones.map(({ origin }) => [origin, []]));
  for (const record of records) {
    const [origin] = [...added.keys()]
      .filter((candidate) => isWithin(record.name, candidate))
      .sort((one, other) => other.length - one.length);
    if (origin === undefined) throw new Error(`no zone of the lab holds ${record.name}`);
    added.get(origin)?.push(record);
  }
  return zones.map(({ origin, records: own }) => ({
    origin,
    records: [...own, ...(added.get(origin) ?? [])],
  }));
}
