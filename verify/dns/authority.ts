import { isIPv4 } from "node:net";
import { normalizeName } from "../../mail/host-name.ts";
import type { Endpoint, Reach } from "../endpoint.ts";
import { asker, type Asker, type Heard } from "./asker.ts";
import type { Exchange } from "./exchange.ts";
import type { Question } from "./wire.ts";

/** The servers of a zone itself: what they say is the truth about it. */
export interface Authority {
  readonly zone: string;
  /** Never empty. */
  readonly servers: readonly Asker[];
}

/** More servers of one zone are not asked. */
const mostServers = 8;

const dnsPort = 53;

export interface AuthorityOptions {
  readonly exchange: Exchange;
  /** Asks the resolvers. */
  readonly ask: (question: Question) => Promise<Heard | undefined>;
  readonly reach: Reach;
}

/** Finds the name servers of zones, by way of resolvers. Each is found once. */
export class Authorities {
  readonly #options: AuthorityOptions;
  readonly #zones = new Map<string, Promise<string | undefined>>();
  readonly #authorities = new Map<string, Promise<Authority | undefined>>();
  readonly #servers = new Map<string, Asker>();
  /** Names right below which others have been asked about. */
  readonly #parents = new Set<string>();

  constructor(options: AuthorityOptions) {
    this.#options = options;
  }

  /** Who serves the zone that `name` lies in. Undefined if nobody can say. */
  async of(name: string): Promise<Authority | undefined> {
    const zone = await this.#zoneOf(name);
    if (zone === undefined) return undefined;
    const known = this.#authorities.get(zone) ?? this.#find(zone);
    this.#authorities.set(zone, known);
    return known;
  }

  #zoneOf(name: string): Promise<string | undefined> {
    const known = this.#zones.get(name) ?? this.#findZone(name);
    this.#zones.set(name, known);
    return known;
  }

  /** The start of authority that comes with any answer about the name (RFC 1034 6.2, RFC 2308 3). */
  async #findZone(name: string): Promise<string | undefined> {
    const parent = name.slice(name.indexOf(".") + 1);
    // Most names are a zone or lie right below one: what comes next is asked for at once. Siblings share theirs.
    const likely = this.#parents.has(parent) ? [] : [...new Set([name, parent])];
    this.#parents.add(parent);
    for (const zone of likely) void this.#options.ask({ name: zone, type: "NS" });
    const heard = await this.#options.ask({ name, type: "SOA" });
    if (heard?.reply === undefined || (heard.said.kind !== "found" && heard.said.kind !== "absent"))
      return undefined;
    const { answers, authorities } = heard.reply;
    const owners = [...answers, ...authorities]
      .filter(({ type }) => type === "SOA")
      .map((record) => (record.name === "." ? "" : normalizeName(record.name)));
    const zone = owners.find((owner) => owner === "" || name === owner || name.endsWith(`.${owner}`));
    if (zone !== undefined) return zone;
    // An alias: the start of authority is that of its target. The alias lies where its parent does.
    return parent === name ? undefined : this.#zoneOf(parent);
  }

  async #find(zone: string): Promise<Authority | undefined> {
    const { ask, reach } = this.#options;
    const heard = await ask({ name: zone, type: "NS" });
    if (heard?.said.kind !== "found") return undefined;
    const names = heard.said.records.flatMap((record) =>
      record.type === "NS" ? [normalizeName(record.data)] : [],
    );
    const found = await Promise.all(
      [...new Set(names)].map(async (name) => {
        const addresses = await this.#addressesOf(name);
        return addresses.map((address) => this.#server(`${name} (${address})`, reach(address, dnsPort)));
      }),
    );
    const servers = found.flat().slice(0, mostServers);
    return servers.length === 0 ? undefined : { zone, servers };
  }

  /** A server of several zones is the same for all of them. */
  #server(name: string, endpoint: Endpoint): Asker {
    const known = this.#servers.get(name) ?? asker(name, endpoint, this.#options.exchange, false);
    this.#servers.set(name, known);
    return known;
  }

  /** IPv4, which is there wherever this runs, and IPv6 where there is nothing else. */
  async #addressesOf(name: string): Promise<string[]> {
    const heard = await Promise.all(
      (["A", "AAAA"] as const).map((type) => this.#options.ask({ name, type })),
    );
    const addresses = heard.flatMap((one) =>
      one?.said.kind === "found"
        ? one.said.records.flatMap((record) =>
            record.type === "A" || record.type === "AAAA" ? [record.data] : [],
          )
        : [],
    );
    const ip4 = addresses.filter((address) => isIPv4(address));
    return ip4.length > 0 ? ip4 : addresses;
  }
}
