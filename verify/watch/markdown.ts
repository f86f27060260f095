import { escaped } from "../report/markdown.ts";
import { inOrderOfWeight, marks, standingOf } from "../report/words.ts";
import type { Change, News } from "./news.ts";
import type { WatchedFinding } from "./state.ts";
import { changeText, findingOf, headline, subjectText } from "./words.ts";

/** What has changed and what stands, for an issue: a table of each (GitHub Flavored Markdown 4.10). */
export function markdownNews(news: News): string {
  const { domain, time, changes, open } = news;
  return [
    `**${escaped(`${domain}: ${headline(news)}`)}**`,
    ...table("What has changed", "change", changes.map(changeRow)),
    ...table(
      "What stands",
      "since",
      inOrderOfWeight(open.map(({ finding, since }) => ({ ...finding, since }))).map(openRow),
    ),
    `Verified ${time}.\n`,
  ].join("\n\n");
}

function table(title: string, first: string, rows: readonly string[]): string[] {
  if (rows.length === 0) return [];
  const head = [`| ${first} | rule | of | what was found | what to do |`, "| --- | --- | --- | --- | --- |"];
  return [`### ${title}`, [...head, ...rows].join("\n")];
}

function changeRow(change: Change): string {
  const finding = findingOf(change);
  const mark = marks[change.now === undefined ? "good" : standingOf(change.now)];
  return row(`${mark} ${changeText(change)}`, finding);
}

function openRow({ since, ...finding }: WatchedFinding & { readonly since: string }): string {
  return row(`${marks[standingOf(finding)]} ${since}`, finding);
}

function row(first: string, finding: WatchedFinding): string {
  const { rule, message, fix, source } = finding;
  const cells = [
    first,
    `\`${rule.replace(/[^\w-]/g, "")}\``,
    escaped(subjectText(finding)),
    escaped(message),
    fix === undefined ? "" : `${escaped(fix)} (${escaped(source)})`,
  ];
  return `| ${cells.join(" | ")} |`;
}
