import { isIPv6 } from "node:net";
import * as z from "zod";
import { reverseName } from "../../local/dns/name.ts";
import { normalizeName } from "../../mail/host-name.ts";
import { subjectOfOutputs, type DeclaredRecord } from "../subject.ts";

/** What a stack's names need in the DNS: the domain's own records, and the reverse names of its addresses. */
export interface ZoneRecords {
  readonly domain: string;
  readonly forward: readonly DeclaredRecord[];
  readonly reverse: readonly DeclaredRecord[];
}

const declared = z.object({ records: z.array(z.object({ content: z.string().nullish() }).loose()) });

/**
 * The records of a stack, from its outputs: those that it declares, and A and PTR, which are made of its hosts.
 * @throws RangeError if they are not the outputs of such a stack, or a record's content is not in them
 */
export function zoneRecordsOf(outputs: unknown): ZoneRecords {
  const subject = subjectOfOutputs(outputs);
  const hosts = subject.senders.flatMap(({ helo, addresses }) =>
    addresses.map((address) => ({ helo: normalizeName(helo), address })),
  );
  return {
    domain: subject.domain,
    forward: [
      ...hosts.map(({ helo, address }) => ({
        name: helo,
        type: isIPv6(address) ? "AAAA" : "A",
        content: address,
      })),
      ...complete(outputs, subject.declared),
    ],
    reverse: hosts.map(({ helo, address }) => ({
      name: reverseName(address),
      type: "PTR",
      content: helo,
    })),
  };
}

/** A zone that lacks a record without a word would be wrong. */
function complete(outputs: unknown, records: readonly DeclaredRecord[]): readonly DeclaredRecord[] {
  const bare = declared.parse(outputs).records.find(({ content }) => typeof content !== "string");
  if (bare === undefined) return records;
  throw new RangeError(
    `the outputs have no content of the ${String(bare.type)} record of ${String(bare.name)}; ` +
      "bring them up to date: npm run pulumi -- refresh, then npm run pulumi -- up",
  );
}
