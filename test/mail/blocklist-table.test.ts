import { describe, expect, test } from "vitest";
import lists from "../../mail/blocklist/lists.json" with { type: "json" };
import { chooseLists, readTable, standardTable } from "../../mail/blocklists.ts";

const zen = lists.lists[0];

/** The table with its first list changed. */
function changed(change: object): unknown {
  return { ...lists, lists: [{ ...zen, ...change }, ...lists.lists.slice(1)] };
}

describe("the table", () => {
  test("can be read", () => {
    expect(standardTable().lists.length).toBeGreaterThan(15);
  });

  test.each(standardTable().lists)("says of $zone what it means, what it does, how to get off it", (list) => {
    const ways = [list.removal, ...list.codes.flatMap(({ removal }) => removal ?? [])];
    for (const { steps, url, usualTime } of ways) {
      expect(steps.every((step) => /[.!]$|rblremove$/.test(step))).toBe(true);
      expect(usualTime).not.toMatch(/\.$/);
      if (url === undefined) expect(steps.join(" ")).toMatch(/wait/i);
    }
    expect(list.effect).toMatch(/^[A-Z].*\.$/);
    const codes = list.codes.flatMap(({ codes }) => codes);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test.each([
    ["an unknown field", { color: "red" }, /Unrecognized key: "color"/],
    [
      "a code outside 127/8",
      { codes: [{ codes: ["10.0.0.2"], name: "x", meaning: "y" }] },
      /within 127\.0\.0\.0\/8/,
    ],
    ["a zone that is none", { zone: "no zone" }, /is no name of a zone/],
    ["a zone in capitals", { zone: "Zen.Spamhaus.org" }, /in lower case/],
    ["a zone that is there twice", { zone: "bl.spamcop.net" }, /"bl\.spamcop\.net" is there twice/],
    ["a zone that is refused", { zone: "dnsbl.sorbs.net" }, /"dnsbl\.sorbs\.net" is among the refused/],
    ["no steps", { removal: { steps: [], usualTime: "a day" } }, /steps/],
    ["a weight that is none", { weight: "heavy" }, /weight/],
  ])("with %s is refused, naming the entry", (_, change, message) => {
    expect(() => readTable(changed(change))).toThrow(message);
    expect(() => readTable(changed(change))).toThrow(/the table of blocklists can't be used/);
    expect(() => readTable(changed(change))).toThrow(/lists\[\d+\]/);
  });
});

describe("a list is chosen", () => {
  test.each([
    ["by its zone", "zen.spamhaus.org"],
    ["by its zone in another form", " ZEN.spamhaus.org. "],
    ["by its id", "spamhaus-zen"],
    ["by its name", "Spamhaus ZEN"],
    ["by its zone for keys", "zen.dq.spamhaus.net"],
  ])("%s", (_, name) => {
    expect(chooseLists([name]).map(({ zone }) => zone)).toEqual(["zen.spamhaus.org"]);
  });

  test("once, in the order written", () => {
    const names = ["psbl", "zen.spamhaus.org", "psbl.surriel.com"];
    expect(chooseLists(names).map(({ id }) => id)).toEqual(["psbl", "spamhaus-zen"]);
  });

  test("that nobody knows, as one whose every answer blocks", () => {
    expect(chooseLists(["dnsbl.okmail.internal"])).toMatchObject([
      { zone: "dnsbl.okmail.internal", weight: "blocking" },
    ]);
  });

  test.each([
    ["dnsbl.sorbs.net", /\(SORBS\) is not asked: it closed on 2024-06-05.*; take it out/],
    ["spam.dnsbl.sorbs.net", /SORBS/],
    ["SORBS", /SORBS/],
    ["ix.dnsbl.manitu.net", /NiXSpam/],
    ["dnsbl.njabl.org", /NJABL/],
    ["cbl.abuseat.org", /write "zen\.spamhaus\.org" instead/],
    ["ROKSO", /has no DNS zone; an SBL listing says in its text/],
    ["list.dnswl.org", /white list/],
    ["spamhaus-zn", /"spamhaus-zn" is no blocklist: .*did you mean "spamhaus-zen"\?/],
    ["https://zen.spamhaus.org", /is no blocklist/],
    ["", /is no blocklist/],
  ])("never as %s", (name, message) => {
    expect(() => chooseLists([name])).toThrow(message);
  });
});
