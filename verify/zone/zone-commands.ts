import { isIPv4 } from "node:net";
import type { Endpoint } from "../endpoint.ts";
import { zoneEntry, type ZoneEntry } from "./zone-file.ts";
import type { ZoneRecords } from "./zone-records.ts";

/**
 * A question about one name and type by hand: the command lines, and the lines that dig has to answer with, in any order.
 * nslookup says the same among other words.
 */
export interface HandCheck {
  readonly owner: string;
  readonly type: string;
  readonly dig: string;
  readonly nslookup: string;
  readonly expected: readonly string[];
}

/**
 * One question for each name and type of the records.
 * @param server whom to ask @default the machine's resolver
 * @throws RangeError if a record can't be written
 */
export function handChecks({ forward, reverse }: ZoneRecords, server?: Endpoint): HandCheck[] {
  const sets = Map.groupBy([...forward, ...reverse].map(zoneEntry), ({ owner, type }) => `${type} ${owner}`);
  return [...sets.values()].map((set) => handCheck(set, server));
}

/** The questions as text that a shell runs as it stands, the answers to expect in comments. */
export function handCheckText(checks: readonly HandCheck[]): string {
  return checks
    .flatMap(({ owner, type, dig, nslookup, expected }) => [
      `# ${owner.slice(0, -1)} ${type}: ${expected.length === 1 ? "expect this answer" : `expect these ${expected.length} answers, in any order`}`,
      ...expected.map((answer) => `#   ${answer}`),
      dig,
      nslookup,
      "",
    ])
    .join("\n");
}

/** @param set entries of one owner and type */
function handCheck(set: readonly ZoneEntry[], server: Endpoint | undefined): HandCheck {
  const [{ owner, type }] = set as [ZoneEntry];
  // A PTR is asked for by its address: so people write it.
  const reversed = type === "PTR" && owner.endsWith(".in-addr.arpa.") ? addressOf(owner) : undefined;
  const name = owner === "*" || owner.startsWith("*.") ? `"${owner}"` : owner;
  const digServer = server === undefined ? [] : [`@${server.address}`, ...portOption("-p ", server)];
  const nslookupPort = server === undefined ? [] : portOption("-port=", server);
  const nslookupServer = server === undefined ? [] : [server.address];
  return {
    owner,
    type,
    dig: ["dig +short", ...digServer, ...(reversed === undefined ? [type, name] : ["-x", reversed])].join(
      " ",
    ),
    nslookup: [
      "nslookup",
      ...nslookupPort,
      ...(reversed === undefined ? [`-type=${type}`, name] : [reversed]),
      ...nslookupServer,
    ].join(" "),
    expected: set.map(({ data }) => data),
  };
}

function portOption(option: string, { port }: Endpoint): string[] {
  return port === 53 ? [] : [`${option}${port}`];
}

/** `10.2.0.192.in-addr.arpa.` -> 192.0.2.10 */
function addressOf(owner: string): string | undefined {
  const address = owner.split(".").slice(0, 4).reverse().join(".");
  return isIPv4(address) ? address : undefined;
}
