import { z } from "zod";
import lists from "./lists.json" with { type: "json" };
import { tableSchema, type BlocklistTable } from "./schema.ts";

/**
 * Reads a table of blocklists, in the form of `lists.json`.
 *
 * @throws Error naming each entry that is wrong and why
 */
export function readTable(value: unknown): BlocklistTable {
  const result = tableSchema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`the table of blocklists can't be used:\n${z.prettifyError(result.error)}`);
}

let standard: BlocklistTable | undefined;

/** The table that comes with this program. */
export function standardTable(): BlocklistTable {
  standard ??= readTable(lists);
  return standard;
}
