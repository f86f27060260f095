import type {
  EnforcementLevel,
  Policy,
  PolicyConfigSchema,
  ResourceRemediation,
  ResourceValidationArgs,
  Severity,
  StackValidationArgs,
} from "@pulumi/policy";
import type { FirstJudges, Validation } from "./first-judges.ts";
import type { MailRule } from "./rules/mail-rule.ts";

/** The judgements that all policies share. */
export interface SharedJudgements {
  readonly stack: FirstJudges<StackValidationArgs>;
  /** Of each resource before it is created; undefined where nothing is being created. */
  readonly resource: FirstJudges<ResourceValidationArgs> | undefined;
}

/**
 * A rule as a policy of the SDK, for resources and for stacks at once. The SDK looks for its functions at each call, so
 * that they can come and go (`FirstJudges`).
 */
export class MailPolicy implements Policy {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly enforcementLevel: EnforcementLevel;
  readonly severity: Severity;
  readonly remediationSteps: string;
  readonly configSchema?: PolicyConfigSchema;
  readonly remediateResource?: ResourceRemediation;
  readonly #rule: MailRule;
  readonly #position: number;
  readonly #judgements: SharedJudgements;
  readonly #ownValidation: MailPolicyExtras["ownValidation"];

  /** @param position the policy's place among those that share the judgements */
  constructor(rule: MailRule, position: number, judgements: SharedJudgements, extras: MailPolicyExtras = {}) {
    this.name = rule.name;
    this.displayName = rule.title;
    // The engine puts it before each violation, so it is short.
    this.description = `Requires that ${rule.title.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase())}.`;
    this.enforcementLevel = rule.level;
    this.severity = rule.level === "mandatory" ? "high" : "medium";
    this.remediationSteps = rule.remediationSteps;
    const { ownValidation, ...properties } = extras;
    Object.assign(this, properties);
    this.#ownValidation = ownValidation;
    this.#rule = rule;
    this.#position = position;
    this.#judgements = judgements;
  }

  get validateStack(): Validation<StackValidationArgs> | undefined {
    return this.#judgements.stack.validation(this.#rule.name, this.#position);
  }

  get validateResource(): Validation<ResourceValidationArgs> | undefined {
    const shared = this.#judgements.resource?.validation(this.#rule.name, this.#position);
    const own = this.#ownValidation?.();
    if (shared === undefined || own === undefined) return shared ?? own;
    return async (args, reportViolation) => {
      await shared(args, reportViolation);
      await own(args, reportViolation);
    };
  }
}

/** What only some policies have. */
export type MailPolicyExtras = Pick<Policy, "configSchema"> & {
  readonly remediateResource?: ResourceRemediation;
  /** What the policy does of its own about a resource, asked for anew each time. */
  readonly ownValidation?: () => Validation<ResourceValidationArgs> | undefined;
};
