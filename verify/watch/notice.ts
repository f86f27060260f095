import { printable } from "../report/printable.ts";
import type { Change, News } from "./news.ts";
import type { KnownFinding } from "./state.ts";
import { changeText, findingOf, headline, subjectText } from "./words.ts";

/** What is told to people who are not looking: a subject of one line, and plain text. */
export interface Notice {
  /** ASCII, at most 100 characters, as SNS takes it (SNS API, Publish). */
  readonly subject: string;
  readonly text: string;
}

const longestSubject = 100;

/** The changes with what to do about each, and how much stands besides. */
export function noticeOf(news: News): Notice {
  const { domain, time, changes, open } = news;
  const isChanged = ({ finding }: KnownFinding) => changes.some(({ now }) => now === finding);
  const others = open.filter((one) => !isChanged(one));
  return {
    subject: subjectLine(`okmail: ${domain}: ${headline(news)}`),
    text: [
      ...changes.map(changeLines),
      ...(others.length === 0
        ? []
        : [
            [
              "This stands as before:",
              ...others.map(
                ({ finding, since }) => `  ${finding.rule} (${subjectText(finding)}), since ${since}`,
              ),
            ].join("\n"),
          ]),
      `Verified ${time}. okmail verify says all.`,
    ]
      .map((part) => `${part}\n`)
      .join("\n"),
  };
}

function changeLines(change: Change): string {
  const finding = findingOf(change);
  const { now } = change;
  return [
    `${finding.rule} (${subjectText(finding)}) ${changeText(change)}.`,
    ...(now === undefined ? [`  It was: ${finding.message}`] : [`  ${now.message}`]),
    ...(now?.fix === undefined ? [] : [`  -> ${now.fix} [${now.source}]`]),
  ]
    .map(printable)
    .join("\n");
}

function subjectLine(text: string): string {
  const plain = printable(text).replace(/[^ -~]/g, "?");
  return plain.length <= longestSubject ? plain : `${plain.slice(0, longestSubject - 3)}...`;
}
