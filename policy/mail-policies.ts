import type { Policies, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { writeFile } from "node:fs/promises";
import { agreementTable } from "./agreement-table.ts";
import { BeforeCreation } from "./before-creation.ts";
import { blocklistSchema } from "./blocklist-settings.ts";
import { DnsOnly, dnsOnlySchema, type DnsOnlySettings } from "./dns-only.ts";
import { FirstJudges } from "./first-judges.ts";
import { judgeStack, type JudgementOptions } from "./judgement.ts";
import { ListedAddresses } from "./listed-addresses.ts";
import { MailPolicy, type MailPolicyExtras, type SharedJudgements } from "./mail-policy.ts";
import { mailRules } from "./rules/all.ts";
import type { MailRuleName, Report } from "./rules/mail-rule.ts";
import { judgementOptions, judgementSchema, type JudgementSettings } from "./settings.ts";

export interface MailPoliciesOptions {
  /**
   * Whether resources are being created: then each is judged before it is. A preview and an exported state are judged as a
   * whole only.
   */
  readonly updating: boolean;
  /** Where the agreement table goes, in Markdown, once the stack is judged. @default nowhere */
  readonly tableFile?: string | undefined;
}

/** The pack's policies: one for each of `mailRules`, with one judgement for all. */
export function mailPolicies({ updating, tableFile }: MailPoliciesOptions): Policies {
  const beforeCreation = new BeforeCreation();
  const listed = new ListedAddresses({ updating, environment: process.env });
  const judgements: SharedJudgements = {
    stack: new FirstJudges(
      (args: StackValidationArgs) => reportsOnStack(args, tableFile, listed.listings),
      () => "stack",
    ),
    resource: updating
      ? new FirstJudges(
          (args: ResourceValidationArgs) => beforeCreation.judge(args),
          ({ urn }) => urn,
        )
      : undefined,
  };
  // The SDK's types want functions that are always there; the SDK itself asks for them anew each time.
  return mailRules.map(
    (rule, position) => new MailPolicy(rule, position, judgements, extrasOf(rule.name, listed)),
  ) as Policies;
}

async function reportsOnStack(
  args: StackValidationArgs,
  tableFile: string | undefined,
  listings: JudgementOptions["listings"],
): Promise<readonly Report[]> {
  // These are the settings of the policy that is called first: `judged-completely`, unless that is disabled.
  const options = judgementOptions(args.getConfig<JudgementSettings>());
  const judgement = await judgeStack(args.resources, { ...options, listings });
  if (tableFile !== undefined && tableFile !== "") await writeFile(tableFile, agreementTable(judgement));
  return judgement.reports;
}

function extrasOf(name: MailRuleName, listed: ListedAddresses): MailPolicyExtras {
  switch (name) {
    case "judged-completely":
      return { configSchema: judgementSchema };
    case "mail-name-not-proxied": {
      const dnsOnly = new DnsOnly();
      return {
        configSchema: dnsOnlySchema,
        remediateResource: (args) => dnsOnly.remediate(args, args.getConfig<DnsOnlySettings>()),
      };
    }
    case "address-not-listed":
      return { configSchema: blocklistSchema, ownValidation: () => listed.validation };
    default:
      return {};
  }
}
