import type { MailRule } from "./mail-rule.ts";

/**
 * Takes all that is undetermined, whichever rule it belongs to: a violation has the level of its policy and no other, and
 * what nobody can know yet must neither refuse a first deploy nor pass in silence.
 */
export const judgedCompletely: MailRule = {
  name: "judged-completely",
  title: "Everything about a mail host could be judged",
  description:
    "No rule had to stop at a value that is not known yet, at a name outside the plan, or at a part of user data that " +
    "can't be followed. What a preview can't know is judged in the update, each record before it is created.",
  level: "advisory",
  remediationSteps:
    "Wait for the update; or set liveDns, so that names outside the plan are looked up; or give the instance the tags " +
    "mail:helo, mail:domain and mail:address.",
};
