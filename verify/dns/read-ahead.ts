import { normalizeName } from "../../mail/host-name.ts";
import type { Answers, RecordType, Resolver } from "../../mail/resolver.ts";
import { spfLimits } from "../../mail/spf-limits.ts";
import { isSpfRecord, spfTerms } from "../../mail/spf-terms.ts";

/** What is going to be asked for: `TXT`, `spf.example.net`. */
type Next = readonly [type: RecordType, name: string];

/**
 * A resolver that asks at once for all that an answer makes others ask for one after another: the terms of an SPF record,
 * and for DMARC the names above one without a record. It adds no question that isn't going to be asked but where an
 * evaluation ends early. Only what was asked of it itself leads on, so that records that lead to each other end.
 * @param resolver asks nothing twice
 */
export function readingAhead(resolver: Resolver): Resolver {
  const done = new Set<string>();
  const askAhead = (question: string, next: () => readonly Next[]) => {
    if (done.has(question)) return;
    done.add(question);
    for (const [type, name] of next()) resolver.resolve(name, type).catch(() => undefined);
  };
  return {
    resolve: async <T extends RecordType>(name: string, type: T): Promise<Answers[T]> => {
      if (type !== "TXT") return resolver.resolve(name, type);
      try {
        const answers = await resolver.resolve(name, type);
        askAhead(name, () => termsIn(answers as Answers["TXT"], name));
        return answers;
      } catch (error) {
        if (name.startsWith(policyLabel)) askAhead(name, () => policiesAbove(name));
        throw error;
      }
    },
  };
}

function termsIn(answers: Answers["TXT"], domain: string): Next[] {
  const records = answers.map((strings) => strings.join("")).filter(isSpfRecord);
  const [record] = records;
  if (record === undefined || records.length > 1) return [];
  return spfTerms(record)
    .flatMap(({ kind, value }): Next[] => {
      const name = normalizeName(value === "" ? domain : value);
      // What a macro stands for is known to the evaluation alone.
      if (name.includes("%")) return [];
      switch (kind) {
        case "include":
        case "redirect":
          return [["TXT", name]];
        case "a":
          return [["A", name]];
        case "mx":
          return [["MX", name]];
        default:
          return [];
      }
    })
    .slice(0, spfLimits.lookups);
}

const policyLabel = "_dmarc.";
/** The longest walk up the tree after the first look-up (RFC 9989 4.10). */
const longestWalk = 7;

function policiesAbove(owner: string): Next[] {
  const labels = owner.slice(policyLabel.length).split(".");
  const above = labels.map((_, index) => labels.slice(index).join(".")).slice(1);
  return above.slice(-longestWalk).map((name) => ["TXT", `${policyLabel}${name}`]);
}
