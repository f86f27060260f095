import { clipped } from "../../mail/clipped.ts";
import type { Severity } from "../../mail/finding.ts";
import { blocks } from "../../mail/finding.ts";
import { judge, type Sender } from "../../mail/judge.ts";
import { agrees, disagrees, list, undetermined, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";
import { ownNamesOf } from "../own-names.ts";
import { digestOf, recordText, type Said } from "../dns/answers.ts";
import { isAnswer, type Asker } from "../dns/asker.ts";
import type { Hearing, Panel, Witness } from "../dns/panel.ts";
import type { Facts } from "../facts.ts";
import { durationText } from "../delist-text.ts";

/**
 * Runs after all others: it compares what everybody said to the questions that they asked. What a resolver still remembers
 * weighs as much as the rules that disagree by it.
 */
export const dnsIsConsistent: Check = {
  id: "dns-is-consistent",
  title: "Resolvers and the zones' own servers say the same",
  severity: "advisory",
  description:
    "Each question about our names goes to several resolvers and to all name servers of the zone. A resolver that still has " +
    "an old answer is told from a record that is wrong: the first passes by itself. Servers of a zone that differ are a " +
    "fault of the zone.",
  sources: ["RFC 1035 7.4", "RFC 2181 5.2", "RFC 2308 3"],
  ofSender: async (facts) => {
    const ofDomain = domainNames(facts);
    const hearings = await honestHearings(
      facts,
      facts.senders.flatMap(ownNamesOf).filter((name) => !ofDomain.includes(name)),
    );
    const differences = await differencesIn(hearings, facts);
    // Who says nothing is told once, with the domain.
    if (differences.length > 0 || hearings.length === 0 || silences(hearings).length > 0) return differences;
    return [agreement(hearings, facts)];
  },
  ofDomain: async (facts) => {
    const { panel, senders } = facts;
    const [hearings, all, invented] = await Promise.all([
      honestHearings(facts, domainNames(facts)),
      honestHearings(facts, [...new Set(senders.flatMap(ownNamesOf))]),
      inventors(panel),
    ]);
    const statements = [
      ...[...invented].map(inventedStatement),
      ...(await differencesIn(hearings, facts)),
      ...silences(all),
    ];
    return statements.length > 0 || hearings.length === 0 ? statements : [agreement(hearings, facts)];
  },
};

function domainNames({ asked: { mailFrom, from } }: Facts): string[] {
  return [...new Set([mailFrom, from])].filter((name) => name !== "");
}

/** Without the resolvers that are not believed. */
async function honestHearings({ panel }: Facts, names: readonly string[]): Promise<Hearing[]> {
  const [hearings, invented] = await Promise.all([panel.hearings(names), inventors(panel)]);
  return hearings.map((hearing) => ({
    ...hearing,
    resolvers: hearing.resolvers.filter(({ asker }) => !invented.has(asker)),
  }));
}

async function differencesIn(hearings: readonly Hearing[], { panel, senders }: Facts): Promise<Statement[]> {
  return [...hearings.flatMap(differingServers), ...(await staleAnswers(hearings, panel, senders))];
}

function agreement(hearings: readonly Hearing[], { panel }: Facts): Statement {
  const resolvers = panel.resolvers.map(({ name }) => name);
  const authorities = new Set(hearings.flatMap((hearing) => hearing.authorities.map(({ asker }) => asker)));
  return agrees(
    authorities.size === 0
      ? `${list(resolvers)} say the same to ${hearings.length} questions.`
      : `${list(resolvers)} and ${authorities.size === 1 ? "the name server" : `${authorities.size} name servers`} of the zones say the same to ${hearings.length} questions.`,
  );
}

async function inventors(panel: Panel): Promise<Set<Asker>> {
  const found = await Promise.all(
    panel.resolvers.map(async (resolver) => ((await panel.invents(resolver)) ? [resolver] : [])),
  );
  return new Set(found.flat());
}

function inventedStatement({ name }: Asker): Statement {
  return disagrees(`The resolver ${name} answers for names that don't exist, so it is not believed.`, {
    about: [name],
    found: name,
    fix: `Ask another resolver in place of ${name}, by --resolver.`,
    source: "RFC 6761 6.4",
  });
}

/** Where one server of the zone says another thing than the first that says anything. */
function differingServers({ question, authorities }: Hearing): Statement[] {
  const said = authorities.filter(({ said: told }) => isAnswer(told));
  const [first, ...others] = said;
  const other = others.find((witness) => first && digestOf(witness.said) !== digestOf(first.said));
  if (first === undefined || other === undefined) return [];
  return [
    disagrees(
      `The name servers differ about ${questionText(question)}: ${first.asker.name} says ${text(first.said)}, ` +
        `${other.asker.name} says ${text(other.said)}.`,
      {
        about: [questionText(question)],
        expected: text(first.said),
        found: text(other.said),
        fix: "Wait until the servers of the zone have the same serial number; if they don't within an hour, look at their zone transfers.",
        severity: "mandatory",
        source: "RFC 1034 4.3.5",
      },
    ),
  ];
}

/** What resolvers remember that the zone's own servers don't say any more. */
async function staleAnswers(
  hearings: readonly Hearing[],
  panel: Panel,
  senders: readonly Sender[],
): Promise<Statement[]> {
  const stale = hearings.flatMap((hearing) => {
    const truths = hearing.authorities.filter(({ said }) => isAnswer(said));
    const digests = new Set(truths.map(({ said }) => digestOf(said)));
    const [truth] = truths;
    if (truth === undefined) return [];
    return hearing.resolvers
      .filter(({ said }) => isAnswer(said) && !digests.has(digestOf(said)))
      .map((witness) => ({ witness, truth, hearing }));
  });
  const broken = new Map<Asker, readonly string[]>();
  for (const asker of new Set(stale.map(({ witness }) => witness.asker)))
    broken.set(asker, await brokenBy(asker, panel, senders));
  return stale.map(({ witness, truth, hearing: { question } }) => {
    const rules = broken.get(witness.asker) ?? [];
    const severity: Severity = rules.length === 0 ? "advisory" : "mandatory";
    const effect = rules.length === 0 ? "" : ` Receivers that ask it refuse for now: ${list(rules)}.`;
    return disagrees(
      `The resolver ${witness.asker.name} still remembers ${text(witness.said)} for ${questionText(question)}; ` +
        `the zone's own server ${truth.asker.name} says ${text(truth.said)}.${effect}`,
      {
        // Whichever resolver it is.
        about: [questionText(question)],
        expected: text(truth.said),
        found: text(witness.said),
        fix: `Wait: the old answer is forgotten in ${remaining(witness.said)}. The record itself is not the fault.`,
        severity,
      },
    );
  });
}

/** The mandatory rules that disagree by what one resolver says, and not in truth. */
async function brokenBy(resolver: Asker, panel: Panel, senders: readonly Sender[]): Promise<string[]> {
  const broken = senders.map(async (sender) => {
    const [seen, truth] = await Promise.all([
      judge(sender, panel.view(resolver)),
      judge(sender, panel.truth),
    ]);
    const known = new Set(truth.filter(blocks).map(({ rule }) => rule));
    return seen.filter((finding) => blocks(finding) && !known.has(finding.rule)).map(({ rule }) => rule);
  });
  return [...new Set((await Promise.all(broken)).flat())];
}

/** Those that say nothing to some questions. */
function silences(hearings: readonly Hearing[]): Statement[] {
  const silent = new Map<Asker, { readonly questions: string[]; readonly said: Said }>();
  // An alias is all that a server of one zone can say; a resolver follows it.
  const mute = ({ resolvers, authorities }: Hearing): readonly Witness[] => [
    ...resolvers.filter(({ said }) => !isAnswer(said)),
    ...authorities.filter(({ said }) => !isAnswer(said) && said.kind !== "alias"),
  ];
  for (const hearing of hearings) {
    for (const { asker, said } of mute(hearing)) {
      const known = silent.get(asker) ?? { questions: [], said };
      known.questions.push(questionText(hearing.question));
      silent.set(asker, known);
    }
  }
  return [...silent].map(([{ name }, { questions, said }]) =>
    undetermined(
      { why: `${name} ${reason(said)} to ${questionsText(questions)}`, undetermined: false },
      { about: [name], found: name },
    ),
  );
}

function questionText({ type, name }: Hearing["question"]): string {
  return `${type} ${name}`;
}

function questionsText(questions: readonly string[]): string {
  const [first = ""] = questions;
  return questions.length === 1 ? first : `${first} and ${questions.length - 1} more questions`;
}

const reasons: Readonly<Record<string, string>> = {
  ETIMEOUT: "gave no answer in time",
  EBADRESP: "gave an answer that is no DNS message",
  ESERVFAIL: "failed (SERVFAIL)",
  EREFUSED: "refused (REFUSED)",
  ECONNREFUSED: "can't be reached (ECONNREFUSED)",
};

function reason(said: Said): string {
  if (said.kind === "alias") return "gave an alias, and leaves the answer to others,";
  if (said.kind !== "failed") return "is not the server of the zone (lame delegation), and says nothing";
  return reasons[said.code] ?? `gave no answer (${said.code})`;
}

function remaining(said: Said): string {
  const seconds = "ttl" in said && Number.isFinite(said.ttl) ? said.ttl : 0;
  return seconds === 0 ? "a moment" : durationText(seconds * 1000);
}

function text(said: Said): string {
  return said.kind === "found" ? clipped(said.records.map(recordText).toSorted().join(", ")) : "nothing";
}
