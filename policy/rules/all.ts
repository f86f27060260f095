import { addressProtected } from "./address-protected.ts";
import { agreements } from "./agreements.ts";
import { judgedCompletely } from "./judged-completely.ts";
import type { MailRule } from "./mail-rule.ts";
import { relayClosed } from "./relay-closed.ts";
import { remarks } from "./remarks.ts";
import { spfNotForEveryone } from "./spf-not-for-everyone.ts";

/** All policies. The first judges for all of them, so it is the one with settings for the judgement as a whole. */
export const mailRules: readonly MailRule[] = [
  judgedCompletely,
  ...agreements,
  spfNotForEveryone,
  relayClosed,
  addressProtected,
  remarks,
];
