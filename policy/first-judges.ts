import type { MailRuleName, Report } from "./rules/mail-rule.ts";

/** What the SDK calls: `validateStack` or `validateResource`. */
export type Validation<Args> = (
  args: Args,
  reportViolation: (message: string, urn?: string) => void,
) => Promise<void>;

/**
 * Lets many policies share one judgement. The SDK calls each policy by itself and unpacks the resources anew for each,
 * which at thousands of resources costs more than judging them. Here the first policy that is called judges for all,
 * and keeps the others' reports; of the others only those that have something to say exist (`validation` is undefined for
 * the rest), and the SDK passes over a policy that has no function before it unpacks anything.
 *
 * The SDK asks in the order of the policies and never for disabled ones, so the first one called is the first one
 * enabled, whichever that is. Calls for different keys may overlap.
 */
export class FirstJudges<Args> {
  readonly #judge: (args: Args) => Promise<readonly Report[]>;
  readonly #keyOf: (args: Args) => string;
  readonly #pending = new Map<MailRuleName, Map<string, Report[]>>();
  #first = Number.POSITIVE_INFINITY;

  /**
   * @param judge judges once for all policies
   * @param keyOf what a call is about: only reports of the judgement with the same key are given out in it
   */
  constructor(judge: (args: Args) => Promise<readonly Report[]>, keyOf: (args: Args) => string) {
    this.#judge = judge;
    this.#keyOf = keyOf;
  }

  /** The function of the policy `rule`, the `position`th of all; undefined while it has nothing to do. */
  validation(rule: MailRuleName, position: number): Validation<Args> | undefined {
    if (position > this.#first && !this.#pending.has(rule)) return undefined;
    return async (args, reportViolation) => {
      const key = this.#keyOf(args);
      if (position <= this.#first) {
        this.#first = position;
        this.#keep(key, await this.#judge(args));
      }
      for (const { message, urn } of this.#take(rule, key)) reportViolation(message, urn);
    };
  }

  #keep(key: string, reports: readonly Report[]): void {
    // What a disabled policy has not fetched is of no use any more.
    for (const rule of this.#pending.keys()) this.#take(rule, key);
    for (const report of reports) {
      const byKey = this.#pending.get(report.rule) ?? new Map<string, Report[]>();
      const kept = byKey.get(key);
      if (kept === undefined) byKey.set(key, [report]);
      else kept.push(report);
      this.#pending.set(report.rule, byKey);
    }
  }

  #take(rule: MailRuleName, key: string): readonly Report[] {
    const byKey = this.#pending.get(rule);
    const reports = byKey?.get(key) ?? [];
    byKey?.delete(key);
    if (byKey?.size === 0) this.#pending.delete(rule);
    return reports;
  }
}
