import { getDomain } from "tldts";
import { lookUp, type Resolver, type Unknown } from "./resolver.ts";
import { readTagList } from "./tag-list.ts";

/** A DMARC record and where it stands. */
export interface FoundDmarcRecord {
  /** The domain whose policy it is; the record stands at `_dmarc.` + domain. */
  readonly domain: string;
  readonly text: string;
}

/** What a receiver finds out about the DMARC policy of a domain. */
export interface DmarcDiscovery {
  /** The record that applies. */
  readonly record: FoundDmarcRecord | undefined;
  /** The Organizational Domain, undefined if it can't be told for a look-up that nobody could answer. */
  readonly organizationalDomain: string | undefined;
  /** Domains that have several DMARC records, none of which counts. */
  readonly ambiguous: readonly string[];
  /** The look-up that nobody could answer. */
  readonly unknown: Unknown | undefined;
}

/** A longer name is shortened to this many labels after the first look-up (RFC 9989 4.10), so a walk is 8 at most. */
const longestWalk = 7;

/**
 * DMARC policy discovery by the tree walk (RFC 9989 4.10.1): the domain's own record, else that of its Organizational
 * Domain, else that of the public suffix above it.
 */
export async function discoverDmarc(domain: string, resolver: Resolver): Promise<DmarcDiscovery> {
  const { found, ambiguous, unknown } = await walk(domain, resolver);
  const organizationalDomain = unknown === undefined ? organizationOf(domain, found) : undefined;
  const at = (name: string | undefined): Step | undefined => found.find((step) => step.domain === name);
  const last = found.at(-1);
  const record =
    at(domain) ?? at(organizationalDomain) ?? (last?.psd === "y" && unknown === undefined ? last : undefined);
  return { record, organizationalDomain, ambiguous, unknown };
}

/** The domain's own record, undefined if it has none or several, or if nobody can say. */
export async function ownDmarcRecord(
  domain: string,
  resolver: Resolver,
): Promise<FoundDmarcRecord | undefined> {
  const step = await recordAt(domain, resolver);
  return step === undefined || step === "ambiguous" || "why" in step ? undefined : step;
}

/**
 * The same as receivers do that still read by RFC 7489 6.6.3: the domain's own record, else that of the domain right
 * below the public suffix of the public suffix list.
 */
export async function discoverDmarcBySuffixList(domain: string, resolver: Resolver): Promise<DmarcDiscovery> {
  const organizationalDomain = getDomain(domain, { allowPrivateDomains: true }) ?? domain;
  const ambiguous: string[] = [];
  for (const name of new Set([domain, organizationalDomain])) {
    const step = await recordAt(name, resolver);
    if (step === "ambiguous") ambiguous.push(name);
    else if (step !== undefined && "why" in step)
      return { record: undefined, organizationalDomain, ambiguous, unknown: step };
    else if (step !== undefined) return { record: step, organizationalDomain, ambiguous, unknown: undefined };
  }
  return { record: undefined, organizationalDomain, ambiguous, unknown: undefined };
}

interface Step extends FoundDmarcRecord {
  /** The value of the psd tag: whether the domain is a public suffix. */
  readonly psd: string | undefined;
}

/** The names from `domain` upwards at which a walk asks: itself, then its parents of at most seven labels. */
function walkedNames(domain: string): string[] {
  const labels = domain.split(".");
  const parents = labels.map((_, index) => labels.slice(index).join(".")).slice(1);
  return [domain, ...parents.slice(-longestWalk)];
}

async function walk(
  domain: string,
  resolver: Resolver,
): Promise<{ found: Step[]; ambiguous: string[]; unknown: Unknown | undefined }> {
  const found: Step[] = [];
  const ambiguous: string[] = [];
  for (const name of walkedNames(domain)) {
    const step = await recordAt(name, resolver);
    if (step === "ambiguous") ambiguous.push(name);
    else if (step !== undefined && "why" in step) return { found, ambiguous, unknown: step };
    else if (step !== undefined) {
      found.push(step);
      if (step.psd === "y" || step.psd === "n") break;
    }
  }
  return { found, ambiguous, unknown: undefined };
}

async function recordAt(
  domain: string,
  resolver: Resolver,
): Promise<Step | Unknown | "ambiguous" | undefined> {
  const lookup = await lookUp(resolver, `_dmarc.${domain}`, "TXT");
  if (lookup.kind === "unknown") return lookup;
  if (lookup.kind === "absent") return undefined;
  const texts = lookup.answers.map((strings) => strings.join("")).filter(isDmarcRecord);
  const [text] = texts;
  // RFC 9989 4.10 steps 2 and 6: several records are discarded altogether.
  if (text === undefined || texts.length > 1) return text === undefined ? undefined : "ambiguous";
  return { domain, text, psd: readTagList(text).tags.get("psd")?.toLowerCase() };
}

/** RFC 9989 4.7: the version stands first and its value is case sensitive. */
function isDmarcRecord(text: string): boolean {
  return /^[vV][ \t]*=[ \t]*DMARC1[ \t]*(;|$)/.test(text);
}

/** RFC 9989 4.10.2, over the records from the longest name to the shortest. */
function organizationOf(domain: string, found: readonly Step[]): string {
  for (const step of found) {
    if (step.psd === "n") return step.domain;
    if (step.psd === "y") {
      // One label more than the public suffix, or the domain itself where it is the suffix.
      const labels = step.domain.split(".").length + 1;
      return domain.split(".").slice(-labels).join(".");
    }
  }
  return found.at(-1)?.domain ?? domain;
}
