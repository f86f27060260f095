import type { Finding } from "../mail/finding.ts";
import { judge, type JudgeOptions } from "../mail/judge.ts";
import { remembering, type Resolver } from "../mail/resolver.ts";
import { SymbolTable } from "../mail/symbol.ts";
import { readPlan, type Plan } from "./plan.ts";
import { plannedZone, type PlannedZoneOptions } from "./planned-zone.ts";
import { known, type SeenResource } from "./property.ts";
import { reportOf } from "./report.ts";
import { unprotectedAddresses } from "./rules/address-protected.ts";
import type { Report } from "./rules/mail-rule.ts";
import { relayFaults } from "./rules/relay-closed.ts";
import type { SenderNote } from "./sender-note.ts";
import { findSenders, type FoundSenders, type HostSender } from "./senders.ts";
import { ZoneIndex } from "./zone-index.ts";

export interface JudgementOptions
  extends Pick<PlannedZoneOptions, "live" | "liveTimeLimit" | "unmanaged">, Pick<JudgeOptions, "listings"> {}

/** One sender and what the judge says about it. */
export interface JudgedSender {
  readonly sender: HostSender;
  readonly findings: readonly Finding[];
}

/** What there is to say about a stack's mail hosts. */
export interface StackJudgement {
  /** By HELO name. */
  readonly senders: readonly JudgedSender[];
  readonly reports: readonly Report[];
  /** Names the addresses that aren't allocated yet. */
  readonly symbols: SymbolTable;
}

/** How many senders are judged at the same time, for where live look-ups take their time. */
const atOnce = 32;

/** Judges all mail hosts of a stack over its plan. A stack without one has no senders and no reports. */
export async function judgeStack(
  resources: readonly SeenResource[],
  options: JudgementOptions = {},
): Promise<StackJudgement> {
  const symbols = new SymbolTable();
  // The engine gives them in no order; with one the same stack has the same report each time.
  const plan = readPlan(resources.toSorted((one, other) => compare(one.urn, other.urn)));
  const zones = new ZoneIndex(plan);
  const found = findSenders(plan, symbols, zones);
  const dns = remembering(plannedZone(plan, { ...options, symbols, zones }));
  const senders = await judgeAll(
    found.senders.toSorted((one, other) => compare(one.helo, other.helo)),
    dns,
    options,
  );
  const reports = [
    ...senders.flatMap(({ sender, findings }) =>
      findings.flatMap((finding) => reportOf(finding, sender.urn, symbols) ?? []),
    ),
    ...relayReports(found),
    ...unprotectedAddresses(found.senders),
    ...noteReports(found, plan),
  ];
  return { senders, reports: withoutRepetition(reports), symbols };
}

async function judgeAll(
  senders: readonly HostSender[],
  dns: Resolver,
  { listings }: JudgementOptions,
): Promise<JudgedSender[]> {
  const judged: JudgedSender[] = [];
  for (let next = 0; next < senders.length; next += atOnce) {
    const some = senders.slice(next, next + atOnce).map(async (sender) => ({
      sender,
      findings: await judge(sender, dns, { listings }),
    }));
    judged.push(...(await Promise.all(some)));
  }
  return judged;
}

function relayReports({ hosts }: FoundSenders): Report[] {
  return hosts.flatMap((host) =>
    relayFaults(host).map(({ outcome, message }) =>
      outcome === "disagrees"
        ? { rule: "relay-closed", message, urn: host.urn }
        : { rule: "judged-completely", message: `relay-closed: ${message}`, urn: host.urn },
    ),
  );
}

function noteReports(found: FoundSenders, plan: Plan): Report[] {
  return found.notes
    .filter((note) => isWorthTelling(note, found, plan))
    .map(({ host, message, fix, urn }) => ({
      rule: "judged-completely",
      message: `host ${host}: ${message} ${fix}`,
      urn,
    }));
}

/**
 * Most instances whose user data isn't known yet are no mail hosts: that is worth a word only where something else in the
 * stack speaks of mail.
 */
function isWorthTelling({ kind }: SenderNote, { senders, hosts }: FoundSenders, plan: Plan): boolean {
  if (kind === "relays") return false;
  if (kind !== "user-data-unknown") return true;
  return (
    senders.length > 0 ||
    hosts.length > 0 ||
    plan.eipDomainNames.size > 0 ||
    plan.records.some(({ type }) => known(type) === "MX")
  );
}

/** Hosts of one domain share its records, so the same thing may be said for each of them. */
function withoutRepetition(reports: readonly Report[]): Report[] {
  return [
    ...new Map(
      reports.map((report) => [`${report.rule} ${report.urn ?? ""} ${report.message}`, report]),
    ).values(),
  ];
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
