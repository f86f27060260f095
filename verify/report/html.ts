import type { Report, ReportedDomain, ReportedFinding, ReportedSender } from "../report.ts";
import { html } from "./html-text.ts";
import { domainPicture, senderPicture, verdictClass } from "./picture.ts";
import { headline, inOrderOfWeight, marks, standingOf, summary } from "./words.ts";

/** A report as one page that needs nothing else: no script, no font, no picture from elsewhere. */
export function htmlReport(report: Report): string {
  const { domain, senders } = report;
  const title = `okmail verify: ${domain.name || senders.map(({ helo }) => helo).join(", ")}`;
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Strangers' text stands in the page; should it ever get out of its element, it can do nothing.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${html(title)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    "<main>",
    `<h1 class="${verdictClass[report.verdict]}">${html(summary(report))}</h1>`,
    `<p>Verified <time datetime="${html(report.time)}">${html(report.time)}</time> by ${html(report.resolvers.join(", "))} and the zones’ own servers.</p>`,
    ...(report.unchecked.length === 0 ? [] : [`<p>Not checked: ${html(report.unchecked.join("; "))}.</p>`]),
    ...(domain.findings.length === 0
      ? []
      : [section(domain.name, domain.findings, `<figure>${domainPicture(domain)}</figure>`)]),
    ...senders.map((sender) => senderSection(sender, domain)),
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function senderSection(sender: ReportedSender, domain: ReportedDomain): string {
  const { helo, addresses, findings } = sender;
  const picture = `<figure>${senderPicture(sender, domain)}</figure>`;
  return section(`${helo} (${addresses.join(", ")})`, findings, picture);
}

function section(title: string, findings: readonly ReportedFinding[], ...above: readonly string[]): string {
  return [
    "<section>",
    `<h2>${html(title)}</h2>`,
    ...above,
    "<table>",
    "<thead><tr><th>Rule</th><th>What was found</th><th>What to do</th></tr></thead>",
    `<tbody>${inOrderOfWeight(findings).map(row).join("\n")}</tbody>`,
    "</table>",
    "</section>",
  ].join("\n");
}

function row(finding: ReportedFinding): string {
  const standing = standingOf(finding);
  const remedy =
    finding.fix === undefined ? "" : `${html(finding.fix)} <small>${html(finding.source)}</small>`;
  return [
    `<tr class="${standing}">`,
    `<th scope="row"><span class="mark">${marks[standing]}</span> ${html(finding.rule)}</th>`,
    `<td>${html(headline(finding))}</td>`,
    `<td>${remedy}</td></tr>`,
  ].join("");
}

const style = `
:root { color-scheme: light dark; --good: #1a7f37; --refused: #cf222e; --remark: #9a6700; --unclear: #8250df; --quiet: #6e7781; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --refused: #ff7b72; --remark: #d29922; --unclear: #bc8cff; --quiet: #8b949e; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.4rem; border-left: .4rem solid; padding-left: .8rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; overflow-wrap: anywhere; }
figure { margin: 0; overflow-x: auto; }
svg { display: block; }
svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
svg .label { fill: var(--quiet); }
svg .box rect { fill: Canvas; stroke: var(--quiet); }
svg .link line { stroke: currentColor; stroke-width: 2; }
svg .said text { paint-order: stroke; stroke: Canvas; stroke-width: 10; stroke-linejoin: round; }
svg .refused line { stroke-dasharray: 3 4; }
svg .unclear line, svg .unjudged line { stroke-dasharray: 8 5; }
svg .unjudged { color: var(--quiet); }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-top: 1rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); overflow-wrap: anywhere; }
thead th { border-top: 0; }
thead th:first-child { width: 15rem; }
thead th:last-child { width: 36%; }
th[scope=row] { font-weight: 600; }
@media (max-width: 48rem) {
  main { padding: 1rem; }
  thead { display: none; }
  tbody, tr, th, td { display: block; }
  tr { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .5rem 0; }
  th, td { border: 0; padding: .1rem 0; }
  td:empty { display: none; }
}
small { color: var(--quiet); }
h1.good, tr.good th, svg .good { color: var(--good); }
h1.refused, tr.refused th, svg .refused { color: var(--refused); }
tr.remark th, svg .remark { color: var(--remark); }
h1.unclear, tr.unclear th, svg .unclear { color: var(--unclear); }
`;
