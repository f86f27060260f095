import type { Keys } from "./choose.ts";
import type { BlocklistTable } from "./schema.ts";
import { standardTable } from "./table.ts";

/** The keys for blocklists that are in the environment: `OKMAIL_SPAMHAUS_DQS_KEY` and others that the table names. */
export function keysFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  table: BlocklistTable = standardTable(),
): Keys {
  return Object.fromEntries(
    table.lists.flatMap(({ access }) => {
      if (access?.key === undefined || access.variable === undefined) return [];
      const key = environment[access.variable]?.trim();
      return key === undefined || key === "" ? [] : [[access.key, key]];
    }),
  );
}
