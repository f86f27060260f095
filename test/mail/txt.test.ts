import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinTxt, quoteTxt } from "../../mail/txt.ts";

const a = (octets: number) => "a".repeat(octets);

describe("quoteTxt", () => {
  test.each([
    ["a short text", "v=spf1 -all", '"v=spf1 -all"'],
    ["an empty text", "", '""'],
    ["quotes and backslashes", 'a "b" \\c', '"a \\"b\\" \\\\c"'],
    ["255 octets", a(255), `"${a(255)}"`],
    ["256 octets", a(256), `"${a(255)}" "a"`],
    ["511 octets", a(511), `"${a(255)}" "${a(255)}" "a"`],
    // An escape is two characters in the record's text and one octet in the record.
    ["255 quotes", '"'.repeat(255), `"${'\\"'.repeat(255)}"`],
    // ü takes two octets, so it does not fit after 254.
    ["a character across the 255th octet", `${a(254)}ü`, `"${a(254)}" "ü"`],
  ])("writes %s", (_, text, content) => expect(quoteTxt(text)).toBe(content));

  test("keeps every string within 255 octets", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 900 }), (text) => {
        const strings = quoteTxt(text).match(/"(?:[^"\\]|\\[\s\S])*"/g) ?? [];
        for (const string of strings) expect(Buffer.byteLength(joinTxt(string))).toBeLessThanOrEqual(255);
      }),
    );
  });
});

describe("joinTxt", () => {
  test.each([
    ["one string", '"v=spf1 -all"', "v=spf1 -all"],
    [
      "two strings, without a space between them",
      '"v=spf1 ip4:192.0" ".2.1 -all"',
      "v=spf1 ip4:192.0.2.1 -all",
    ],
    ["strings side by side", '"a""b"', "ab"],
    ["strings on several lines", ' "a"\n\t"b" ', "ab"],
    ["escapes", '"a \\"b\\" \\\\c \\d"', 'a "b" \\c d'],
    ["octets by number", '"a\\032b\\195\\188"', "a bü"],
    ["an escaped backslash before a number", '"\\\\032"', "\\032"],
    ["a backslash before what is no octet", '"\\999"', "999"],
    ["bare text", "v=spf1 -all", "v=spf1 -all"],
    ["bare text with quotes inside", 'v=x "y" z', 'v=x "y" z'],
    ["text that only begins with a quote", '"v=spf1 -all', '"v=spf1 -all'],
    ["a quote left open by an escape", '"v=spf1\\"', '"v=spf1\\"'],
    ["nothing", "", ""],
    ["an empty string", '""', ""],
  ])("reads %s", (_, content, text) => expect(joinTxt(content)).toBe(text));

  test("gives back what quoteTxt was given, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
        expect(joinTxt(quoteTxt(text))).toBe(text);
      }),
    );
  });

  test("gives back texts made of what needs care: quotes, backslashes, digits, spaces", () => {
    const text = fc.string({ unit: fc.constantFrom('"', "\\", "0", "9", " ", "\n", "ü"), maxLength: 300 });
    fc.assert(
      fc.property(text, (written) => {
        expect(joinTxt(quoteTxt(written))).toBe(written);
      }),
    );
  });

  test("takes linear time on 64 KiB that are almost quoted strings", () => {
    const start = performance.now();
    for (const content of [`${'"a" '.repeat(16_384)}x`, `"a"${" ".repeat(65_536)}x`, '"\\'.repeat(32_768)]) {
      expect(joinTxt(content)).toBe(content);
    }
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
