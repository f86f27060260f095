import { isIPv6 } from "node:net";
import { normalizeName } from "./host-name.ts";
import { lookUp, type Resolver } from "./resolver.ts";
import type { SpfEvaluation } from "./spf-evaluation.ts";
import { spfTerms } from "./spf-terms.ts";
import type { SpfView } from "./spf-view.ts";

/** Limits of one evaluation (RFC 7208 4.6.4). */
export const spfLimits = { lookups: 10, voidLookups: 2, exchanges: 10 } as const;

/** What the strictest receivers make of an evaluation. */
export interface StrictReading {
  readonly voidLookups: number;
  /** Why it is a permanent error for them, a clause. */
  readonly excess: string | undefined;
}

/**
 * pyspf and Mail::SPF count the hosts of "mx" and "ptr" without an address as void look-ups, and look all hosts of an
 * "mx" up before they compare; mailauth stops at the first that matches and leaves them out of the count. pyspf also
 * refuses a record that includes itself wherever the include stands. Found by comparing on random records.
 */
export async function strictReading(
  evaluation: SpfEvaluation,
  view: SpfView,
  ip: string,
  resolver: Resolver,
): Promise<StrictReading> {
  const { terms, mx, ptr } = evaluation.voids;
  const failed = evaluation.result === "permerror" || evaluation.result === "temperror";
  const allowed = spfLimits.voidLookups - terms - ptr;
  const unresolved = failed ? [] : await exchangesWithoutAddress(view, allowed, ip, resolver);
  const voidLookups = terms + ptr + Math.max(mx, unresolved.length);
  const excess = crowdedExchange(view) ?? selfInclude(view) ?? tooManyVoids(voidLookups, view, unresolved);
  return { voidLookups, excess };
}

function crowdedExchange({ exchanges }: SpfView): string | undefined {
  for (const [domain, hosts] of exchanges) {
    if (hosts.length <= spfLimits.exchanges) continue;
    return `${domain} has ${hosts.length} mail exchangers, and "mx" may look up ${spfLimits.exchanges}`;
  }
  return undefined;
}

function selfInclude({ records }: SpfView): string | undefined {
  for (const [domain, [record = ""]] of records) {
    const itself = spfTerms(record).some(
      ({ kind, value }) => kind === "include" && (normalizeName(value) === domain || value === "%{d}"),
    );
    if (itself) return `the SPF record of ${domain} includes itself`;
  }
  return undefined;
}

function tooManyVoids(
  voidLookups: number,
  { voids }: SpfView,
  unresolved: readonly string[],
): string | undefined {
  if (voidLookups <= spfLimits.voidLookups) return undefined;
  const questions = [...new Set([...voids, ...unresolved])].join(", ");
  return `${voidLookups} look-ups find nothing (${questions}), and receivers stop at the third`;
}

/** The hosts of all "mx" without an address, as questions. Not asked as long as they can't be too many. */
async function exchangesWithoutAddress(
  view: SpfView,
  allowed: number,
  ip: string,
  resolver: Resolver,
): Promise<string[]> {
  const hosts = [...view.exchanges.values()].flatMap((set) => set.slice(0, spfLimits.exchanges));
  if (hosts.length <= allowed) return [];
  const type = isIPv6(ip) ? "AAAA" : "A";
  const lookups = await Promise.all(hosts.map((host) => lookUp(resolver, host, type)));
  return hosts.filter((_, index) => lookups[index]?.kind === "absent").map((host) => `${type} ${host}`);
}
