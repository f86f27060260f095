import type { PolicyConfigSchema } from "@pulumi/policy";
import { Blocklists, chooseLists, keysFromEnvironment, standardLists } from "../mail/blocklists.ts";
import { liveResolver } from "../mail/live-resolver.ts";

/** Settings of `address-not-listed` in a file for `--policy-pack-config`. */
export interface BlocklistSettings {
  readonly blocklists?: readonly string[];
  readonly ask?: boolean;
  readonly nameServers?: readonly string[];
  readonly timeLimit?: number;
  readonly mailNames?: readonly string[];
}

export const blocklistSchema: PolicyConfigSchema = {
  properties: {
    blocklists: {
      type: "array",
      items: { type: "string" },
      default: [],
      description:
        "Blocklists of addresses to ask, by zone or name, such as zen.spamhaus.org; none: no list is asked, unless ask is true.",
    },
    ask: {
      type: "boolean",
      description:
        "Whether blocklists are asked: true for a standard set where none are named, false for none at all.",
    },
    nameServers: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Resolvers to ask, such as 127.0.0.1:5300; none: those of this machine.",
    },
    timeLimit: {
      type: "integer",
      default: 5_000,
      minimum: 100,
      maximum: 60_000,
      description: "Milliseconds that one look-up may take.",
    },
    mailNames: {
      type: "array",
      items: { type: "string" },
      default: [],
      description:
        "HELO names whose records come before their hosts, so that their addresses are asked about before the record " +
        "is created.",
    },
  },
};

/**
 * The client that the settings ask for, undefined if they ask for none. Keys for lists come from the environment.
 *
 * @throws RangeError for a list that can't be asked, and for a key that is none
 */
export function blocklistsOf(
  { blocklists = [], ask = blocklists.length > 0, nameServers = [], timeLimit = 5_000 }: BlocklistSettings,
  environment: Readonly<Record<string, string | undefined>>,
): Blocklists | undefined {
  if (!ask) return undefined;
  const keys = keysFromEnvironment(environment);
  const lists = blocklists.length > 0 ? chooseLists(blocklists) : standardLists("addresses", keys);
  const foreign = lists.find((list) => list.lists === "domains");
  if (foreign !== undefined)
    throw new RangeError(`"${foreign.zone}" lists domains, and this is about addresses: take it out`);
  // A query that is lost is asked again after as long as this, and then has twice as long: both within the limit.
  const resolver = liveResolver(nameServers, Math.ceil(timeLimit / 3));
  return new Blocklists(resolver, { lists, keys, timeLimit });
}
