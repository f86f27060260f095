import type { MailRule } from "./mail-rule.ts";

/** Takes what a mandatory rule finds odd and receivers still accept. */
export const remarks: MailRule = {
  name: "remarks",
  title: "Nothing about a mail host looks odd",
  description:
    "What a mandatory rule finds odd though no receiver refuses mail for it, such as a HELO name without an SPF record " +
    "of its own.",
  level: "advisory",
  remediationSteps: "Each remark says what would end it.",
};
