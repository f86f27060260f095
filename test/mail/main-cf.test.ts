import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expand, parseMainCf, renderMainCf } from "../../mail/postfix.ts";

const settings = (entries: Record<string, string>) => new Map(Object.entries(entries));

describe("parseMainCf", () => {
  test.each<[string, string, Record<string, string>]>([
    ["nothing", "", {}],
    ["settings", "a = 1\nb = 2\n", { a: "1", b: "2" }],
    ["no white space around the equals sign", "a=1", { a: "1" }],
    ["white space at the ends", "a \t=\t 1 \r\n", { a: "1" }],
    ["an empty value", "a =\nb = 2", { a: "", b: "2" }],
    ["an equals sign inside a value", "a = b=c", { a: "b=c" }],
    ["comments and blank lines", "# a = 0\n\n  # a = 0\na = 1\n   \n", { a: "1" }],
    ["a number sign inside a value, which begins no comment", "a = 1 # one", { a: "1 # one" }],
    ["continuation lines, their white space kept", "a = b,\n  c,\n\td\ne = f", { a: "b,  c,\td", e: "f" }],
    ["a value that begins on the next line", "a =\n  b", { a: "b" }],
    ["a comment and a blank line inside a value", "a = b,\n# not this\n\n  # nor this\n  c", { a: "b,  c" }],
    ["a later setting over an earlier one", "a = 1\nb = 2\na = 3", { a: "3", b: "2" }],
    ["white space before the first line", "  a = 1", { a: "1" }],
    ["no line without an equals sign", "hello\na = 1", { a: "1" }],
    ["no line without a name", "= 1\na = 1", { a: "1" }],
    ["a name with a hyphen", "policyd-spf_time_limit = 3600", { "policyd-spf_time_limit": "3600" }],
    ["braces and dollars as they stand", "a = inline:{ {b = $c} }", { a: "inline:{ {b = $c} }" }],
    ["a no-break space, which is no white space here", "a = \u00a0b\u00a0", { a: "\u00a0b\u00a0" }],
  ])("reads %s", (_, text, entries) => expect(parseMainCf(text)).toEqual(settings(entries)));

  test("reads any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(parseMainCf(text)).toBeInstanceOf(Map);
      }),
    );
  });

  test("takes linear time on 64 KiB of one value", () => {
    const start = performance.now();
    expect(parseMainCf(`a = b${"\n c".repeat(22_000)}`).get("a")).toBe(`b${" c".repeat(22_000)}`);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe("renderMainCf", () => {
  test("writes settings in their order", () =>
    expect(renderMainCf(settings({ b: "2", a: "", c: "x, y" }))).toBe("b = 2\na =\nc = x, y\n"));

  test("writes the reason for a setting above it", () =>
    expect(renderMainCf(settings({ b: "2", a: "1" }), settings({ b: "Because." }))).toBe(
      "# Because.\nb = 2\n\na = 1\n",
    ));

  test("breaks a long value before white space, which marks the continuation", () => {
    const value = Array.from({ length: 20 }, (_, index) => `reject_number_${index},`).join(" ");
    const text = renderMainCf(settings({ a: value }));
    const lines = text.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    for (const line of lines.slice(1)) expect(line).toMatch(/^ reject/);
    expect(parseMainCf(text).get("a")).toBe(value);
  });

  test("never breaks before a number sign, which would begin a comment", () => {
    const value = `${"a".repeat(98)} #b`;
    expect(parseMainCf(renderMainCf(settings({ a: value }))).get("a")).toBe(value);
  });

  test.each([
    ["a line break in a value", { a: "1\nb = 2" }],
    ["a carriage return in a value", { a: "1\r2" }],
    ["white space before a value", { a: " 1" }],
    ["white space after a value", { a: "1 " }],
    ["a name with a space", { "a b": "1" }],
    ["a name with an equals sign", { "a=b": "1" }],
    ["a name that begins a comment", { "#a": "1" }],
    ["no name", { "": "1" }],
  ])("refuses %s", (_, entries) => expect(() => renderMainCf(settings(entries))).toThrow(RangeError));

  test("refuses a reason of two lines", () =>
    expect(() => renderMainCf(settings({ a: "1" }), settings({ a: "b\nc = d" }))).toThrow(RangeError));

  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/);
  const word = fc.oneof(
    fc.stringMatching(/^[!-~]{1,30}$/),
    fc.constantFrom("#", "#a", "$a", "${a}", "$$", "{", "}", "=", ",", "ü", "\u00a0", "a".repeat(120)),
  );
  const gap = fc.constantFrom(" ", "  ", "\t", " \t ");
  const value = fc
    .array(fc.tuple(word, gap), { maxLength: 20 })
    .map((words) => words.map(([text, space], index) => (index > 0 ? space : "") + text).join(""));

  test("gives a text that reads back as the same settings, for all legal ones, with and without reasons", () => {
    const legal = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((entries) => new Map(entries));
    fc.assert(
      fc.property(legal, fc.boolean(), (given, reasoned) => {
        const reasons = new Map(
          reasoned ? Array.from(given.keys(), (key) => [key, `${key} = no setting`]) : [],
        );
        const text = renderMainCf(given, reasons);
        expect([...parseMainCf(text)]).toEqual([...given]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("expand", () => {
  test.each<[string, Record<string, string>, string, string | undefined]>([
    ["a value without references", { a: "b" }, "a", "b"],
    ["$name", { a: "x.$b.y", b: "c" }, "a", "x.c.y"],
    ["${name}", { a: "x${b}y", b: "c" }, "a", "xcy"],
    ["$(name)", { a: "x$(b)y", b: "c" }, "a", "xcy"],
    ["references inside references", { a: "$b", b: "$c", c: "d" }, "a", "d"],
    ["one name twice", { a: "$b $b", b: "c" }, "a", "c c"],
    ["$$", { a: "$$b", b: "c" }, "a", "$b"],
    ["an empty value", { a: "x$b", b: "" }, "a", "x"],
    ["no parameter of that name", {}, "a", undefined],
    ["a reference to nothing", { a: "$b" }, "a", undefined],
    ["a loop", { a: "$b", b: "$a" }, "a", undefined],
    ["a parameter that is itself", { a: "$a" }, "a", undefined],
    ["a conditional, which it does not judge", { a: "${b?c}", b: "d" }, "a", undefined],
    ["a dollar that names nothing", { a: "b$ c" }, "a", undefined],
    ["a dollar at the end", { a: "b$" }, "a", undefined],
    [
      "smtp_helo_name by default",
      { myhostname: "okmail.example.com" },
      "smtp_helo_name",
      "okmail.example.com",
    ],
    ["myorigin by default", { myhostname: "okmail.example.com" }, "myorigin", "okmail.example.com"],
    ["mydomain by default", { myhostname: "okmail.example.com" }, "mydomain", "example.com"],
    ["mydomain, set", { mydomain: "example.net", myhostname: "m.$mydomain" }, "myhostname", "m.example.net"],
    [
      "a host name that needs the domain that needs the host name",
      { myhostname: "m.$mydomain" },
      "smtp_helo_name",
      undefined,
    ],
    [
      "a HELO name in spite of the host name",
      { smtp_helo_name: "a.example", myhostname: "b.example" },
      "smtp_helo_name",
      "a.example",
    ],
  ])("gives %s", (_, entries, name, value) => expect(expand(settings(entries), name)).toBe(value));

  test("ends for a chain of 1,000 parameters", () => {
    const chain = Array.from({ length: 1000 }, (_, index) => [`p${index}`, `$p${index + 1}`] as const);
    expect(expand(new Map([...chain, ["p1000", "end"]]), "p0")).toBe("end");
  });

  test.each(["x", ""])("ends for parameters that double each other down to %j", (end) => {
    const doubled = Array.from(
      { length: 40 },
      (_, index) => [`p${index}`, `$p${index + 1}$p${index + 1}`] as const,
    );
    expect(expand(new Map([...doubled, ["p40", end]]), "p0")).toBeUndefined();
  });
});
