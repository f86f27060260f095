import { describe, expect, test } from "vitest";
import type { ReportedFinding } from "../../../verify/report.ts";
import { markdownNews } from "../../../verify/watch/markdown.ts";
import { metricsOf } from "../../../verify/watch/metrics.ts";
import { noticeOf } from "../../../verify/watch/notice.ts";
import { finding, newsOfRuns } from "./histories.ts";

const ptr = finding("disagrees", { message: "The PTR record of 192.0.2.10 is elsewhere.example.com." });
const listed = finding("disagrees", {
  rule: "address-not-listed",
  subject: { helo: "okmail.example.com", address: "192.0.2.10", about: ["zen.spamhaus.org"] },
});
const remark = finding("disagrees", {
  rule: "caa-published",
  severity: "advisory",
  subject: { domain: "example.com" },
});

function last(...runs: ReportedFinding[][]) {
  const { news, state } = newsOfRuns(runs);
  const [latest] = news.slice(-1);
  if (latest === undefined) throw new Error("no news");
  return { news: latest, state };
}

describe("Markdown", () => {
  test("says what has changed with what to do, then what stands", () => {
    const text = markdownNews(last([remark, listed], [remark, ptr]).news);
    expect(text).toMatch(
      /^\*\*example\.com: 1 new, 1 gone; 2 stand\. A strict receiver refuses this mail\.\*\*\n/,
    );
    const [changes = "", stands = ""] = text.split("### What stands");
    expect(changes).toContain(
      "| ✗ is wrong | `ptr-matches-helo` | okmail.example.com, 192.0.2.10 | The PTR record of 192.0.2.10 is elsewhere.example.com. | Set the reverse name. (RFC 8601 3 \\(iprev\\)) |",
    );
    expect(changes).toContain(
      "| ✓ is over | `address-not-listed` | okmail.example.com, 192.0.2.10, zen.spamhaus.org |",
    );
    // The worst first.
    expect(stands).toMatch(/\| ✗ 2026[^|]+\| `ptr-matches-helo`[^]*\| ! 2026[^|]+\| `caa-published`/);
  });

  test("says so where nothing has changed or stands", () => {
    expect(markdownNews(last([finding("agrees")]).news)).toBe(
      "**example.com: nothing has changed; nothing stands. A strict receiver takes this mail.**\n\nVerified 2026-01-01T00:00:00.000Z.\n",
    );
  });

  test("takes strangers' texts for what they are", () => {
    const text = markdownNews(last([{ ...ptr, message: "a | b <img> @octocat\n# x" }]).news);
    expect(text).toContain("| a \\| b &lt;img&gt; &#64;octocat\\\\u000a\\# x |");
  });
});

describe("a notice", () => {
  test("has one line that says how it stands, and what to do in its text", () => {
    const { subject, text } = noticeOf(last([remark, finding("agrees")], [remark, ptr]).news);
    expect(subject).toBe("okmail: example.com: 1 new; 2 stand. A strict receiver refuses this mail.");
    expect(text).toBe(
      [
        "ptr-matches-helo (okmail.example.com, 192.0.2.10) is wrong.",
        "  The PTR record of 192.0.2.10 is elsewhere.example.com.",
        "  -> Set the reverse name. [RFC 8601 3 (iprev)]",
        "",
        "This stands as before:",
        "  caa-published (example.com), since 2026-01-01T00:00:00.000Z",
        "",
        "Verified 2026-01-01T01:00:00.000Z. okmail verify says all.",
        "",
      ].join("\n"),
    );
  });

  test("tells that all is well again", () => {
    const { subject, text } = noticeOf(last([ptr], [finding("agrees")]).news);
    expect(subject).toBe("okmail: example.com: 1 gone; nothing stands. A strict receiver takes this mail.");
    expect(text).toMatch(/^ptr-matches-helo \(okmail.example.com, 192.0.2.10\) is well again\.\n/);
  });

  test("is ASCII of 100 characters in its subject, and moves no cursor", () => {
    const { news } = last([{ ...ptr, message: "\u001b[2J" }]);
    const { subject, text } = noticeOf({ ...news, domain: `${"ü".repeat(90)}.example` });
    expect(subject).toMatch(/^[ -~]{97}\.\.\.$/);
    expect(text).not.toContain("\u001b");
  });
});

describe("metrics", () => {
  /** Metric and labels, then the value; # HELP and # TYPE come first of each. */
  const samples = (text: string) =>
    Object.fromEntries(
      text
        .trimEnd()
        .split("\n")
        .filter((line) => !line.startsWith("#"))
        .map((line) => [line.replace(/ \S+$/, ""), Number(line.replace(/.* /, ""))]),
    );

  test("count what stands, name it, and say when", () => {
    const { state } = last([finding("agrees"), listed, remark], [finding("undetermined"), listed, remark]);
    const text = metricsOf(state);
    expect(samples(text)).toEqual({
      'okmail_verify_findings{domain="example.com",standing="good"}': 1,
      'okmail_verify_findings{domain="example.com",standing="refused"}': 1,
      'okmail_verify_findings{domain="example.com",standing="remark"}': 1,
      'okmail_verify_findings{domain="example.com",standing="unclear"}': 0,
      'okmail_verify_open{domain="example.com",rule="address-not-listed",outcome="disagrees",severity="mandatory",helo="okmail.example.com",address="192.0.2.10",about="zen.spamhaus.org"}': 1,
      'okmail_verify_open{domain="example.com",rule="caa-published",outcome="disagrees",severity="advisory",helo="",address="",about=""}': 1,
      'okmail_verify_last_run_timestamp_seconds{domain="example.com"}': Date.UTC(2026, 0, 1, 1) / 1000,
      'okmail_verify_last_change_timestamp_seconds{domain="example.com"}': Date.UTC(2026, 0, 1, 0) / 1000,
    });
    for (const name of ["findings", "open"])
      expect(text).toMatch(
        new RegExp(
          `^# HELP okmail_verify_${name} .*\n# TYPE okmail_verify_${name} gauge\nokmail_verify_${name}\\{`,
          "m",
        ),
      );
  });

  test("escape what stands in labels", () => {
    const about = ['a"b\\c\nd'];
    const { state } = last([{ ...listed, subject: { ...listed.subject, about } }]);
    expect(metricsOf(state)).toContain('about="a\\"b\\\\c\\nd"} 1\n');
  });
});
