import type { MailRuleName } from "../../policy/rules/mail-rule.ts";
import type { Output, Stack } from "./declared.ts";
import type { Mutation } from "./mutation.ts";

/**
 * Those whose verdict is compared with the pack's on the whole stack in up. `before` is the pack's own on each resource before
 * it is created: it has to see no more than what can be seen then, and must not refuse what is good. `dns` is the judge over the DNS
 * within this process, `labDns` the same over the lab's Knot; `receiver` is the one within this process, `lab` the lab's Postfix.
 */
export type Witness = "before" | "preview" | "dns" | "labDns" | "receiver" | "lab";

/** One misconfiguration: a good stack and one change, and what is to come of it. */
export interface Row {
  /** What is the matter, a phrase. */
  readonly title: string;
  readonly group: string;
  readonly stack: Stack;
  /** The mandatory rule that refuses the deploy in up; others may join it. */
  readonly expects: "passes" | MailRuleName;
  /** Why a verdict is rightly another than that in up. */
  readonly differs: Readonly<Partial<Record<Witness, string>>>;
  /** What the cloud itself says against it: a part of its message. */
  readonly refused: string | undefined;
  /** What hosts do where the local cloud can't know it, by the instance's logical name. */
  readonly guests: Readonly<Record<string, GuestFacts>>;
  /** The domain that hosts send for. */
  readonly domain: string;
}

/** What a host would do by the rules of its operating system and network. `none`: it is no mail host. */
export type GuestFacts = "none" | { readonly helo?: string; readonly from?: readonly Output[] };

export interface RowOptions {
  readonly differs?: Row["differs"];
  readonly refused?: string;
  readonly guests?: Row["guests"];
  readonly domain?: string;
}

export type AddRow = (title: string, mutate: Mutation, expects: Row["expects"], options?: RowOptions) => Row;

/** Rows of one group over one good stack. */
export function rowsOn(group: string, good: Stack): AddRow {
  return (title, mutate, expects, options = {}) => {
    const { differs = {}, refused, guests = {}, domain = "example.com" } = options;
    return { title, group, stack: mutate(good), expects, differs, refused, guests, domain };
  };
}

/** A reason that holds for every receiver. */
export function receivers(reason: string): Record<"receiver" | "lab", string> {
  return { receiver: reason, lab: reason };
}

/** A reason that holds wherever the judge asks live DNS. */
export function liveDns(reason: string): Record<"dns" | "labDns", string> {
  return { dns: reason, labDns: reason };
}

/** A reason that holds for all who see what is there in the end. */
export function live(reason: string): Row["differs"] {
  return { ...liveDns(reason), ...receivers(reason) };
}

/** Reasons that hold for many rows. */
export const because = {
  softfail: "a receiver takes softfail and neutral for a doubt, and DMARC asks for nothing here",
  everyone: "who authorizes everybody authorizes the host too; the harm is done by others",
  relay: "how a host treats strangers doesn't show in the mail that it sends",
  bounces: "bounces get lost, but a receiver doesn't ask for the exchanger's address before it takes mail",
  textUnknown:
    "without a template nobody can read the text before the address is allocated; up judges it before the record is created",
} as const;
