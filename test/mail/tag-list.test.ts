import { describe, expect, test } from "vitest";
import { readTagList } from "../../mail/tag-list.ts";

const read = (text: string) => {
  const { tags, duplicates, malformed } = readTagList(text);
  return { tags: Object.fromEntries(tags), duplicates, malformed };
};

describe("readTagList", () => {
  test.each<[string, string, Record<string, string>]>([
    ["tags", "v=DKIM1; k=rsa; p=AAAA", { v: "DKIM1", k: "rsa", p: "AAAA" }],
    ["one final semicolon", "k=rsa;", { k: "rsa" }],
    [
      "white space around names, values and semicolons",
      " k\t= \r\n rsa ;\n p = A A ",
      { k: "rsa", p: "A A" },
    ],
    ["an equals sign inside a value", "p=AAA=", { p: "AAA=" }],
    ["an empty value", "p=; k=rsa", { p: "", k: "rsa" }],
    ["names that differ in case", "k=rsa; K=x", { k: "rsa", K: "x" }],
    ["digits and underscores in a name", "x_1=a", { x_1: "a" }],
  ])("reads %s", (_, text, tags) => expect(read(text)).toEqual({ tags, duplicates: [], malformed: [] }));

  test.each<[string, string, string[]]>([
    ["nothing at all", "", [""]],
    ["an empty piece in the middle", "k=rsa;; p=A", [""]],
    ["two final semicolons", "k=rsa;;", [""]],
    ["a piece without an equals sign", "k=rsa; hello", ["hello"]],
    ["a name that begins with a digit", "1k=rsa", ["1k=rsa"]],
    ["a name with a hyphen", "a-b=c", ["a-b=c"]],
    ["a value beyond ASCII", "n=ü", ["n=ü"]],
    ["a no-break space at an end, which is no white space here", "k=rsa\u00a0", ["k=rsa\u00a0"]],
    ["a control character", "n=a\u0000b", ["n=a\u0000b"]],
  ])("tells %s", (_, text, malformed) => expect(read(text).malformed).toEqual(malformed));

  test("keeps the first of two tags of one name and tells the second", () =>
    expect(read("k=rsa; k=ed25519; k=x")).toEqual({
      tags: { k: "rsa" },
      duplicates: ["k", "k"],
      malformed: [],
    }));

  test("takes linear time on 64 KiB of white space", () => {
    const start = performance.now();
    const blank = " ".repeat(65_536);
    expect(read(`a=${blank}\u0001`).malformed).toHaveLength(1);
    expect(read(`a=b${blank}c${blank}`).tags).toEqual({ a: `b${blank}c` });
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
