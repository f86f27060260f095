import { PolicyPack } from "@pulumi/policy";
import { mailPolicies } from "./mail-policies.ts";

new PolicyPack("okmail", {
  displayName: "okmail: mail senders whose mail is accepted",
  description:
    "A deploy whose HELO name, PTR, A, SPF and MX records don't agree is refused before it happens.",
  policies: mailPolicies({
    // Set by the engine for an operation, and to "false" only where resources are really being created.
    updating: process.env.PULUMI_NODEJS_DRY_RUN === "false",
    tableFile: process.env.OKMAIL_AGREEMENT_TABLE,
  }),
});
