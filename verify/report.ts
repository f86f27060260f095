import * as z from "zod";
import { ruleIds } from "../mail/finding.ts";
import { checkIds } from "./check.ts";

/** How it stands: 0, 1 and 2 as exit codes. */
export const verdicts = ["good", "refused", "unclear"] as const;
export type Verdict = (typeof verdicts)[number];

const text = (description: string) => z.string().describe(description);

const finding = z
  .object({
    rule: z
      .enum([...ruleIds, ...checkIds])
      .describe("The rule of the judge, or the check of the live sender."),
    outcome: z
      .enum(["agrees", "disagrees", "undetermined"])
      .describe("Undetermined: nobody could say, which is neither of the others."),
    severity: z
      .enum(["mandatory", "advisory"])
      .describe("Whether receivers refuse mail for a disagreement, or it is only worth a word."),
    subject: z.object({
      domain: text("The domain, where all of its hosts are concerned.").optional(),
      host: text("The host's name in the plan.").optional(),
      helo: text("The name that the one host concerned says in HELO.").optional(),
      address: text("The one address that is concerned.").optional(),
      about: z
        .array(z.string())
        .describe(
          "What else is concerned: blocklists, a selector, a mail exchanger. Texts change, this stays.",
        )
        .optional(),
    }),
    message: text("What was found where, a sentence with its values."),
    expected: text("The value that would agree.").optional(),
    found: text("The value found.").optional(),
    fix: text("What to do about it, with its values; missing where it agrees.").optional(),
    source: text("Why anybody cares: an RFC section, a receiver's reply code."),
  })
  .describe("One answer of one rule or check.");

const findings = z.array(finding);

const domain = z
  .object({
    name: text("The domain of MAIL FROM."),
    mx: z
      .array(z.object({ name: z.string(), addresses: z.array(z.string()) }))
      .describe("Its mail exchangers, by preference."),
    findings: findings.describe(
      "What holds whichever host sends, in the order of the rules, agreements too.",
    ),
  })
  .describe("The domain that all senders send for.");

const sender = z
  .object({
    helo: text("The name it says in HELO."),
    addresses: z.array(z.string()).describe("The addresses it sends from."),
    names: z
      .object({
        a: z.array(z.string()).describe("Addresses of the HELO name."),
        ptr: z
          .array(z.object({ address: z.string(), names: z.array(z.string()) }))
          .describe("Names of each sending address."),
      })
      .describe("What the DNS says, by the zones' own servers where they answer."),
    findings: findings.describe("What holds for this host, in the order of the rules, agreements too."),
  })
  .describe("One host that sends.");

/** The result of one run, as `--json` writes it. */
export const reportSchema = z
  .object({
    version: z.literal(1).describe("Of this format. Fields are added without a new version."),
    time: z.iso.datetime().describe("When it was verified, in UTC."),
    verdict: z
      .enum(verdicts)
      .describe(
        "good: nothing mandatory disagrees. refused: something mandatory disagrees. unclear: something mandatory could not be told.",
      ),
    resolvers: z.array(z.string()).describe("The resolvers asked."),
    unchecked: z.array(z.string()).describe("What this run did not check, and how to have it checked."),
    domain,
    senders: z.array(sender),
  })
  .describe("okmail verify: the live state of mail senders.");

export type Report = z.infer<typeof reportSchema>;
export type ReportedDomain = Report["domain"];
export type ReportedSender = Report["senders"][number];
export type ReportedFinding = ReportedSender["findings"][number];

/** The format as JSON Schema, for those who read reports by program. */
export function reportJsonSchema(): unknown {
  return z.toJSONSchema(reportSchema, { target: "draft-2020-12" });
}

/** What is said of the domain, then of each sender. */
export function findingsIn({ domain, senders }: Pick<Report, "domain" | "senders">): ReportedFinding[] {
  return [domain, ...senders].flatMap(({ findings }) => findings);
}

/** Refused before unclear: what is known to be wrong is wrong whatever else comes out. */
export function verdictOf(findings: readonly Pick<ReportedFinding, "outcome" | "severity">[]): Verdict {
  const mandatory = findings.filter(({ severity }) => severity === "mandatory");
  if (mandatory.some(({ outcome }) => outcome === "disagrees")) return "refused";
  return mandatory.some(({ outcome }) => outcome === "undetermined") ? "unclear" : "good";
}

/** The exit code of a verdict. */
export function exitCodeOf(verdict: Verdict): number {
  return verdicts.indexOf(verdict);
}
