import { listingOf, removalsOf, type BlocklistAnswer } from "../mail/blocklists.ts";
import { list } from "../mail/judge/rule.ts";

/** Where a subject stands on its lists, and how to get off those that have it, for people. */
export function standingText(subject: string, answers: readonly BlocklistAnswer[]): string {
  const of = (outcome: BlocklistAnswer["outcome"]) => answers.filter((answer) => answer.outcome === outcome);
  const [listed, clear, unknown] = [of("listed"), of("clear"), of("unknown")];
  const count = `${answers.length} ${answers.length === 1 ? "list" : "lists"}`;
  return [
    listed.length === 0
      ? `${subject} is not known to be on any of ${count}.`
      : `${subject} is on ${listed.length} of ${count}.`,
    ...listed.map(listedText),
    ...(unknown.length === 0 ? [] : [unknown.map(unknownText).join("\n")]),
    ...(clear.length === 0 ? [] : [`Not listed at ${list(clear.map(({ zone }) => zone))}.`]),
  ].join("\n\n");
}

function listedText(answer: BlocklistAnswer): string {
  const ways = removalsOf(answer).flatMap(({ steps, usualTime }) => [
    ...steps.map((step, index) => `  ${index + 1}. ${step.replaceAll("{subject}", answer.subject)}`),
    `  Usual time: ${usualTime}.`,
  ]);
  return [
    `${answer.zone} (${answer.list.name}): ${listingOf(answer).detail ?? "listed"}`,
    `  ${answer.list.effect}`,
    ...ways,
  ].join("\n");
}

function unknownText(answer: BlocklistAnswer): string {
  const { fix } = listingOf(answer);
  return `${answer.zone} did not say: ${answer.why ?? "no answer"}.${fix === undefined ? "" : ` ${fix}`}`;
}

/** `2 h 5 min`, `40 s`; the two largest units. */
export function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2);
  return shown
    .filter(([amount], index) => amount > 0 || index === 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}
