/**
 * Splits a text into words as a POSIX shell does, without its expansions (POSIX.1-2017, Shell Command Language 2.2).
 *
 * `--inspect --title "two words"` gives `["--inspect", "--title", "two words"]`
 *
 * @throws Error if a quotation has no end
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  // One word after white space: runs of plain characters, escaped characters and quotations, without space between.
  const word = /\s*((?:[^\s'"\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+)/y;
  let end = 0;
  for (let match = word.exec(text); match?.[1] !== undefined; match = word.exec(text)) {
    words.push(unquote(match[1]));
    end = word.lastIndex;
  }
  const rest = text.slice(end).trim();
  if (rest !== "") throw new Error(`no end to the quotation in ${rest}`);
  return words;
}

function unquote(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])/g,
    (_, single?: string, double?: string, escaped?: string) => {
      // Between double quotes, a backslash is one unless it escapes something.
      return single ?? double?.replace(/\\(["\\$`\n])/g, "$1") ?? escaped ?? "";
    },
  );
}
