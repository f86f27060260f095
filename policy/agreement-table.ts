import { blocks, type Finding, type RuleId } from "../mail/finding.ts";
import type { JudgedSender, StackJudgement } from "./judgement.ts";
import { mailRules } from "./rules/all.ts";
import type { Report } from "./rules/mail-rule.ts";

/** The columns that say whether something agrees, with the rules that speak of it. */
const columns: readonly { readonly title: string; readonly rules: readonly RuleId[] }[] = [
  { title: "A", rules: ["a-matches-address", "mail-name-not-proxied"] },
  { title: "PTR", rules: ["ptr-matches-helo"] },
  { title: "SPF", rules: ["spf-is-valid", "spf-permits-address", "spf-permits-helo", "spf-not-too-wide"] },
  { title: "MX", rules: ["mx-resolves"] },
];

const mandatory = new Set(mailRules.filter(({ level }) => level === "mandatory").map(({ name }) => name));

/**
 * What the pack says about a stack, in Markdown, for a pull request: a row for each host with its address, HELO name,
 * whether A, PTR, SPF and MX agree, and the verdict; below it what doesn't agree, with the fixes, what refuses the
 * deploy first. Levels are the rules' own, not those that a user has set. The same judgement is the same text.
 */
export function agreementTable(judgement: StackJudgement): string {
  const { senders, reports } = judgement;
  if (senders.length === 0 && reports.length === 0) return "The stack has no mail host.\n";
  const header = ["Host", "Address", "HELO", ...columns.map(({ title }) => title), "Verdict"];
  const rows = senders.map((judged) => [
    code(judged.sender.name),
    addresses(judged, judgement),
    code(judged.sender.helo),
    ...columns.map(({ rules }) => agreement(judged.findings.filter(({ rule }) => rules.includes(rule)))),
    verdict(judged, reports),
  ]);
  const table = [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const refusing = reports.filter(({ rule }) => mandatory.has(rule));
  const others = reports.filter(({ rule }) => !mandatory.has(rule));
  return `${[
    ...(rows.length > 0 ? table : ["No host of the stack could be judged as a sender."]),
    ...points("Refuses the deploy", refusing),
    ...points("To know", others),
  ].join("\n")}\n`;
}

function addresses({ sender }: JudgedSender, { symbols }: StackJudgement): string {
  if (sender.addresses.length === 0) return "not known";
  return sender.addresses
    .map((address) => {
      const elasticIp = symbols.nameOf(address);
      return elasticIp === undefined
        ? code(symbols.describe(address))
        : `Elastic IP ${code(elasticIp)}, not allocated yet`;
    })
    .join("<br>");
}

/** The weightiest outcome of some rules. */
function agreement(findings: readonly Finding[]): string {
  if (findings.some(blocks)) return "**disagrees**";
  if (findings.some(isOpen)) return "not known yet";
  if (findings.some(({ outcome }) => outcome === "disagrees")) return "agrees, with a remark";
  return findings.length > 0 ? "agrees" : "not judged";
}

function verdict({ sender, findings }: JudgedSender, reports: readonly Report[]): string {
  const own = reports.filter(({ urn }) => urn === sender.urn);
  if (findings.some(blocks) || own.some(({ rule }) => mandatory.has(rule))) return "**refused**";
  return findings.some(isOpen) ? "passes as far as known" : "passes";
}

/** Whether what isn't known may still refuse the deploy. */
function isOpen({ outcome, severity }: Finding): boolean {
  return outcome === "undetermined" && severity === "mandatory";
}

function points(title: string, reports: readonly Report[]): string[] {
  if (reports.length === 0) return [];
  return ["", `**${title}**`, "", ...reports.map(({ rule, message }) => `- ${code(rule)} ${plain(message)}`)];
}

/** A value of the stack's, which anybody may have written, as inline code that stays inside a table's cell. */
function code(value: string): string {
  return `\`${value.replace(/[\r\n`]+/g, " ").replaceAll("|", "\\|")}\``;
}

/** A text as itself: no markup, no mention of anybody. */
function plain(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>#|~]/g, "\\$&")
    .replaceAll("@", "&#64;");
}
