import { isIPv6 } from "node:net";
import { lookUp, type Resolver } from "./resolver.ts";
import type { SpfEvaluation } from "./spf-evaluation.ts";
import type { SpfView } from "./spf-view.ts";

/** Limits of one evaluation (RFC 7208 4.6.4). */
export const spfLimits = { lookups: 10, voidLookups: 2, exchanges: 10 } as const;

/**
 * The void look-ups of an evaluation, and the limit that it exceeds for the strictest receivers. mailauth leaves the
 * hosts of "mx" and "ptr" without an address out of the count and stops at the first host that matches; pyspf and
 * Mail::SPF count them all, and look all hosts of an "mx" up before they compare.
 */
export async function countVoids(
  evaluation: SpfEvaluation,
  view: SpfView,
  ip: string,
  resolver: Resolver,
): Promise<{ readonly voidLookups: number; readonly excess: string | undefined }> {
  const { terms, mx, ptr } = evaluation.voids;
  const failed = evaluation.result === "permerror" || evaluation.result === "temperror";
  const allowed = spfLimits.voidLookups - terms - ptr;
  const unresolved = failed ? [] : await exchangesWithoutAddress(view, allowed, ip, resolver);
  const voidLookups = terms + ptr + Math.max(mx, unresolved.length);

  const crowd = [...view.exchanges].find(([, hosts]) => hosts.length > spfLimits.exchanges);
  if (crowd !== undefined) {
    const [domain, hosts] = crowd;
    return {
      voidLookups,
      excess: `${domain} has ${hosts.length} mail exchangers, and "mx" may look up ${spfLimits.exchanges}`,
    };
  }
  if (voidLookups <= spfLimits.voidLookups) return { voidLookups, excess: undefined };
  const questions = [...new Set([...view.voids, ...unresolved])].join(", ");
  return {
    voidLookups,
    excess: `${voidLookups} look-ups find nothing (${questions}), and receivers stop at the third`,
  };
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
