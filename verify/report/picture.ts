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
const gap = { x: 150, y: 32 };
const margin = 10;
const lineHeight = 16;
/** Characters that surely fit a box. */
const longestText = 28;
/** Where on a line its label stands: nearer to the end, for several lines may have one beginning. */
const labelAt = 0.55;

/**
 * The names and addresses of a sender as a picture (SVG): what has to agree stands in boxes, and each line between two says
 * by its colour, its dashes and its mark whether it does.
 */
export function senderPicture(sender: ReportedSender, domain: ReportedDomain): string {
  const { helo, addresses, names } = sender;
  const boxes = {
    helo: at(0, 0, "HELO name", [helo]),
    a: at(1, 0, "A records of the HELO name", names.a),
    address: at(2, 0, "sends from", addresses),
    ptr: at(
      1,
      1,
      "PTR records of the address",
      names.ptr.flatMap(({ names: of }) => of),
    ),
    spf: at(1, 2, "SPF", [`TXT ${domain.name}`]),
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
    { from: boxes.helo, to: boxes.ptr, label: "is the name", rules: ["ptr-matches-helo"] },
    {
      from: boxes.address,
      to: boxes.spf,
      label: "is permitted",
      rules: ["spf-permits-address", "spf-permits-helo"],
    },
  ];
  const title = `Names and addresses of ${helo}, and which of them agree`;
  return picture(title, Object.values(boxes), links, sender.findings);
}

/** What a domain publishes, in the same way. */
export function domainPicture({ name, mx, findings }: ReportedDomain): string {
  const domain = at(0, 0, "MAIL FROM and From", [name]);
  const published: readonly (readonly [Box, label: string, rules: Link["rules"]])[] = [
    [at(1, 0, "SPF", [`TXT ${name}`]), "publishes", ["spf-is-valid"]],
    [
      at(
        1,
        1,
        "MX",
        mx.map((exchanger) => exchanger.name),
      ),
      "takes bounces at",
      ["mx-resolves", "mx-answers"],
    ],
    [at(1, 2, "DKIM", [`_domainkey.${name}`]), "signs by", ["dkim-key-published"]],
    [at(1, 3, "DMARC", [`_dmarc.${name}`]), "asks by", ["dmarc-published"]],
  ];
  const links = published.map(([to, label, rules]) => ({ from: domain, to, label, rules }));
  const title = `What ${name} publishes, and whether it agrees`;
  return picture(title, [domain, ...links.map(({ to }) => to)], links, findings);
}

function picture(
  title: string,
  boxes: readonly Box[],
  links: readonly Link[],
  findings: readonly ReportedFinding[],
): string {
  const width = Math.max(...boxes.map(({ x }) => x)) + box.width + margin;
  const height = Math.max(...boxes.map(({ y }) => y)) + box.height + margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${html(title)}">`,
    `<title>${html(title)}</title>`,
    // No line crosses a label.
    ...links.map((link) => drawLine(link, findings)),
    ...links.map((link) => drawLabel(link, findings)),
    ...boxes.map(drawBox),
    "</svg>",
  ].join("\n");
}

function at(column: number, row: number, label: string, lines: readonly string[]): Box {
  return {
    x: margin + column * (box.width + gap.x),
    y: margin + row * (box.height + gap.y),
    label,
    lines,
  };
}

function drawBox({ x, y, label, lines }: Box): string {
  const [first = "none", ...more] = lines;
  const count = more.length === 0 ? "" : ` and ${more.length} more`;
  return [
    `<g class="box"><title>${html(`${label}: ${lines.join(", ") || "none"}`)}</title>`,
    `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="6"/>`,
    `<text class="label" x="${x + 12}" y="${y + 22}">${html(label)}</text>`,
    `<text class="value" x="${x + 12}" y="${y + 22 + lineHeight * 1.5}">${html(shortened(first, longestText - count.length) + count)}</text></g>`,
  ].join("");
}

function drawLine({ from, to, rules }: Link, findings: readonly ReportedFinding[]): string {
  const { standing, message } = judgementOf(rules, findings);
  const [[x1, y1], [x2, y2]] = [edge(from, to), edge(to, from)];
  return [
    `<g class="link ${standing}"><title>${html(message)}</title>`,
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/></g>`,
  ].join("");
}

function drawLabel({ from, to, label, rules }: Link, findings: readonly ReportedFinding[]): string {
  const { standing, message } = judgementOf(rules, findings);
  const [[x1, y1], [x2, y2]] = [edge(from, to), edge(to, from)];
  const [x, y] = [x1 + (x2 - x1) * labelAt, y1 + (y2 - y1) * labelAt];
  return [
    `<g class="said ${standing}"><title>${html(message)}</title>`,
    `<text x="${x}" y="${y + 4}" text-anchor="middle">${html(`${signs[standing]} ${label}`)}</text></g>`,
  ].join("");
}

function judgementOf(
  rules: Link["rules"],
  findings: readonly ReportedFinding[],
): { standing: Standing | "unjudged"; message: string } {
  const judged = findings.filter(({ rule }) => rules.includes(rule));
  return {
    standing: worst(judged),
    message: judged.map((finding) => finding.message).join(" ") || "not judged",
  };
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

function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

/** The verdict's colour is that of its worst finding. */
export const verdictClass: Readonly<Record<Verdict, Standing>> = {
  good: "good",
  refused: "refused",
  unclear: "unclear",
};
