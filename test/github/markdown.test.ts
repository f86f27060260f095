import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clip, folded } from "../../.github/scripts/markdown.ts";

describe("clip", () => {
  const text = fc
    .array(fc.string({ unit: "binary", maxLength: 30 }), { maxLength: 60 })
    .map((lines) => lines.join("\n"));

  test("never gives more than it may", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 500 }), (all, limit) => clip(all, limit).length <= limit),
    );
  });

  test("leaves alone what fits", () => {
    fc.assert(fc.property(text, (all) => clip(all, all.length) === all));
  });

  test("keeps lines whole, and says how many are gone", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 40, max: 500 }), (all, limit) => {
        fc.pre(all.length > limit && !all.includes("…"));
        const kept = clip(all, limit).split("\n");
        const notice = kept.findIndex((line) => line.includes("…"));
        const lines = all.split("\n");
        const after = kept.length - notice - 1;
        expect(kept.slice(0, notice)).toEqual(lines.slice(0, notice));
        expect(kept.slice(notice + 1)).toEqual(lines.slice(lines.length - after));
        expect(kept[notice]).toBe(`… ${lines.length - notice - after} lines left out …`);
      }),
    );
  });

  test("keeps the beginning and the end", () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}`);
    const kept = clip(lines.join("\n"), 200);
    expect(kept).toMatch(/^line 0\nline 1\n/);
    expect(kept).toMatch(/\nline 998\nline 999$/);
    expect(kept.length).toBeGreaterThan(180);
  });
});

describe("folded text", () => {
  test.each([
    ["</pre>\n\n</details>\n\n@octocat", "&lt;/pre&gt;\n\n&lt;/details&gt;\n\n@octocat"],
    ["v=spf1 & <b>", "v=spf1 &amp; &lt;b&gt;"],
    ["```\n# heading", "```\n# heading"],
  ])("cannot end its block: %j", (text, inside) => {
    expect(folded("Changes", text)).toBe(
      `<details><summary>Changes</summary>\n\n<pre>\n${inside}\n</pre>\n\n</details>`,
    );
  });

  test("is closed and no longer than it may be, however it grows when escaped", () => {
    const text = Array.from({ length: 10_000 }, () => "<&>").join("\n");
    const block = folded("Changes", text, 5_000);
    expect(block.length).toBeLessThanOrEqual(5_000);
    expect(block).toMatch(/\n<\/pre>\n\n<\/details>$/);
    expect(block).not.toMatch(/&(?!amp;|lt;|gt;)/);
  });
});
