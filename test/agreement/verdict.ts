import { judge } from "../../mail/judge.ts";
import { blocks } from "../../mail/finding.ts";
import { BeforeCreation } from "../../policy/before-creation.ts";
import { judgeStack } from "../../policy/judgement.ts";
import { mailRules } from "../../policy/rules/all.ts";
import type { SeenResource } from "../../policy/property.ts";
import type { Resolver } from "../../mail/resolver.ts";
import { deliveries, sendersOf } from "./hosts.ts";
import type { Cloud, Created } from "./cloud.ts";
import { aboutToBe, planned } from "./planned.ts";
import type { Row, Witness } from "./row.ts";

/** What one of the judges says. */
export interface Verdict {
  readonly blocked: boolean;
  /** Whether a host is told to try again later. */
  readonly deferred?: boolean;
  /** The rules that block, or the receiver's replies. */
  readonly why: readonly string[];
}

/** Those who are asked without a lab, and those in it. */
export type ProcessWitness = "before" | "preview" | "dns" | "receiver";
export type LabWitness = Exclude<Witness, ProcessWitness>;

/** What all who were asked say about one row. */
export interface Outcome<Asked extends Witness = never> {
  readonly row: Row;
  readonly refusals: Created["refusals"];
  /** The pack's on the whole stack with all values known. */
  readonly up: Verdict;
  readonly witnesses: Readonly<Partial<Record<Witness, Verdict>> & Record<Asked, Verdict>>;
}

const mandatory: ReadonlySet<string> = new Set(
  mailRules.filter(({ level }) => level === "mandatory").map(({ name }) => name),
);

export async function tryRow(row: Row, cloud: Cloud): Promise<Outcome<ProcessWitness>> {
  const created = await cloud.create(row.stack);
  const outside = new Map(
    row.stack.flatMap(({ name, outside: isOutside }) => {
      const outputs = created.outputs.get(name);
      return isOutside === true && outputs !== undefined ? [[name, outputs] as const] : [];
    }),
  );
  const [up, before, preview, dns, receiver] = await Promise.all([
    policyVerdict(planned(row.stack, created.outputs, cloud.providers)),
    verdictBeforeCreation(aboutToBe(row.stack, created.outputs)),
    policyVerdict(planned(row.stack, outside, cloud.providers)),
    dnsVerdict(row, created, cloud),
    receiverVerdict(row, created, cloud),
  ]);
  return { row, refusals: created.refusals, up, witnesses: { before, preview, dns, receiver } };
}

/** As `tryRow`, in a cloud whose DNS and receiver are those of the lab. What is said beforehand is the same there. */
export async function tryRowInLab(row: Row, cloud: Cloud): Promise<Outcome<LabWitness>> {
  const created = await cloud.create(row.stack);
  const [up, labDns, lab] = await Promise.all([
    policyVerdict(planned(row.stack, created.outputs, cloud.providers)),
    dnsVerdict(row, created, cloud),
    receiverVerdict(row, created, cloud),
  ]);
  return { row, refusals: created.refusals, up, witnesses: { labDns, lab } };
}

/** The pack's verdict over a stack as a whole: violations of mandatory policies. */
export async function policyVerdict(resources: readonly SeenResource[]): Promise<Verdict> {
  const { reports } = await judgeStack(resources);
  const why = new Set(reports.map(({ rule }) => rule).filter((rule) => mandatory.has(rule)));
  return { blocked: why.size > 0, why: [...why] };
}

/** The pack's verdict on each resource in the moment before it is created. */
export async function verdictBeforeCreation(resources: readonly SeenResource[]): Promise<Verdict> {
  const judgement = new BeforeCreation();
  const why = new Set<string>();
  for (const resource of resources)
    for (const { rule } of await judgement.judge(resource)) if (mandatory.has(rule)) why.add(rule);
  return { blocked: why.size > 0, why: [...why] };
}

async function dnsVerdict(row: Row, created: Created, cloud: Cloud): Promise<Verdict> {
  const { resolver } = cloud.plane;
  const live = {
    resolve: (name: string, type: string) => resolver.resolve(name, type),
  } as unknown as Resolver;
  const why = new Set<string>();
  for (const sender of sendersOf(row, created, cloud))
    for (const finding of await judge(sender, live)) if (blocks(finding)) why.add(finding.rule);
  return { blocked: why.size > 0, why: [...why] };
}

/** 4yz is no refusal: the host tries again, and no deploy would be to blame. */
async function receiverVerdict(row: Row, created: Created, cloud: Cloud): Promise<Verdict> {
  const replies = await deliveries(row, created, cloud);
  const refused = replies.filter(({ code }) => code >= 500);
  const deferred = replies.filter(({ code }) => code >= 400 && code < 500);
  const [said] = [refused, deferred, replies].filter((some) => some.length > 0);
  return {
    blocked: refused.length > 0,
    deferred: refused.length === 0 && deferred.length > 0,
    why: [...new Set(said?.map(({ code, status }) => `${code} ${status}`))],
  };
}
