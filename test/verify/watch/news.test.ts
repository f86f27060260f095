import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReportedFinding } from "../../../verify/report.ts";
import { finding, newsOfRuns } from "./histories.ts";

const good = finding("agrees");
const wrong = finding("disagrees");
const doubt = finding("undetermined");
const remark = finding("disagrees", { severity: "advisory" });

/** The kinds of changes of each run: `new`, or `` for none. */
const told = (runs: readonly (readonly ReportedFinding[])[], options = {}) =>
  newsOfRuns(runs, options).news.map(({ changes }) => changes.map(({ kind }) => kind).join(" "));

describe("what is told", () => {
  test.each<[what: string, runs: ReportedFinding[][], told: string[]]>([
    ["nothing where all is well from the start", [[good], [good]], ["", ""]],
    ["at the first run what is wrong, and once", [[wrong], [wrong], [wrong]], ["new", "", ""]],
    ["what goes wrong, and that it is right again", [[good], [wrong], [good]], ["", "new", "gone"]],
    ["that it weighs more, or less", [[remark], [wrong], [remark]], ["new", "changed", "changed"]],
    ["what nobody mentions any more as over", [[wrong], []], ["new", "gone"]],
    ["nothing of an agreement that nobody mentions any more", [[good], []], ["", ""]],
    ["nothing of a doubt between two equal answers", [[good], [doubt], [doubt], [good]], ["", "", "", ""]],
    ["nothing of a doubt about what is wrong", [[wrong], [doubt], [doubt], [wrong]], ["new", "", "", ""]],
    ["a doubt that lasts, once", [[good], [doubt], [doubt], [doubt], [doubt]], ["", "", "", "new", ""]],
    [
      "nothing of doubts that come and go",
      [[doubt], [doubt], [good], [doubt], [doubt]],
      ["", "", "", "", ""],
    ],
    ["that a doubt at first has lasted", [[doubt], [doubt], [doubt]], ["", "", "new"]],
    ["what is wrong after a first doubt", [[doubt], [wrong]], ["", "new"]],
    ["that a doubt is over", [[doubt], [doubt], [doubt], [good]], ["", "", "new", "gone"]],
    ["that a doubt turns out bad", [[doubt], [doubt], [doubt], [wrong]], ["", "", "new", "changed"]],
    [
      "that what is wrong can't be told any more",
      [[wrong], [doubt], [doubt], [doubt]],
      ["new", "", "", "changed"],
    ],
    ["what has come meanwhile, after a doubt", [[good], [doubt], [wrong]], ["", "", "new"]],
  ])("is %s", (_, runs, kinds) => {
    expect(told(runs)).toEqual(kinds);
  });

  test("is a doubt as soon as the command line says", () => {
    expect(told([[good], [doubt]], { patience: 1 })).toEqual(["", "new"]);
  });
});

describe("a matter", () => {
  const listed = (...zones: string[]) => zones.map((zone) => about("disagrees", zone));
  const about = (outcome: ReportedFinding["outcome"], ...zones: string[]) =>
    finding(outcome, { rule: "address-not-listed", subject: { ...good.subject, about: zones } });

  test("stays the same when texts, values and times differ", () => {
    const changes = {
      message: "after 12 s by 9.9.9.9",
      found: "ttl 17",
      expected: "x",
      fix: "y",
      source: "z",
    };
    expect(told([[wrong], [{ ...wrong, ...changes }]])).toEqual(["new", ""]);
    const { news } = newsOfRuns([[wrong], [{ ...wrong, ...changes }]]);
    expect(news[1]?.open[0]?.finding.message).toBe(changes.message);
  });

  test("is another one for another rule, host, address or domain", () => {
    const others: Partial<ReportedFinding>[] = [
      { rule: "a-matches-address" },
      { subject: { helo: "okmail2.example.com", address: "192.0.2.10" } },
      { subject: { helo: "okmail.example.com", address: "192.0.2.11" } },
      { subject: { domain: "example.com" } },
    ];
    for (const other of others)
      expect(told([[wrong], [wrong, finding("disagrees", other)]]), JSON.stringify(other)).toEqual([
        "new",
        "new",
      ]);
  });

  test("is each blocklist, so that a second listing is news", () => {
    const runs = [
      listed("a.test"),
      listed("a.test", "b.test"),
      listed("b.test"),
      [about("agrees", "a.test", "b.test")],
    ];
    expect(told(runs)).toEqual(["new", "new", "gone", "gone"]);
  });

  test("is each list that falls silent, whichever it does so with", () => {
    const silent = (...zones: string[]) => [about("undetermined", ...zones)];
    expect(
      told([silent("a.test", "b.test"), silent("a.test"), silent("c.test", "a.test"), silent("a.test")]),
    ).toEqual(["", "", "new", ""]);
    // a.test is still listed as far as anybody knows.
    expect(told([listed("a.test"), silent("b.test", "a.test"), listed("a.test")])).toEqual(["new", "", ""]);
  });

  test("has the worst of several findings", () => {
    expect(
      told([
        [good, doubt],
        [doubt, remark, good],
      ]),
    ).toEqual(["", "new"]);
    expect(told([[wrong, remark], [wrong], [remark]])).toEqual(["new", "", "changed"]);
  });

  test("isn't over while the rule as a whole can't be told; a doubt that lasts takes its place", () => {
    const all = finding("undetermined", {
      rule: "address-not-listed",
      subject: { helo: "okmail.example.com" },
    });
    expect(told([listed("a.test"), [all], [all], listed("a.test")])).toEqual(["new", "", "", ""]);
    expect(told([listed("a.test"), [all], [all], [all], [all]])).toEqual(["new", "", "", "new", ""]);
    expect(told([listed("a.test"), [all], [all], [all], listed("a.test")]).at(-1)).toBe("new gone");
    const other = about("undetermined", "b.test");
    expect(told([listed("a.test"), [other]])).toEqual(["new", "gone"]);
    const elsewhere = { ...all, subject: { helo: "okmail2.example.com" } };
    expect(told([listed("a.test"), [elsewhere]])).toEqual(["new", "gone"]);
  });

  test("isn't over because this run did not ask", () => {
    expect(told([[wrong], []], { skipped: new Set(["ptr-matches-helo"]) })).toEqual(["new", ""]);
  });
});

describe("the news", () => {
  test("have the verdict on what is known, not on a passing doubt", () => {
    const { news } = newsOfRuns([[good], [doubt], [doubt], [doubt], [wrong], [remark]]);
    expect(news.map(({ verdict }) => verdict)).toEqual([
      "good",
      "good",
      "good",
      "unclear",
      "refused",
      "good",
    ]);
  });

  test("say what stands, and since when", () => {
    const { news } = newsOfRuns([[wrong], [wrong], [remark], [doubt]]);
    expect(
      news.map(({ open }) => open.map(({ since, finding: { severity } }) => [since.slice(11, 13), severity])),
    ).toEqual([[["00", "mandatory"]], [["00", "mandatory"]], [["02", "advisory"]], [["02", "advisory"]]]);
  });

  test("know when something had changed before", () => {
    const { news, state } = newsOfRuns([[good], [wrong], [wrong], [good]]);
    expect(news.map(({ before }) => before?.slice(11, 13))).toEqual([undefined, undefined, "01", "01"]);
    expect(state.changed?.slice(11, 13)).toBe("03");
  });
});

test("whatever happens: what stands at the end is what was told, each new before it is gone, never twice in a row", () => {
  const outcome = fc.constantFrom(undefined, good, wrong, doubt, remark);
  const runs = fc.array(
    outcome.map((one) => (one === undefined ? [] : [one])),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(runs, (history) => {
      const { news } = newsOfRuns(history);
      let stands = false;
      for (const { changes, open } of news) {
        for (const { kind } of changes) {
          expect(kind === "new").toBe(!stands);
          stands = kind !== "gone";
        }
        expect(open.length > 0).toBe(stands);
      }
    }),
  );
});
