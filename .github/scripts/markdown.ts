/** GitHub takes no longer body for a comment or an issue. Counted in UTF-16 units, which is never too few. */
export const bodyLimit = 65_536;

/** GitHub drops a step's summary above 1 MiB. A UTF-16 unit is at most 3 octets of UTF-8. */
export const summaryLimit = Math.floor(2 ** 20 / 3);

/**
 * `text` in at most `limit` UTF-16 units. Whole lines go, from the middle, and one line says how many: the end of an
 * engine's output holds its verdict. Empty if there is no room for that line either.
 */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const lines = text.split("\n");
  const room = limit - noticeOf(lines.length).length - 1;

  let first = 0;
  let used = 0;
  for (; used + sizeOf(lines[first]) <= room / 2; first++) used += sizeOf(lines[first]);
  let last = lines.length;
  for (; last > first && used + sizeOf(lines[last - 1]) <= room; last--) used += sizeOf(lines[last - 1]);

  const kept = [...lines.slice(0, first), noticeOf(last - first), ...lines.slice(last)].join("\n");
  return kept.length <= limit ? kept : "";
}

function noticeOf(lines: number): string {
  return `… ${lines} lines left out …`;
}

/** With the line break that joins it to the next. */
function sizeOf(line: string | undefined): number {
  return (line?.length ?? Infinity) + 1;
}

/**
 * `text` folded away under `summary`, in at most `limit` UTF-16 units. Escaped inside `<pre>`, where nothing that it
 * holds can end the block or mention anybody; a fence of backticks ends at the next longer one.
 */
export function folded(summary: string, text: string, limit = Infinity): string {
  const around = (content: string) =>
    `<details><summary>${escape(summary)}</summary>\n\n<pre>\n${content}\n</pre>\n\n</details>`;
  return around(clip(escape(text), limit - around("").length));
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
