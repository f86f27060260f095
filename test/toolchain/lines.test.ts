import fc from "fast-check";
import { expect, test } from "vitest";
import { lines } from "../../toolchain/lines.ts";

function cut(pieces: readonly string[]): string[] {
  const result: string[] = [];
  const push = lines((line) => result.push(line));
  for (const piece of pieces) push(piece);
  push(undefined);
  return result;
}

test.each<[string, string[], string[]]>([
  ["a last line without an end", ["a\nb"], ["a", "b"]],
  ["empty lines", ["\n\na\n"], ["", "", "a"]],
  ["the line ends of Windows", ["a\r\nb\r\n"], ["a", "b"]],
  ["the other line ends of Unicode within a line", ["a\u2028b\u2029c\n"], ["a\u2028b\u2029c"]],
  ["nothing", [""], []],
])("gives %s", (_, pieces, expected) => {
  expect(cut(pieces)).toEqual(expected);
});

test("are the same however the text is cut", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "\n", "ö", " ") });
  fc.assert(
    fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
      const at = [0, ...cuts.filter((cut) => cut < whole.length).toSorted((a, b) => a - b), whole.length];
      const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
      expect(cut(pieces)).toEqual(cut([whole]));
      expect(cut([whole]).join("\n")).toBe(whole.replace(/\n$/, ""));
    }),
  );
});
