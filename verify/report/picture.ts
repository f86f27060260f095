import type { ReportedDomain, ReportedFinding, ReportedSender, Verdict } from "../report.ts";
import type { ReportRuleId } from "../check.ts";
import { html } from "./html-text.ts";
import { standingOf, type Standing } from "./words.ts";

/** A thing that has to agree with others: a name or an address, with what it is. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly lines: readonly string[];
}

/** An agreement between two boxes: the rules that judge it, and where its line runs. */
interface Link {
  readonly from: Box;
  readonly to: Box;
  readonly label: string;
  readonly rules: readonly ReportRuleId[];
}

const box = { width: 250, height: 64 };
const lineHeight = 16;
const longestText = 34;

/**
 * The names and addresses of a sender as a picture (SVG): what has to agree stands in boxes, and each line between two says
 * by its colour, its dashes and its mark whether it does.
 */
export function agreementPicture(
  sender: ReportedSender,
  { name, mx, findings: shared }: ReportedDomain,
): string {
  const { helo, addresses, names } = sender;
  const findings = [...shared, ...sender.findings];
  const pointers = names.ptr.flatMap(({ names: of }) => of);
  const boxes = {
    helo: at(0, 0, "HELO name", [helo]),
    a: at(1, 0, "A records of the HELO name", names.a),
    address: at(2, 0, "sends from", addresses),
    ptr: at(1, 1, "PTR records of the address", pointers),
    spf: at(1, 2, "SPF", [`TXT ${name}`]),
    domain: at(0, 3, "MAIL FROM and From", [name]),
    mx: at(
      1,
      3,
      "MX",
      mx.map((exchanger) => exchanger.name),
    ),
    dkim: at(1, 4, "DKIM", [`_domainkey.${name}`]),
    dmarc: at(1, 5, "DMARC", [`_dmarc.${name}`]),
  };
  const links: Link[] = [
    {
      from: boxes.helo,
      to: boxes.a,
      label: "resolves",
      rules: ["helo-is-host-name", "mail-name-not-proxied"],
    },
    { from: boxes.a, to: boxes.address, label: "holds", rules: ["a-matches-address"] },
    { from: boxes.address, to: boxes.ptr, label: "has the name", rules: ["ptr-matches-helo"] },
    { from: boxes.ptr, to: boxes.helo, label: "is", rules: ["ptr-matches-helo"] },
    {
      from: boxes.spf,
      to: boxes.address,
      label: "permits",
      rules: ["spf-permits-address", "spf-permits-helo"],
    },
    { from: boxes.domain, to: boxes.spf, label: "publishes", rules: ["spf-is-valid"] },
    { from: boxes.domain, to: boxes.mx, label: "takes bounces at", rules: ["mx-resolves", "mx-answers"] },
    { from: boxes.domain, to: boxes.dkim, label: "signs", rules: ["dkim-key-published"] },
    { from: boxes.domain, to: boxes.dmarc, label: "asks for", rules: ["dmarc-published"] },
  ];
  const height = at(0, 6, "", []).y;
  const width = at(3, 0, "", []).x - 40;
  const title = `Names and addresses of ${helo}, and which of them agree`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${html(title)}">`,
    `<title>${html(title)}</title>`,
    ...links.map((link) => drawLink(link, findings)),
    ...Object.values(boxes).map(drawBox),
    "</svg>",
  ].join("\n");
}

function at(column: number, row: number, label: string, lines: readonly string[]): Box {
  return { x: 10 + column * (box.width + 90), y: 10 + row * (box.height + 46), label, lines };
}

function drawBox({ x, y, label, lines }: Box): string {
  const [first = "none", ...more] = lines;
  const count = more.length === 0 ? "" : ` and ${more.length} more`;
  return [
    `<g class="box"><title>${html(`${label}: ${lines.join(", ") || "none"}`)}</title>`,
    `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="6"/>`,
    `<text class="label" x="${x + 12}" y="${y + 22}">${html(label)}</text>`,
    `<text class="value" x="${x + 12}" y="${y + 22 + lineHeight * 1.5}">${html(shortened(first) + count)}</text></g>`,
  ].join("");
}

function drawLink({ from, to, label, rules }: Link, findings: readonly ReportedFinding[]): string {
  const judged = findings.filter(({ rule }) => rules.includes(rule));
  const standing = worst(judged);
  const [x1, y1] = edge(from, to);
  const [x2, y2] = edge(to, from);
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const message = judged.map((finding) => finding.message).join(" ") || "not judged";
  return [
    `<g class="link ${standing}"><title>${html(message)}</title>`,
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`,
    `<text x="${x}" y="${y - 6}" text-anchor="middle">${html(`${signs[standing]} ${label}`)}</text></g>`,
  ].join("");
}

const signs: Readonly<Record<Standing | "unjudged", string>> = {
  good: "✓",
  refused: "✗",
  remark: "!",
  unclear: "?",
  unjudged: "·",
};

function worst(findings: readonly ReportedFinding[]): Standing | "unjudged" {
  const order: readonly Standing[] = ["refused", "unclear", "remark", "good"];
  return order.find((standing) => findings.some((one) => standingOf(one) === standing)) ?? "unjudged";
}

/** Where a straight line to `other` leaves a box: at a side if it stands beside, else above or below. */
function edge(one: Box, other: Box): [x: number, y: number] {
  const centre: [number, number] = [one.x + box.width / 2, one.y + box.height / 2];
  if (other.x > one.x) return [one.x + box.width, centre[1]];
  if (other.x < one.x) return [one.x, centre[1]];
  return [centre[0], other.y > one.y ? one.y + box.height : one.y];
}

function shortened(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`;
}

/** The verdict's colour is that of its worst finding. */
export const verdictClass: Readonly<Record<Verdict, Standing>> = {
  good: "good",
  refused: "refused",
  unclear: "unclear",
};
