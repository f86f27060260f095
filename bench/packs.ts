import path from "node:path";
import { projectFolder } from "../local/stack.ts";
import type { Row } from "./benchmark.ts";
import type { Comparison, Spread } from "./measure.ts";

export const ourPack = path.join(projectFolder, "policy");
export const emptyPack = path.join(import.meta.dirname, "empty-pack");

/** An operation with the pack against the same with an empty one, for each size of stack. */
export function packRows(
  compared: readonly { readonly resources: number; readonly senders: number; readonly times: Comparison }[],
): Row[] {
  return compared.map(({ resources, senders, times }, index) => {
    const smaller = compared[index - 1]?.times.difference.median;
    return {
      resources,
      senders,
      "with okmail in s": seconds(times.one),
      "with an empty pack in s": seconds(times.other),
      ratio: times.ratio,
      "the pack's own time in s": seconds(times.difference),
      growth: smaller === undefined ? "" : times.difference.median / smaller,
    };
  });
}

function seconds({ median, lowest, highest }: Spread): Spread {
  return { median: median / 1_000, lowest: lowest / 1_000, highest: highest / 1_000 };
}
