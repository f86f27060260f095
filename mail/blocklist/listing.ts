import type { BlocklistAnswer } from "../blocklists.ts";
import { clipped } from "../clipped.ts";
import type { Severity } from "../finding.ts";
import type { Listing } from "../judge/inquiry.ts";
import type { Removal } from "./schema.ts";

/** A list's answer as the judge's rule takes it. */
export function listingOf(answer: BlocklistAnswer): Listing {
  const { zone, outcome, list, why } = answer;
  switch (outcome) {
    case "clear":
      return { zone, outcome };
    case "unknown":
      return { zone, outcome, detail: why, fix: unknownFix(answer) };
    case "listed":
      return {
        zone,
        outcome,
        detail: detailOf(answer),
        ...(severityOf(answer) === "advisory" && { severity: "advisory" }),
        fix: fixOf(answer),
        source: [list.sources[0], "RFC 5782 2.1"].join(", "),
      };
  }
}

/** "mandatory" if one of the listing's codes is a reason for receivers that matter to refuse the mail. */
export function severityOf({ list, codes }: BlocklistAnswer): Severity {
  const weights = codes.map(({ meaning }) => meaning?.weight ?? list.weight);
  return weights.includes("blocking") ? "mandatory" : "advisory";
}

/** How to end a listing: the ways of its codes, or else the list's. */
export function removalsOf({ list, codes }: BlocklistAnswer): readonly Removal[] {
  return [...new Set(codes.map(({ meaning }) => meaning?.removal ?? list.removal))];
}

/** `127.0.0.2 SBL: a source of spam; it says "…"` */
function detailOf({ codes, texts, rokso }: BlocklistAnswer): string {
  const meanings = codes.map(({ code, meaning }) =>
    meaning === undefined ? code : `${code} ${meaning.name}: ${meaning.meaning}`,
  );
  return [
    ...meanings,
    ...(rokso ? ["its operator is on the Register Of Known Spam Operations (ROKSO)"] : []),
    ...texts.map((text) => `it says ${JSON.stringify(clipped(text, 200))}`),
  ].join("; ");
}

function fixOf(answer: BlocklistAnswer): string {
  const ways = removalsOf(answer).map(
    ({ steps, usualTime }) => `${steps.join(" ")} Usual time: ${usualTime}.`,
  );
  return `${ways.join(" ")} Or send from another address.`.replaceAll("{subject}", answer.subject);
}

function unknownFix({ list: { access, name }, refused }: BlocklistAnswer): string | undefined {
  if (!refused) return undefined;
  if (access === undefined)
    return `Ask ${name} through a resolver of your own that asks the name servers itself.`;
  const way = access.variable === undefined ? "" : ` Put the key into ${access.variable}.`;
  return `${access.registration}${way}`;
}
