import fc from "fast-check";
import { expect, test } from "vitest";
import { splitWords } from "../../../toolchain/language-host/words.ts";

test.each<[string, string[]]>([
  ["", []],
  ["  \t\n ", []],
  ["--inspect", ["--inspect"]],
  [" --a  --b=1 ", ["--a", "--b=1"]],
  [`--title "two words"`, ["--title", "two words"]],
  [`--title='it is "quoted"'`, ['--title=it is "quoted"']],
  [`"a"'b'c`, ["abc"]],
  [`two\\ words`, ["two words"]],
  [`"a \\"b\\" \\\\ \\n"`, ['a "b" \\ \\n']],
  [`'a\\'`, ["a\\"]],
  [`"" ''`, ["", ""]],
])("%j gives %j", (text, words) => {
  expect(splitWords(text)).toEqual(words);
});

test.each([`"a`, `a 'b c`, `a\\`, `"a\\"`])("%j has no end", (text) => {
  expect(() => splitWords(text)).toThrow("no end to the quotation");
});

test("words in single quotes come back as they were", () => {
  const word = fc.string().filter((text) => !text.includes("'"));
  fc.assert(
    fc.property(fc.array(word), (words) => {
      expect(splitWords(words.map((text) => `'${text}'`).join(" "))).toEqual(words);
    }),
  );
});
